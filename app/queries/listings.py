"""Reads and locks of listings, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, select

from app.domain import listing as rules
from app.domain.listing import ON_MARKET, Direction, ListingMode, ListingStatus
from app.models.asset import Asset
from app.models.listing import Listing, ListingItem
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Listing]:
    """Listings the caller may see: all on the market, its own, and its district's if it regulates.

    The owner in whose name an agency lists sees the listing once it is submitted.
    """
    return select(Listing).where(
        seen_by(
            actor,
            Listing.district_code,
            Listing.status.in_(ON_MARKET),
            Listing.organisation_id == actor.organisation_id,
            and_(Listing.owner_id == actor.party_id, Listing.status != ListingStatus.draft),
        )
    )


def on_market() -> Select[Listing]:
    """Listings that anybody may see (LST-16)."""
    return select(Listing).where(Listing.status.in_(ON_MARKET))


def matching(
    statement: Select[Listing],
    *,
    status: ListingStatus | None = None,
    mode: ListingMode | None = None,
    direction: Direction | None = None,
    asset_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    disposal: bool | None = None,
) -> Select[Listing]:
    """`statement` narrowed by what is given."""
    given = ((Listing.status, status), (Listing.mode, mode), (Listing.direction, direction))
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    if disposal is not None:
        statement = statement.where(Listing.disposal.is_(disposal))
    if organisation_id is not None:
        statement = statement.where(Listing.organisation_id == organisation_id)
    if asset_id is not None:
        offering = select(ListingItem.listing_id).where(ListingItem.asset_id == asset_id)
        statement = statement.where(Listing.id.in_(offering))
    return statement


async def get(session: AsyncSession, actor: Actor, listing_id: uuid.UUID, *, lock: bool = False) -> Listing:
    """One listing the caller may see, locked and fresh if asked. Raises: `listing.not_found`."""
    statement = visible(actor).where(Listing.id == listing_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    listing = (await session.scalars(statement)).one_or_none()
    if listing is None:
        raise rules.NOT_FOUND.error(listing_id=listing_id)
    return listing


async def lock(session: AsyncSession, listing_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Listing]:
    """Listings that deals came from, locked in the order of their ids and fresh, whoever may see them."""
    if not listing_ids:
        return {}
    statement = select(Listing).where(Listing.id.in_(listing_ids)).order_by(Listing.id)
    statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {listing.id: listing for listing in await session.scalars(statement)}


async def offering(
    session: AsyncSession, asset_ids: Collection[uuid.UUID], owner_ids: Collection[uuid.UUID]
) -> list[uuid.UUID]:
    """The published, reserved and suspended offers of some of the rights in the name of these owners."""
    statement = (
        select(Listing.id)
        .join(ListingItem, ListingItem.listing_id == Listing.id)
        .where(
            ListingItem.asset_id.in_(asset_ids),
            Listing.owner_id.in_(owner_ids),
            Listing.status.in_([*ON_MARKET, ListingStatus.suspended]),
        )
        .distinct()
        .order_by(Listing.id)
    )
    return list(await session.scalars(statement))


async def assets(session: AsyncSession, listing_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Asset]]:
    """The rights that listings offer, in the order in which they were given."""
    found: dict[uuid.UUID, list[Asset]] = {listing_id: [] for listing_id in listing_ids}
    statement = (
        select(ListingItem.listing_id, Asset)
        .join(Asset, Asset.id == ListingItem.asset_id)
        .where(ListingItem.listing_id.in_(listing_ids))
        .order_by(ListingItem.id)
    )
    for listing_id, asset in (await session.execute(statement)).all():
        found[listing_id].append(asset)
    return found


async def asset_ids(session: AsyncSession, listing_id: uuid.UUID) -> list[uuid.UUID]:
    """The rights one listing offers; they never change."""
    statement = (
        select(ListingItem.asset_id).where(ListingItem.listing_id == listing_id).order_by(ListingItem.id)
    )
    return list(await session.scalars(statement))
