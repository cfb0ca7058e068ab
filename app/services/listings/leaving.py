"""Leaving the market: withdrawn, closed, expired or reserved for a deal, and coming back from that."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from app.domain.hold import HoldKind
from app.domain.listing import EXPIRING, ListingEvent, ListingStatus
from app.models.listing import Listing
from app.queries import listings as queries
from app.queries.driver import driver
from app.services import events, holds
from app.services.listings.case import require_lister, tell

if TYPE_CHECKING:
    from asyncpg import Record
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def withdraw(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Take a listing that is not reserved off the market.

    Raises: `listing.not_lister`, `state.illegal_transition`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    require_lister(actor, listing)
    return await _leave(session, actor, moment, listing, ListingEvent.withdraw)


async def close(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Close a listing that has served its purpose.

    Raises: `listing.not_lister`, `state.illegal_transition`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    require_lister(actor, listing)
    return await close_locked(session, actor=actor, moment=moment, listing=listing)


async def withdraw_locked(
    session: AsyncSession, *, actor: Actor, moment: Moment, listing: Listing
) -> Listing:
    """Take a listing the caller has locked off the market, e.g. since its rights are sold otherwise."""
    return await _leave(session, actor, moment, listing, ListingEvent.withdraw)


async def close_locked(session: AsyncSession, *, actor: Actor, moment: Moment, listing: Listing) -> Listing:
    """Close a listing the caller has locked, e.g. since an exclusive licence came of it."""
    return await _leave(session, actor, moment, listing, ListingEvent.close)


async def rights_passed(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    listings: Iterable[Listing],
    asset_ids: Collection[uuid.UUID],
) -> None:
    """Take rights that have another owner off the locked listings of their former owners.

    A published listing closes; one that a deal reserves stays until the deal ends, but offers the rights
    to no further transfer.
    """
    offers = list(listings)
    for listing in offers:
        if listing.status == ListingStatus.published:
            await close_locked(session, actor=actor, moment=moment, listing=listing)
    await holds.end(
        session,
        moment=moment,
        source_noun="listing",
        source_ids=[listing.id for listing in offers],
        reason="title_passed",
        kinds=[HoldKind.transfer_offer],
        asset_ids=asset_ids,
    )


async def reserve_locked(session: AsyncSession, *, actor: Actor, moment: Moment, listing: Listing) -> Listing:
    """Reserve a locked listing for the parties who agreed on a deal."""
    listing.advance(ListingEvent.reserve)
    return await tell(session, actor, moment, listing, "reserved")


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


async def _leave(
    session: AsyncSession, actor: Actor, moment: Moment, listing: Listing, event: ListingEvent
) -> Listing:
    listing.advance(event)
    what = listing.status
    listing.closed_on = moment.today
    await tell(session, actor, moment, listing, what)
    await _free(session, moment, [listing.id], what)
    return listing


async def _free(
    session: AsyncSession, moment: Moment, listing_ids: Collection[uuid.UUID], reason: str
) -> None:
    await holds.end(session, moment=moment, source_noun="listing", source_ids=listing_ids, reason=reason)
