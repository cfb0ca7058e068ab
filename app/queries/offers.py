"""Reads and locks of offers, and who may see them: the two sides and the district, nobody else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select

from app.domain import offer as rules
from app.domain.offer import OfferStatus
from app.models.listing import Listing
from app.models.offer import Offer, OfferRound
from app.models.organisation import Organisation
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Offer]:
    """Offers the caller made or that are made for it, offers on its listings or rights, and its district's.

    Other bidders see nothing: what is bid is between the two sides.
    """
    offered = select(Listing.id).where(
        or_(Listing.organisation_id == actor.organisation_id, Listing.owner_id == actor.party_id)
    )
    return select(Offer).where(
        seen_by(
            actor,
            Offer.district_code,
            Offer.organisation_id == actor.organisation_id,
            Offer.buyer_id == actor.party_id,
            Offer.listing_id.in_(offered),
        )
    )


def matching(
    statement: Select[Offer],
    *,
    status: OfferStatus | None = None,
    listing_id: uuid.UUID | None = None,
    buyer_id: uuid.UUID | None = None,
) -> Select[Offer]:
    """`statement` narrowed by what is given."""
    given = ((Offer.status, status), (Offer.listing_id, listing_id), (Offer.buyer_id, buyer_id))
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, actor: Actor, offer_id: uuid.UUID, *, lock: bool = False) -> Offer:
    """One offer the caller may see, locked and fresh if asked. Raises: `offer.not_found`."""
    statement = visible(actor).where(Offer.id == offer_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    offer = (await session.scalars(statement)).one_or_none()
    if offer is None:
        raise rules.NOT_FOUND.error(offer_id=offer_id)
    return offer


async def hold_listing(session: AsyncSession, listing_id: uuid.UUID) -> Listing:
    """The listing of an offer, fresh, and kept as it is until the transaction ends.

    Offers on one listing do not wait for one another; whoever changes the listing waits for them.
    """
    statement = select(Listing).where(Listing.id == listing_id).with_for_update(read=True)
    return (await session.scalars(statement, execution_options={"populate_existing": True})).one()


async def rounds(
    session: AsyncSession, offer_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[OfferRound]]:
    """The rounds of offers, the first one first."""
    found: dict[uuid.UUID, list[OfferRound]] = {offer_id: [] for offer_id in offer_ids}
    statement = select(OfferRound).where(OfferRound.offer_id.in_(offer_ids))
    for each in await session.scalars(statement.order_by(OfferRound.offer_id, OfferRound.round)):
        found[each.offer_id].append(each)
    return found


async def organisations_of(session: AsyncSession, party_id: uuid.UUID | None) -> set[uuid.UUID]:
    """The organisation of a party, if it uses the system."""
    return set(await session.scalars(select(Organisation.id).where(Organisation.party_id == party_id)))
