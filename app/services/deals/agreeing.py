"""Agreeing on a deal, and the reservations that come of it and lapse (DEA-03)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.deal import EXCLUSIVE, DealEvent, DealKind
from app.domain.errors import refuse_if
from app.domain.hold import RESERVATION_DAYS, HoldKind
from app.domain.listing import ListingEvent
from app.domain.mandate import MandatePower
from app.queries import (
    assets as asset_queries,
    deals as queries,
    enforcements,
    holds as hold_queries,
    listings as listing_queries,
)
from app.services import events, holds, licensing, listings
from app.services.deals import objections
from app.services.deals.case import (
    Case,
    listed_by_drafter,
    listing_ids,
    lock_listing,
    lock_own,
    mandate_faults,
    permits,
    tell,
    told,
)
from app.services.holds import NewHold

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal


TO_AGREE = (MandatePower.negotiate, MandatePower.sign)
"""The powers of a mandate under which an agency agrees for the owner; its own listing serves as well."""


def reserves(deal: Deal) -> bool:
    """Whether agreeing on the deal keeps its rights from everybody else: transfers, exclusive licences."""
    return deal.kind == DealKind.transfer or licensing.type_of(deal) in EXCLUSIVE


async def agree(session: AsyncSession, *, actor: Actor, moment: Moment, deal_id: uuid.UUID) -> Deal:
    """Record that both sides agreed. A transfer or an exclusive or sole licence reserves rights and listing.

    The reservation lasts 30 days (DEA-03). Raises: `deal.not_drafter`, `state.illegal_transition`;
    then all that apply: `deal.mandate_missing`, `.licensor_not_owner`, `.transferor_not_owner`,
    `.right_not_in_force`, `.right_ended`, `.right_stayed`, `.term_exceeds_right`,
    `hold.already_reserved`.
    """
    case = await take_free(session, actor, moment, deal_id)
    deal = case.deal
    deal.advance(DealEvent.agree)
    unauthorised = (
        []
        if await listed_by_drafter(session, case)
        else await mandate_faults(session, actor, case, powers=TO_AGREE, today=moment.today)
    )
    refuse_if(
        [
            *unauthorised,
            *objections.to_agreement(deal, case.rights, today=moment.today, by_court=case.by_court),
        ]
    )
    event = await tell(session, actor, moment, deal, "agreed")
    if reserves(deal):
        await reserve(session, actor, moment, case, event.id, days=RESERVATION_DAYS)
    await session.flush()
    return deal


async def take_free(session: AsyncSession, actor: Actor, moment: Moment, deal_id: uuid.UUID) -> Case:
    """Lock the drafter's deal with its rights and its listing, lapsed reservations of others ended.

    Only a deal that will reserve its rights ends what has lapsed. Raises: `deal.not_found`,
    `deal.not_drafter`.
    """
    deal = await queries.get(session, actor, deal_id)
    asset_ids = (await queries.asset_ids(session, [deal_id]))[deal_id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    lapsed = await queries.lapsed(session, moment.today, asset_ids) if reserves(deal) else []
    await listing_queries.lock(session, listing_ids([deal, *lapsed]))
    await _release(session, actor, moment, lapsed, asset_ids if reserves(deal) else [])
    listing = await lock_listing(session, deal)  # fresh: it may just have been released
    disposal = await enforcements.of_listing(session, deal.listing_id)
    return Case(await lock_own(session, actor, deal_id), rights, listing, disposal)


async def reserve(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    case: Case,
    event_id: uuid.UUID,
    *,
    days: int | None,
) -> None:
    """Reserve the rights for so many days, None: until the deal lets them go, and the listing with them."""
    period = None if days is None else (moment.today, moment.today + timedelta(days=days - 1))
    await holds.place(
        session,
        moment=moment,
        holds=[
            NewHold(
                asset_id, HoldKind.reservation, "deal", case.deal.id, event_id, moment.today, period=period
            )
            for asset_id in case.asset_ids
        ],
    )
    if case.listing is not None and permits(case.listing, ListingEvent.reserve):
        await listings.reserve_locked(session, actor=actor, moment=moment, listing=case.listing)


async def release_due(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
) -> int:
    """End the reservations whose time is over, their listings being open again; how many deals lost one.

    Doing it again changes nothing.
    """
    asset_ids = await hold_queries.lapsed_assets(session, moment.today)
    if not asset_ids:
        return 0
    await asset_queries.lock(session, asset_ids)
    lapsed = await queries.lapsed(session, moment.today, asset_ids)  # asked again, under the locks
    await listing_queries.lock(session, listing_ids(lapsed))
    await _release(session, actor, moment, lapsed, asset_ids)
    return len(lapsed)


async def _release(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    lapsed: Sequence[Deal],
    asset_ids: Collection[uuid.UUID],
) -> None:
    """End the lapsed reservations on rights; rights and the listings of the deals are locked."""
    await holds.end_lapsed_reservations(session, moment=moment, asset_ids=asset_ids)
    if not lapsed:
        return
    happened = [await told(session, deal, "reservation_lapsed") for deal in lapsed]
    await events.record(session, actor=actor, moment=moment, events=happened)
    await listings.release_all(session, actor=actor, moment=moment, listing_ids=listing_ids(lapsed))
