"""Opening an enforcement on default or on a court's ruling, and giving it up."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as rules, pledge as pledge_rules
from app.domain.enforcement import EnforcementEvent, EnforcementMode, EnforcementStatus
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.listing import LISTING, ListingEvent, ListingStatus
from app.domain.loan import LoanStatus
from app.domain.money import Money
from app.domain.pledge import PledgeStatus
from app.domain.request import asset_twice_faults, date_faults
from app.models.enforcement import Enforcement, EnforcementItem
from app.queries import (
    assets as asset_queries,
    documents as document_queries,
    enforcements as queries,
    listings as listing_queries,
    loans as loan_queries,
    pledge_classifications,
    pledges as pledge_queries,
)
from app.queries.serials import next_number
from app.services import listings, loans
from app.services.enforcements.case import defaulted, require_bank, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pledge import Pledge, PledgeItem


@dataclass(frozen=True, slots=True)
class NewEnforcement:
    """An enforcement as the bank opens it. `asset_ids` None: all rights that are pledged.

    `document_id`: the evidence of the default, a court's ruling, or the pledgor's consent, by the mode.
    """

    mode: EnforcementMode
    opened_on: date
    reason: str
    asset_ids: Sequence[uuid.UUID] | None = None
    reserve: Money | None = None
    document_id: uuid.UUID | None = None


async def open_(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewEnforcement
) -> Enforcement:
    """Open the enforcement of a registered pledge; pledgor, borrower and the pool's manager are told.

    A ground is the default of the loan, or a court's ruling (民法典第436条, PL-23). Raises:
    `pledge.not_found`, `pledge.not_yours`, `enforcement.not_yours`, `document.not_found`; then all that
    apply: `enforcement.pledge_not_registered`, `.already_open`, `.not_overdue`, `.document_missing`,
    `.right_not_pledged`, `.senior_lien`, `.currency_unsupported`, `pledge.item_not_found`,
    `pledge.asset_twice`, `request.date_in_future`, `request.date_too_early`.
    """
    pledge, items = await pledge_queries.lock(session, actor, pledge_id)
    if not pledge_classifications.is_bank(actor, pledge):
        raise rules.NOT_YOURS.error()
    await document_queries.require(session, actor, new.document_id)
    chosen, found = _chosen(items, new.asset_ids)
    refuse_if(
        [
            *_faults(new, pledge, moment),
            *await _ground_faults(session, new, pledge),
            *found,
            *await _right_faults(session, pledge, chosen),
        ]
    )
    made = Enforcement(
        id=new_id(),
        district_code=pledge.district_code,
        number=await next_number(session, "enforcement", pledge.district_code, moment.today),
        pledge_id=pledge.id,
        organisation_id=actor.organisation_id,
        mode=new.mode.value,
        opened_on=new.opened_on,
        reserve_fen=new.reserve.fen if new.reserve is not None else None,
        currency=pledge.currency,
        document_id=new.document_id,
        listing_id=None,
        deal_id=None,
        price_fen=None,
        sold_on=None,
        reason=new.reason,
        status=EnforcementStatus.opened.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    asset_ids = [item.asset_id for item in chosen]
    await tell(
        session,
        actor,
        moment,
        made,
        pledge,
        what="opened",
        event_id=made.event_id,
        occurred_on=new.opened_on,
        asset_ids=asset_ids,
        reason=new.reason,
        document_id=new.document_id,
    )
    session.add(made)
    await session.flush()
    session.add_all(
        EnforcementItem(
            id=new_id(), district_code=made.district_code, enforcement_id=made.id, asset_id=asset_id
        )
        for asset_id in asset_ids
    )
    await session.flush()
    loan = await loan_queries.fresh(session, pledge.id)
    if loan is not None and loan.status == LoanStatus.overdue:
        await loans.enforce(session, actor=actor, moment=moment, pledge_id=pledge.id)
    return made


def _chosen(
    items: Sequence[PledgeItem], asset_ids: Sequence[uuid.UUID] | None
) -> tuple[list[PledgeItem], list[Violation]]:
    """The items that are to be sold, and what is wrong with naming them."""
    if asset_ids is None:
        return [item for item in items if item.status == PledgeStatus.registered], []
    by_asset = {item.asset_id: item for item in items}
    found = [
        pledge_rules.ITEM_NOT_FOUND.violation(f"/asset_ids/{position}")
        for position, asset_id in enumerate(asset_ids)
        if asset_id not in by_asset
    ]
    found += asset_twice_faults(pledge_rules.ITEM_TWICE, asset_ids)
    return [by_asset[asset_id] for asset_id in asset_ids if asset_id in by_asset], found


def _faults(new: NewEnforcement, pledge: Pledge, moment: Moment) -> list[Violation]:
    found: list[Violation] = []
    if pledge.status != PledgeStatus.registered:
        found.append(rules.PLEDGE_NOT_REGISTERED.violation(status=pledge.status))
    found += date_faults("/opened_on", new.opened_on, today=moment.today, first=pledge.registered_on)
    if new.reserve is not None and new.reserve.currency != pledge.currency:
        found.append(rules.CURRENCY_UNSUPPORTED.violation("/reserve/currency", currency=pledge.currency))
    found += rules.document_faults(new.mode, documented=new.document_id is not None)
    return found


async def _ground_faults(session: AsyncSession, new: NewEnforcement, pledge: Pledge) -> list[Violation]:
    found: list[Violation] = []
    if await queries.open_of(session, pledge.id) is not None:
        found.append(rules.ALREADY_OPEN.violation())
    if new.mode is not EnforcementMode.court and not await defaulted(session, pledge):
        found.append(rules.NOT_OVERDUE.violation())
    return found


async def _right_faults(
    session: AsyncSession, pledge: Pledge, chosen: Sequence[PledgeItem]
) -> list[Violation]:
    """Each right is effectively pledged, and no lien of a better rank is on it."""
    asset_ids = [item.asset_id for item in chosen]
    numbers = await queries.numbers(session, asset_ids)
    ranks = {item.asset_id: item.rank for item in chosen}
    senior = {
        hold.asset_id
        for hold in await queries.other_liens(session, asset_ids, pledge.id)
        if hold.rank < ranks[hold.asset_id]
    }
    found: list[Violation] = []
    for position, item in enumerate(chosen):
        pointer, number = f"/asset_ids/{position}", numbers[item.asset_id]
        if item.status != PledgeStatus.registered:
            found.append(rules.RIGHT_NOT_PLEDGED.violation(pointer, number=number))
        if item.asset_id in senior:
            found.append(rules.SENIOR_LIEN.violation(pointer, number=number))
    return found


async def abandon(
    session: AsyncSession, *, actor: Actor, moment: Moment, enforcement_id: uuid.UUID, reason: str
) -> Enforcement:
    """Give an enforcement up, e.g. since the debt was paid: its offer leaves the market, the lien stays.

    Raises: `enforcement.not_found`, `.not_yours`, `state.illegal_transition`, `.deal_under_way`.
    """
    seen = await queries.get(session, actor, enforcement_id)
    require_bank(actor, seen)
    asset_ids = (await queries.asset_ids(session, [seen.id]))[seen.id]
    await asset_queries.lock(session, asset_ids)
    listing_id = (await queries.fresh(session, seen.id)).listing_id
    locked = await listing_queries.lock(session, {listing_id} if listing_id else set())
    pledge = (await queries.lock_pledges(session, [seen.pledge_id]))[seen.pledge_id]
    enforcement = await queries.lock(session, enforcement_id)
    enforcement.advance(EnforcementEvent.abandon)
    for listing in locked.values():
        deal = await queries.deal_under_way(session, listing.id)
        if deal is not None:
            raise rules.DEAL_SIGNED.error(deal=deal.number)
    enforcement.reason = reason
    await tell(session, actor, moment, enforcement, pledge, what="abandoned", reason=reason)
    for listing in locked.values():
        if ListingEvent.withdraw in LISTING.allowed(ListingStatus(listing.status)):
            await listings.withdraw_locked(session, actor=actor, moment=moment, listing=listing)
    await session.flush()
    await loans.resume(session, actor=actor, moment=moment, pledge_id=pledge.id)
    return enforcement
