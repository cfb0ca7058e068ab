"""What ends a registration: cancelled (注销), revoked as void from the beginning (撤销), or lapsed (失效)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pledge as rules
from app.domain.enforcement import RIGHT_ENFORCED
from app.domain.errors import refuse_if
from app.domain.filing import FilingAction, FilingEvent
from app.domain.money import format_amount
from app.domain.pledge import DeregistrationReason, PledgeEvent, PledgeStatus
from app.domain.pledge_life import LIVE, UNDECIDED
from app.domain.request import date_faults
from app.models.pledge import Pledge, PledgeItem
from app.queries import (
    claims as claim_queries,
    documents as document_queries,
    enforcements as enforcement_queries,
    loans as loan_queries,
    pledges as queries,
)
from app.services import filings
from app.services.pledges import figures
from app.services.pledges.outcome import Ending, chosen, let_go, release_cover

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.errors import Violation
    from app.domain.permission import Actor

_REGISTERED = frozenset({PledgeStatus.registered})


async def deregister(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: DeregistrationReason,
    deregistered_on: date,
    document_id: uuid.UUID | None = None,
) -> Pledge:
    """Record the cancellation of all registrations (PL-10): liens end, the commitment is released.

    `document_id`: the proof or the undertaking it rests on. Not while a claim on the loan is open: it
    stands on the pledge and its cover (RP-04); nor as paid while principal is outstanding by the loan's book.

    Raises: `pledge.not_found`, `pledge.not_yours`, `document.not_found`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`, `pledge.claimed`, `pledge.loan_outstanding`,
    `enforcement.right_enforced`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    await document_queries.require(session, actor, document_id)
    registered = [item for item in items if item.status == PledgeStatus.registered]
    found = date_faults(
        "/deregistered_on", deregistered_on, today=moment.today, first=_registered_on(registered)
    )
    found += await _unpaid(session, pledge, reason)
    claim = await claim_queries.unsettled(session, pledge.id)
    if claim is not None:
        found.append(rules.CLAIMED.violation(claim=claim.number))
    if await enforcement_queries.open_of(session, pledge.id) is not None:
        found.append(RIGHT_ENFORCED.violation())
    refuse_if(found)
    pledge.advance(PledgeEvent.deregister)
    for item in registered:
        item.advance(PledgeEvent.deregister)
        item.ended_on = deregistered_on
    incoming = _close(pledge, items, deregistered_on)
    ending = Ending("pledge.deregistered", reason.value, deregistered_on, registered, incoming)
    event = await let_go(
        session, actor, moment, pledge, ending, document_id=str(document_id) if document_id else None
    )
    await _cancelled(session, actor, moment, pledge, filings.Verdict(FilingEvent.register, deregistered_on))
    await release_cover(session, actor, moment, pledge, event_id=event.id, on=deregistered_on)
    return pledge


async def _unpaid(session: AsyncSession, pledge: Pledge, reason: DeregistrationReason) -> list[Violation]:
    outstanding = await loan_queries.outstanding(session, pledge.id)
    if reason is not DeregistrationReason.debt_paid or not outstanding:
        return []
    return [rules.LOAN_OUTSTANDING.violation("/reason", outstanding=format_amount(outstanding))]


async def revoke(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: str,
    revoked_on: date,
    asset_ids: Collection[uuid.UUID] | None = None,
    grounds: Sequence[str] = (),
) -> Pledge:
    """Record that the office revoked registrations: a ground had existed, they are void from the beginning.

    The rights were never tied up, as far as is known from now on. Their registrations are taken back from
    the statistics on their own days; the financing keeps its count and its mixed flag as of the counting
    date and is listed among the exceptions (PL-28). What money waited for is gone: the loan is unsecured,
    its cover in doubt (PL-08).

    Raises: `pledge.not_found`, `pledge.not_yours`, `pledge.item_not_found`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    revoked = chosen(items, asset_ids, _REGISTERED)
    refuse_if(date_faults("/revoked_on", revoked_on, today=moment.today, first=_registered_on(revoked)))
    for item in revoked:
        item.advance(PledgeEvent.revoke)
        item.ended_on = revoked_on
    pledge.follow(items, PledgeEvent.revoke)
    incoming = _close(pledge, items, revoked_on)
    ending = Ending(
        "pledge.revoked",
        reason,
        revoked_on,
        revoked,
        incoming,
        void=True,
        unsecures=any(item.required for item in revoked),
    )
    heading = await figures.heading_of(session, pledge, items)
    facts = figures.revocation_facts(pledge, heading, revoked)
    await let_go(session, actor, moment, pledge, ending, facts=facts, grounds=list(grounds))
    if pledge.ended_on is not None:
        await _moot(session, actor, moment, pledge, ending)
    return pledge


async def lapse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    asset_ids: Collection[uuid.UUID],
    on: date,
) -> Pledge:
    """Registrations whose period ended lapse by themselves (PL-19); `on`: the first day without them.

    What is still owed is unsecured from then on; a loan that is repaid by its book loses nothing, and its
    cover is given back with the last right.

    Raises: `pledge.item_not_found`, `state.illegal_transition`.
    """
    pledge, items = await queries.lock_known(session, pledge_id)
    over = chosen(items, asset_ids, _REGISTERED)
    for item in over:
        item.advance(PledgeEvent.lapse)
        item.ended_on = on
    pledge.follow(items, PledgeEvent.lapse)
    incoming = _close(pledge, items, on)
    repaid = await loan_queries.outstanding(session, pledge.id) == 0
    unsecures = not repaid and any(item.required for item in over)
    ending = Ending("pledge.lapsed", "expired", on, over, incoming, unsecures=unsecures)
    event = await let_go(session, actor, moment, pledge, ending)
    if pledge.ended_on is not None:
        await _moot(session, actor, moment, pledge, ending)
    if repaid:
        await release_cover(session, actor, moment, pledge, event_id=event.id, on=on)
    return pledge


def _close(pledge: Pledge, items: Sequence[PledgeItem], on: date) -> list[PledgeItem]:
    """End a pledge whose last registration is over; what an amendment was to add to it goes with it."""
    if pledge.status in LIVE:
        return []
    pledge.ended_on = on
    incoming = [item for item in items if item.status in UNDECIDED]
    for item in incoming:
        item.advance(PledgeEvent.withdraw)
        item.ended_on = on
    return incoming


async def _cancelled(
    session: AsyncSession, actor: Actor, moment: Moment, pledge: Pledge, verdict: filings.Verdict
) -> None:
    """Close what was filed for the cancellation of the pledge."""
    await filings.settle(
        session,
        actor=actor,
        moment=moment,
        pledge=pledge,
        action=FilingAction.cancellation,
        verdict=verdict,
    )


async def _moot(session: AsyncSession, actor: Actor, moment: Moment, pledge: Pledge, ending: Ending) -> None:
    """There is nothing left to cancel."""
    verdict = filings.Verdict(FilingEvent.withdraw, ending.on, reason=ending.event_type)
    await _cancelled(session, actor, moment, pledge, verdict)


def _registered_on(items: Sequence[PledgeItem]) -> date | None:
    return max((item.registered_on for item in items if item.registered_on), default=None)
