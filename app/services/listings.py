"""Listings: posting rights or needs, review by the operator, and leaving the market (LST-01)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import hold as hold_rules, listing as rules
from app.domain.asset import ENDED, AssetStatus
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.hold import HoldKind
from app.domain.identifiers import business_number, new_id
from app.domain.listing import EXPIRING, Direction, ListingEvent, ListingMode, ListingStatus
from app.domain.money import Money
from app.domain.permission import Role
from app.domain.request import ExpectVersion
from app.models.listing import Listing, ListingItem
from app.queries import assets as asset_queries, listings as queries, parties as party_queries
from app.queries.driver import driver
from app.queries.serials import next_serial
from app.services import events, holds
from app.services.holds import NewHold

if TYPE_CHECKING:
    from asyncpg import Record
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.assets import Right


@dataclass(frozen=True, slots=True)
class NewListing:
    """A listing as the lister describes it. `price_fen` None: negotiable."""

    direction: Direction
    mode: ListingMode
    name: str
    description: str
    expires_on: date
    price_fen: int | None = None
    currency: str = "CNY"
    asset_ids: Sequence[uuid.UUID] = ()
    owner_id: uuid.UUID | None = None


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
    serial = await next_serial(session, "listing")
    event_id = new_id()
    listing = Listing(
        id=new_id(),
        district_code=actor.district_code,
        number=business_number("LI", actor.district_code, moment.today.year, serial),
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
        event_id=event_id,
        recorded_at=moment.now,
        version=1,
    )
    event = told(listing, "drafted", event_id=event_id)
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
    `listing.term_passed`, `listing.price_zero`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    expect_version(listing.version)
    _require_lister(actor, listing)
    if listing.status != ListingStatus.draft:
        raise rules.NOT_DRAFT.error(status=listing.status)
    listing.mode = changes.mode.value if changes.mode else listing.mode
    listing.name = changes.name or listing.name
    listing.description = changes.description or listing.description
    listing.expires_on = changes.expires_on or listing.expires_on
    if changes.priced:
        listing.price_fen = changes.price.fen if changes.price else None
        listing.currency = changes.price.currency if changes.price else listing.currency
    refuse_if([*_term_faults(listing.expires_on, moment, "/expires_on"), *_price_faults(listing.price_fen)])
    listing.version += 1
    await events.record(session, actor=actor, moment=moment, events=[told(listing, "revised")])
    await session.flush()
    return listing


async def submit(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Hand a draft to the operator. Raises: `listing.not_lister`, `state.illegal_transition`."""
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_lister(actor, listing)
    listing.advance(ListingEvent.submit)
    return await _told(session, actor, moment, listing, "submitted")


async def return_(
    session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID, reason: str
) -> Listing:
    """Send a submitted listing back with a reason.

    Raises: `listing.same_organisation`, `state.illegal_transition`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_checker(actor, listing)
    listing.advance(ListingEvent.return_)
    return await _told(session, actor, moment, listing, "returned", reason=reason)


async def approve(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Publish a submitted listing, judged under the locks of its rights; count it in its district.

    A transfer listing takes the right's one transfer offer. Raises, with every objection at once:
    `listing.not_owner`, `.right_ended`, `.right_in_grace`, `.right_stayed`, `.term_passed`,
    `hold.transfer_already_offered`; before that `listing.same_organisation` and
    `state.illegal_transition`.
    """
    await queries.get(session, actor, listing_id)
    asset_ids = await queries.asset_ids(session, listing_id)
    rights = await asset_queries.lock_rights(session, asset_ids)
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_checker(actor, listing)
    listing.advance(ListingEvent.approve)
    refuse_if(_objections(listing, rights, moment.today) + _term_faults(listing.expires_on, moment))
    listing.published_on = moment.today
    event = told(
        listing,
        "published",
        public=True,
        facts=[
            events.NewFact(
                measure=Measure.listing_count,
                district_code=listing.district_code,
                role=FactRole.internal,
                value=1,
                occurred_on=moment.today,
                source_noun="listing",
                source_id=listing.id,
                dimensions={"direction": listing.direction, "mode": listing.mode},
            )
        ],
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    if listing.mode == ListingMode.transfer and asset_ids:
        await holds.place(
            session,
            moment=moment,
            holds=[
                NewHold(asset_id, HoldKind.transfer_offer, "listing", listing.id, event.id, moment.today)
                for asset_id in asset_ids
            ],
        )
    await session.flush()
    return listing


async def withdraw(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Take a listing that is not reserved off the market.

    Raises: `listing.not_lister`, `state.illegal_transition`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_lister(actor, listing)
    return await _leave(session, actor, moment, listing, ListingEvent.withdraw)


async def close(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Close a listing that has served its purpose.

    Raises: `listing.not_lister`, `state.illegal_transition`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_lister(actor, listing)
    return await close_locked(session, actor=actor, moment=moment, listing=listing)


async def close_locked(session: AsyncSession, *, actor: Actor, moment: Moment, listing: Listing) -> Listing:
    """Close a listing the caller has locked, e.g. since an exclusive licence came of it."""
    return await _leave(session, actor, moment, listing, ListingEvent.close)


async def reserve_locked(session: AsyncSession, *, actor: Actor, moment: Moment, listing: Listing) -> Listing:
    """Reserve a locked listing for the parties who agreed on a deal."""
    listing.advance(ListingEvent.reserve)
    return await _told(session, actor, moment, listing, "reserved")


_EXPIRE = """
WITH due AS (
  SELECT id FROM listings WHERE status = ANY($2::text[]) AND expires_on < $1
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE listings l SET status = 'expired', closed_on = $1, version = version + 1
FROM due WHERE l.id = due.id
RETURNING l.id, l.number, l.district_code, l.organisation_id, l.status
"""
_RELEASE = """
UPDATE listings l SET status = 'published', version = version + 1
WHERE id = ANY($1::uuid[]) AND status = 'reserved' AND NOT EXISTS (
  SELECT 1 FROM deals d JOIN holds h ON h.source_noun = 'deal' AND h.source_id = d.id
  WHERE d.listing_id = l.id AND h.kind = 'reservation' AND h.ended_at IS NULL)
RETURNING id, number, district_code, organisation_id, status
"""


async def expire_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Expire the listings whose last day is over and free their rights; how many expired.

    Doing it again changes nothing.
    """
    connection = await driver(session)
    rows = await connection.fetch(_EXPIRE, moment.today, [state.value for state in EXPIRING])
    if rows:
        await events.record(session, actor=actor, moment=moment, events=_all_told(rows, "expired"))
        await _free(session, moment, [row["id"] for row in rows], "expired")
    return len(rows)


async def release_all(
    session: AsyncSession, *, actor: Actor, moment: Moment, listing_ids: Collection[uuid.UUID]
) -> None:
    """Put reserved listings back on the market, but for those whose rights a deal still reserves."""
    connection = await driver(session)
    rows = await connection.fetch(_RELEASE, list(listing_ids))
    if rows:
        await events.record(session, actor=actor, moment=moment, events=_all_told(rows, "released"))


def _all_told(rows: Iterable[Record], what: str) -> list[events.NewEvent]:
    return [
        events.NewEvent(
            type=f"listing.{what}",
            noun="listing",
            subject_id=row["id"],
            stream=row["district_code"],
            audience=[row["organisation_id"]],
            public=True,
            payload={"number": row["number"], "status": row["status"]},
        )
        for row in rows
    ]


def told(
    listing: Listing,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    public: bool = False,
    facts: Sequence[events.NewFact] = (),
    more: Mapping[str, str] = MappingProxyType({}),
) -> events.NewEvent:
    """The event `listing.{what}`, for the lister and the district."""
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"listing.{what}",
        noun="listing",
        subject_id=listing.id,
        stream=listing.district_code,
        audience=[listing.organisation_id],
        public=public,
        payload={"number": listing.number, "status": listing.status, **more},
        facts=facts,
    )


async def _told(
    session: AsyncSession, actor: Actor, moment: Moment, listing: Listing, what: str, **more: str
) -> Listing:
    public = listing.published_on is not None
    event = told(listing, what, public=public, more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return listing


async def _leave(
    session: AsyncSession, actor: Actor, moment: Moment, listing: Listing, event: ListingEvent
) -> Listing:
    listing.advance(event)
    what = listing.status
    listing.closed_on = moment.today
    await _told(session, actor, moment, listing, what)
    await _free(session, moment, [listing.id], what)
    return listing


async def _free(
    session: AsyncSession, moment: Moment, listing_ids: Collection[uuid.UUID], reason: str
) -> None:
    await holds.end(session, moment=moment, source_noun="listing", source_ids=listing_ids, reason=reason)


def _own_party(actor: Actor, direction: Direction) -> uuid.UUID | None:
    """An enterprise that names nobody offers its own rights."""
    return actor.party_id if direction is Direction.offer and _in_own_name(actor) else None


def _in_own_name(actor: Actor) -> bool:
    """Whether the caller lists for nobody but itself; agencies and operators list for owners."""
    return not actor.roles & {Role.agency, Role.operator}


def _faults(actor: Actor, moment: Moment, new: NewListing, owner_id: uuid.UUID | None) -> list[Violation]:
    found = [*_term_faults(new.expires_on, moment, "/expires_on"), *_price_faults(new.price_fen)]
    if len(set(new.asset_ids)) < len(new.asset_ids):
        found.append(rules.ASSET_TWICE.violation("/asset_ids"))
    if new.direction is Direction.need:
        if new.asset_ids:
            found.append(rules.NEED_WITH_ASSETS.violation("/asset_ids"))
    else:
        if not new.asset_ids:
            found.append(rules.ASSETS_MISSING.violation("/asset_ids"))
        if owner_id is None:
            found.append(rules.OWNER_MISSING.violation("/owner_id"))
    if owner_id is not None and owner_id != actor.party_id and _in_own_name(actor):
        found.append(rules.OWNER_FOREIGN.violation("/owner_id"))
    return found


def _term_faults(expires_on: date, moment: Moment, pointer: str | None = None) -> list[Violation]:
    if expires_on >= moment.today:
        return []
    return [rules.TERM_PASSED.violation(pointer, expires_on=expires_on, today=moment.today)]


def _price_faults(price_fen: int | None) -> list[Violation]:
    return [rules.PRICE_ZERO.violation("/price/amount")] if price_fen == 0 else []


def _objections(listing: Listing, rights: Sequence[Right], today: date) -> list[Violation]:
    """What speaks against publishing, right by right (domain LS table, LS-14)."""
    found: list[Violation] = []
    for position, right in enumerate(rights):
        pointer, number = f"/asset_ids/{position}", right.asset.number
        status = AssetStatus(right.asset.status)
        if listing.owner_id not in right.owner_ids:
            found.append(rules.NOT_OWNER.violation(pointer, number=number))
        if status in ENDED:
            found.append(rules.RIGHT_ENDED.violation(pointer, number=number))
        if status is AssetStatus.grace:
            found.append(rules.RIGHT_IN_GRACE.violation(pointer, number=number))
        if right.stayed(today):
            found.append(rules.RIGHT_STAYED.violation(pointer, number=number))
        if listing.mode == ListingMode.transfer and right.held(HoldKind.transfer_offer):
            found.append(hold_rules.TRANSFER_OFFERED.violation(pointer, number=number))
    return found


def _require_lister(actor: Actor, listing: Listing) -> None:
    if listing.organisation_id != actor.organisation_id:
        raise rules.NOT_LISTER.error()


def _require_checker(actor: Actor, listing: Listing) -> None:
    """Maker and checker are two organisations, and nobody reviews its own rights (RB-02, RB-03)."""
    if listing.organisation_id == actor.organisation_id or listing.owner_id == actor.party_id:
        raise rules.SAME_ORGANISATION.error()
