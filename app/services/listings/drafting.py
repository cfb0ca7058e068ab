"""Drafting: a right or a need is described, changed while it is a draft, and handed to the operator."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as enforcement_rules, listing as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.listing import Direction, ListingEvent, ListingMode, ListingStatus
from app.domain.money import Money
from app.domain.permission import Role
from app.domain.request import ExpectVersion, asset_twice_faults
from app.models.listing import Listing, ListingItem
from app.queries import (
    assets as asset_queries,
    enforcements as enforcement_queries,
    listings as queries,
    parties as party_queries,
)
from app.queries.serials import next_number
from app.services import events
from app.services.listings.case import require_lister, tell, term_faults, told, traced

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement


@dataclass(frozen=True, slots=True)
class NewListing:
    """A listing as the lister describes it. `price_fen` None: negotiable.

    `trace_id`: the enforcement whose disposal it is; the pledgee lists the owner's rights by law then.
    """

    direction: Direction
    mode: ListingMode
    name: str
    description: str
    expires_on: date
    price_fen: int | None = None
    currency: str = "CNY"
    asset_ids: Sequence[uuid.UUID] = ()
    owner_id: uuid.UUID | None = None
    trace_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed in a draft: None stays; the price changes if `priced`, None: negotiable."""

    mode: ListingMode | None = None
    name: str | None = None
    description: str | None = None
    expires_on: date | None = None
    priced: bool = False
    price: Money | None = None


async def draft(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewListing) -> Listing:
    """Write a draft in the lister's district.

    Raises: `listing.assets_missing`, `.asset_twice`, `.need_with_assets`, `.owner_missing`,
    `.owner_foreign`, `.price_zero` and `.term_passed`, all that apply; `asset.not_found`, `party.not_found`.
    """
    owner_id = new.owner_id or _own_party(actor, new.direction)
    refuse_if(_faults(actor, moment, new, owner_id))
    await asset_queries.require(session, new.asset_ids)
    await party_queries.require(session, {"/owner_id": owner_id})
    event_id = new_id()
    listing = Listing(
        id=new_id(),
        district_code=actor.district_code,
        number=await next_number(session, "listing", actor.district_code, moment.today),
        organisation_id=actor.organisation_id,
        owner_id=owner_id,
        direction=new.direction.value,
        mode=new.mode.value,
        name=new.name,
        description=new.description,
        price_fen=new.price_fen,
        currency=new.currency,
        status=ListingStatus.draft.value,
        published_on=None,
        expires_on=new.expires_on,
        closed_on=None,
        disposal=new.trace_id is not None,
        event_id=event_id,
        recorded_at=moment.now,
        version=1,
    )
    event = told(listing, "drafted", event_id=event_id, more=traced(new.trace_id))
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(listing)
    await session.flush()
    session.add_all(
        ListingItem(
            id=new_id(), district_code=listing.district_code, listing_id=listing.id, asset_id=asset_id
        )
        for asset_id in new.asset_ids
    )
    await session.flush()
    return listing


async def revise(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    listing_id: uuid.UUID,
    changes: Changes,
    expect_version: ExpectVersion,
) -> Listing:
    """Change a draft; its rights stay as they are.

    Raises: `listing.not_found`, `request.version_…`, `listing.not_lister`, `listing.not_draft`;
    `listing.term_passed`, `listing.price_zero`, `enforcement.disposal_fixed`, `enforcement.below_reserve`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    expect_version(listing.version)
    require_lister(actor, listing)
    if listing.status != ListingStatus.draft:
        raise rules.NOT_DRAFT.error(status=listing.status)
    disposal = await enforcement_queries.of_listing(session, listing.id) if listing.disposal else None
    listing.mode = changes.mode.value if changes.mode else listing.mode
    listing.name = changes.name or listing.name
    listing.description = changes.description or listing.description
    listing.expires_on = changes.expires_on or listing.expires_on
    if changes.priced:
        listing.price_fen = changes.price.fen if changes.price else None
        listing.currency = changes.price.currency if changes.price else listing.currency
    refuse_if(
        [
            *term_faults(listing.expires_on, moment, "/expires_on"),
            *_price_faults(listing.price_fen),
            *(_disposal_faults(disposal, listing) if disposal is not None else ()),
        ]
    )
    listing.version += 1
    return await tell(session, actor, moment, listing, "revised")


async def submit(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Hand a draft to the operator. Raises: `listing.not_lister`, `state.illegal_transition`."""
    listing = await queries.get(session, actor, listing_id, lock=True)
    require_lister(actor, listing)
    listing.advance(ListingEvent.submit)
    return await tell(session, actor, moment, listing, "submitted")


def _disposal_faults(disposal: Enforcement, listing: Listing) -> list[Violation]:
    """What a sale of pledged rights may not become: another mode, or cheaper than its reserve."""
    found = list(enforcement_rules.reserve_faults(listing.price_fen, disposal.reserve_fen, "/price/amount"))
    if listing.mode != ListingMode.transfer:
        found.append(enforcement_rules.DISPOSAL_FIXED.violation("/mode"))
    return found


def _own_party(actor: Actor, direction: Direction) -> uuid.UUID | None:
    """An enterprise that names nobody offers its own rights."""
    return actor.party_id if direction is Direction.offer and _in_own_name(actor) else None


def _in_own_name(actor: Actor) -> bool:
    """Whether the caller lists for nobody but itself; agencies and operators list for owners."""
    return not actor.roles & {Role.agency, Role.operator}


def _faults(actor: Actor, moment: Moment, new: NewListing, owner_id: uuid.UUID | None) -> list[Violation]:
    found = [*term_faults(new.expires_on, moment, "/expires_on"), *_price_faults(new.price_fen)]
    found += asset_twice_faults(rules.ASSET_TWICE, new.asset_ids)
    if new.direction is Direction.need:
        if new.asset_ids:
            found.append(rules.NEED_WITH_ASSETS.violation("/asset_ids"))
    else:
        if not new.asset_ids:
            found.append(rules.ASSETS_MISSING.violation("/asset_ids"))
        if owner_id is None:
            found.append(rules.OWNER_MISSING.violation("/owner_id"))
    by_law = new.trace_id is not None
    if owner_id is not None and owner_id != actor.party_id and _in_own_name(actor) and not by_law:
        found.append(rules.OWNER_FOREIGN.violation("/owner_id"))
    return found


def _price_faults(price_fen: int | None) -> list[Violation]:
    return [rules.PRICE_ZERO.violation("/price/amount")] if price_fen == 0 else []
