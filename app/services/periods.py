"""Accounting periods of a ledger: held by one client, closed by another, opened again by a third step."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import approval as approval_rules, period as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.bank_statement_row import signed
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.period import Booking, Month, PeriodEvent, PeriodStatus, booking
from app.domain.permission import Role
from app.models.period import Period
from app.queries import (
    documents as document_queries,
    jobs as job_queries,
    ledger_ties,
    periods as queries,
    pool_risks,
    pools as pool_queries,
)
from app.services import approvals, events, notices

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pool import Pool

LEDGER_JOBS = ("lapse_reservations", "expire_transfers", "accrue_interest")
"""The jobs that book on the day they run for: behind a closing they would find that day closed."""


async def bookable(session: AsyncSession, ledger_id: uuid.UUID, occurred_on: date, today: date) -> Booking:
    """The day on which a module books what happened on `occurred_on`.

    That is the day itself if its month takes postings, else the first open day, with `corrects_on` as the
    true day. A month that is not over is always open, so that the answer is never after `today`, unless
    the day itself is. A period closed in between is refused by the ledger (`period.closed`).
    """
    statuses = await queries.not_open(session, ledger_id, Month.of(min(occurred_on, today)))
    return booking(occurred_on, statuses)


async def booking_faults(
    session: AsyncSession,
    ledger_id: uuid.UUID,
    occurred_on: date,
    *,
    adjustment: bool = False,
    pointer: str | None = "/occurred_on",
) -> list[Violation]:
    """What speaks against a transfer by hand that has effect on a day, naming the first day that is open."""
    statuses = await queries.not_open(session, ledger_id, Month.of(occurred_on))
    fault = rules.day_fault(occurred_on, statuses, adjustment=adjustment, pointer=pointer)
    return [fault] if fault is not None else []


async def hold(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, month: Month
) -> Period:
    """Stop all but adjustments in a month that is over, as the first of the two steps that close it.

    Raises: `pool.not_found`, `period.not_over`, `period.later_closed`, `state.illegal_transition`.
    """
    pool = await _lock(session, actor, pool_id)
    await queries.lock_all_accounts(session, pool.id)
    later = await queries.not_open(session, pool.id, month.following())
    closed = [one for one, status in later.items() if status is PeriodStatus.closed]
    not_over = month.ends_on >= moment.today
    refuse_if(
        ([rules.NOT_OVER.violation(period=str(month), last_day=month.ends_on)] if not_over else [])
        + ([rules.LATER_CLOSED.violation(period=str(max(closed)))] if closed else [])
    )
    period = await queries.find(session, pool.id, month)
    event_id = new_id()
    if period is None:
        period = Period(
            id=new_id(),
            district_code=pool.district_code,
            ledger_id=pool.id,
            begins_on=month.begins_on,
            status=PeriodStatus.open,
            round=0,
            event_id=event_id,
            recorded_at=moment.now,
            version=0,
        )
    period.advance(PeriodEvent.hold)
    period.round += 1
    event = _event(pool, period, "held", event_id=event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(period)
    await session.flush()
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.make,
        decision=Decision.approved,
        round_no=period.round,
    )
    await _tell(session, moment, pool, period, event)
    return period


async def resume(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, month: Month
) -> Period:
    """Let a held month take postings again. Raises: `pool.not_found`, `state.illegal_transition`."""
    pool = await _lock(session, actor, pool_id)
    period = await _find(session, pool, month, PeriodEvent.resume)
    period.advance(PeriodEvent.resume)
    event = _event(pool, period, "resumed")
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return period


async def close(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, month: Month
) -> Period:
    """Close a held month: its balances are written down, and nothing has effect in it any more.

    By another client than the one that held it, or opened it again. All locks of the ledger's accounts are
    taken first, so that a posting under way is either in the balances or refused.

    Raises: `pool.not_found`, `state.illegal_transition`, `approval.same_person`, and all at once
    `period.earlier_open`, `.days_not_run`, `.accruals_missing`, `.statement_missing`, `.unmatched_lines`,
    `.bank_differs`, `.books_untied`.
    """
    pool = await _lock(session, actor, pool_id)
    await queries.lock_all_accounts(session, pool.id)
    period = await _find(session, pool, month, PeriodEvent.close)
    period.advance(PeriodEvent.close)
    with session.no_autoflush:
        faults = await _earlier_faults(session, pool, month)
        faults += await _calendar_faults(session, pool, month)
        faults += await _bank_faults(session, pool, month)
        faults += await _tie_faults(session, pool, month)
    refuse_if(faults)
    period.closed_on = moment.today
    event = _event(pool, period, "closed")
    await events.record(session, actor=actor, moment=moment, events=[event])
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.check,
        decision=Decision.approved,
        round_no=period.round,
    )
    await queries.write_balances(session, period, event_id=event.id, now=moment.now)
    await session.flush()
    await _tell(session, moment, pool, period, event)
    return period


async def reopen(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    month: Month,
    reason: str,
    document_id: uuid.UUID,
) -> Period:
    """Open the last closed month again, for adjustments, with a reason and a document, in a new round.

    By another client than the one that closed it; who opens it cannot close it. The balances of the round
    before are kept.

    Raises: `pool.not_found`, `document.not_found`, `state.illegal_transition`, `period.later_closed`,
    `approval.same_person`.
    """
    await document_queries.require(session, actor, document_id)
    pool = await _lock(session, actor, pool_id)
    period = await _find(session, pool, month, PeriodEvent.reopen)
    period.advance(PeriodEvent.reopen)
    with session.no_autoflush:
        later = await queries.not_open(session, pool.id, month.following())
        closed = [one for one, status in later.items() if status is PeriodStatus.closed]
        if closed:
            raise rules.LATER_CLOSED.error(period=str(max(closed)))
        if await queries.closer(session, period) == actor.client_id:
            raise approval_rules.SAME_PERSON.error()
    period.round += 1
    period.reason = reason
    period.closed_on = None
    event = _event(pool, period, "reopened", reason=reason, document_id=str(document_id))
    await events.record(session, actor=actor, moment=moment, events=[event])
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.make,
        decision=Decision.approved,
        round_no=period.round,
        reason=reason,
        document_id=document_id,
    )
    await _tell(session, moment, pool, period, event)
    return period


async def _lock(session: AsyncSession, actor: Actor, pool_id: uuid.UUID) -> Pool:
    pool = await pool_queries.keep_book(session, actor, pool_id)
    return await pool_queries.lock(session, pool.id)


async def _find(session: AsyncSession, pool: Pool, month: Month, wanted: PeriodEvent) -> Period:
    """The period; one that was never held is open, which permits none of what is wanted here."""
    period = await queries.find(session, pool.id, month)
    if period is None:
        rules.PERIOD.next(PeriodStatus.open, wanted)
        raise AssertionError(f"an open period does not permit {wanted}")
    return period


async def _earlier_faults(session: AsyncSession, pool: Pool, month: Month) -> list[Violation]:
    """The first earlier month that is held, or not closed and has entries; months without may be passed."""
    known = [one for one in await queries.all_of(session, pool.id) if one.begins_on < month.begins_on]
    closed = [Month(one.begins_on) for one in known if one.status == PeriodStatus.closed]
    since = max(closed).following().begins_on if closed else None
    first = await queries.first_effect(session, pool.id, since=since)
    found = [Month(one.begins_on) for one in known if one.status == PeriodStatus.held]
    if first is not None and Month.of(first) < month:
        found.append(Month.of(first))
    return [rules.EARLIER_OPEN.violation(period=str(min(found)))] if found else []


async def _calendar_faults(session: AsyncSession, pool: Pool, month: Month) -> list[Violation]:
    """Days whose jobs have not run, and days of interest that have not accrued."""
    found: list[Violation] = []
    last = await job_queries.last_days(session, LEDGER_JOBS)
    through = min((day for day in last.values() if day is not None), default=None)
    if through is not None and through <= month.ends_on:
        found.append(rules.DAYS_NOT_RUN.violation(through=through))
    days = await queries.accruals_missing(session, pool.id, month)
    if days:
        found.append(rules.ACCRUALS_MISSING.violation(days=days))
    return found


async def _bank_faults(session: AsyncSession, pool: Pool, month: Month) -> list[Violation]:
    """What stands between ledger and bank; from the first statement on every month must be covered."""
    found = await queries.reckoning(session, pool.id, month.ends_on)
    if found.first_on is None or found.through is None or found.first_on > month.ends_on:
        return []
    faults: list[Violation] = []
    if found.through < month.ends_on:
        faults.append(rules.STATEMENT_MISSING.violation(through=found.through, last_day=month.ends_on))
    if found.unmatched:
        faults.append(rules.UNMATCHED_LINES.violation(lines=found.unmatched))
    rest = (found.bank_fen or 0) - found.ledger_fen - found.in_transit_fen
    if rest and found.through >= month.ends_on:
        faults.append(
            rules.BANK_DIFFERS.violation(
                ledger=signed(found.ledger_fen),
                bank=signed(found.bank_fen or 0),
                in_transit=signed(found.in_transit_fen),
                rest=signed(rest),
            )
        )
    return faults


async def _tie_faults(session: AsyncSession, pool: Pool, month: Month) -> list[Violation]:
    """Measures of the statistics that do not agree with the accounts they count (UNI-17)."""
    ties = await ledger_ties.tied(session, pool.id, first=month.begins_on, last=month.ends_on)
    return [
        rules.BOOKS_UNTIED.violation(
            what=one.tie.measure.value,
            ledger=signed(one.booked_fen),
            counted=signed(one.counted_fen),
        )
        for one in ties
        if one.mismatches
    ]


def _event(
    pool: Pool, period: Period, what: str, *, event_id: uuid.UUID | None = None, **why: str
) -> events.NewEvent:
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"period.{what}",
        noun="period",
        subject_id=period.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={
            "pool_id": str(pool.id),
            "period": str(Month(period.begins_on)),
            "round": period.round,
            "status": period.status,
            **why,
        },
    )


async def _tell(
    session: AsyncSession, moment: Moment, pool: Pool, period: Period, event: events.NewEvent
) -> None:
    treasuries = await pool_risks.offices(session, pool.district_code, [Role.treasury])
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.period_changed,
        recipients=[pool.manager_id, *treasuries],
        facts={
            "number": pool.number,
            "period": str(Month(period.begins_on)),
            "status": PeriodStatus(period.status).value,
        },
    )
