"""What the steps of a loan share: how they are told, and what follows from where the loan then stands.

A loan changes under the lock of its pledge. Every change settles its state by its plan, notes its class and
what is outstanding, and so frees capacity of the pool that covers it (RP-06).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain import loan as rules, loan_plan as plans
from app.domain.loan import LoanEvent, LoanStatus
from app.domain.loan_class import LoanClass, at_least, worse
from app.domain.money import format_amount
from app.domain.notice import NoticeKind
from app.domain.pool import covered_principal
from app.queries import loans as queries, pledge_classifications, pools as pool_queries
from app.services import events, notices
from app.services.pledges import classification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.loan_plan import Due
    from app.domain.permission import Actor
    from app.models.loan import Loan
    from app.models.pledge import Pledge


@dataclass(frozen=True, slots=True)
class Case:
    """A loan at work: its pledge is locked, somebody acts on it at a moment."""

    session: AsyncSession
    actor: Actor
    moment: Moment
    pledge: Pledge
    loan: Loan


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a loan stands now: since when it is overdue, its class, and whether it has just been repaid."""

    overdue_days: int
    classed: classification.Classed
    repaid: bool


async def settle(case: Case, *, rescheduled: bool = False) -> Settled:
    """Move the loan to the state that its book and its plan say it is in today; nothing is recorded yet.

    A new plan for what was overdue leaves the loan 关注 at best, and what is written off is 损失. A class
    never gets better by itself: that is for the bank to report.
    """
    loan, today = case.loan, case.moment.today
    found = await queries.standing(case.session, case.pledge, loan)
    was_overdue = loan.overdue_since is not None
    since = plans.overdue_since(found, today)
    days = plans.overdue_days(since, today)
    loan.overdue_since = since
    loan.told_days = min(loan.told_days, plans.rung(days))
    repaid = _advance(case, found)
    days = plans.overdue_days(loan.overdue_since, today)
    before = await pledge_classifications.last(case.session, case.pledge.id)
    loan_class = LoanClass(before.loan_class) if before is not None else LoanClass.normal
    if loan.status == LoanStatus.written_off:
        loan_class = LoanClass.loss
    if rescheduled and was_overdue:
        loan_class = worse(loan_class, LoanClass.attention)
    classed = classification.Classed(
        worse(loan_class, at_least(days)),
        loan.outstanding_fen,
        days,
        today,
        queries.owed_at_most(case.pledge, loan, today),
    )
    await case.session.flush()
    return Settled(days, classed, repaid)


def _advance(case: Case, found: Sequence[Due]) -> bool:
    """Whether the loan is repaid by this.

    Where a part of the principal was given up, what is due of interest is given up with it. One that may be
    drawn again is repaid at the end of its debt period, and one whose drawdown was taken back never was lent.
    """
    loan, today = case.loan, case.moment.today
    status, given_up = LoanStatus(loan.status), loan.written_off_fen > 0
    again = loan.drawn_fen == 0 or (loan.revolving and today <= rules.last_day(case.pledge.debt_to))
    running = status in queries.RUNNING and not given_up
    if loan.outstanding_fen == 0 and not (running and (again or plans.overdue_fen(found, today))):
        loan.overdue_since, loan.told_days = None, 0
        over = LoanStatus.written_off if given_up else LoanStatus.repaid
        if status != over:
            loan.advance(LoanEvent.write_off if given_up else LoanEvent.repay)
        return status != over == LoanStatus.repaid
    if loan.overdue_since is not None and status == LoanStatus.disbursed:
        loan.advance(LoanEvent.fall_overdue)
    elif loan.overdue_since is None and status == LoanStatus.overdue:
        loan.advance(LoanEvent.cure)
    return False


async def told(case: Case, what: str, **payload: object) -> events.NewEvent:
    """`loan.{what}` for those who lend and the pool's manager; the pool is locked with it."""
    pledge, loan = case.pledge, case.loan
    if pledge.pool_id is not None:
        await pool_queries.lock(case.session, pledge.pool_id)
    return events.NewEvent(
        type=f"loan.{what}",
        noun="loan",
        subject_id=loan.id,
        stream=pledge.district_code,
        audience=await queries.lenders(case.session, pledge),
        payload={"number": pledge.number, "pledge_id": str(pledge.id), "status": loan.status, **payload},
    )


async def record(case: Case, event: events.NewEvent) -> None:
    """Record what happened to a loan."""
    await events.record(case.session, actor=case.actor, moment=case.moment, events=[event])


async def follow(case: Case, settled: Settled, event: events.NewEvent) -> None:
    """Note where the loan stands under what happened; when it is repaid, those who owed it are told."""
    await classification.note(
        case.session,
        actor=case.actor,
        moment=case.moment,
        pledge=case.pledge,
        classed=settled.classed,
        event=event,
    )
    if settled.repaid:
        await tell_repaid(case)


async def tell_repaid(case: Case) -> None:
    """The debt is paid: bank, borrower and pledgors learn that the pledge may be deregistered (PL-10)."""
    debtors = await queries.debtors(case.session, case.pledge)
    event = await told(case, "repaid")
    event = replace(event, audience=sorted({*event.audience, *debtors}))
    await record(case, event)
    await notices.send(
        case.session,
        moment=case.moment,
        event=event,
        kind=NoticeKind.loan_repaid,
        recipients=event.audience,
        facts={"number": case.pledge.number},
    )


async def tell_uncovered(case: Case) -> None:
    """Tell how much of the debt its pool does not cover: it never covers again what it gave back (RP-06)."""
    pledge = case.pledge
    if pledge.pool_id is None:
        return
    owed_fen = queries.owed_at_most(pledge, case.loan, case.moment.today)
    covered = await pool_queries.covered(case.session, [pledge.id])
    lacking_fen = covered_principal(owed_fen, pledge.ip_share_bp) - covered.get(pledge.id, 0)
    if lacking_fen <= 0:
        return
    event = await told(case, "uncovered", uncovered_fen=lacking_fen)
    await record(case, event)
    await notices.send(
        case.session,
        moment=case.moment,
        event=event,
        kind=NoticeKind.loan_uncovered,
        recipients=event.audience,
        facts={"number": pledge.number, "amount": format_amount(lacking_fen)},
    )


async def lock(session: AsyncSession, actor: Actor, moment: Moment, pledge_id: uuid.UUID) -> Case:
    """The loan of a pledge whose book the caller keeps, locked.

    Raises: `pledge.not_found`, `loan.not_yours`, `loan.not_found`.
    """
    pledge = await queries.lock(session, actor, pledge_id)
    loan = await queries.fresh(session, pledge_id)
    if loan is None:
        raise rules.NOT_FOUND.error()
    return Case(session, actor, moment, pledge, loan)


async def found(session: AsyncSession, actor: Actor, moment: Moment, pledge_id: uuid.UUID) -> Case | None:
    """The loan of any pledge, locked, for work that has decided who may do it; None if it has no book."""
    pledge = await pledge_classifications.lock_pledge(session, pledge_id)
    loan = await queries.fresh(session, pledge_id)
    return Case(session, actor, moment, pledge, loan) if loan is not None else None
