"""What time and enforcement make of a loan: the ladder of days overdue, 实现质权 and the way back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain import loan as rules, loan_plan as plans
from app.domain.loan import LoanEvent, LoanStatus
from app.domain.loan_class import LoanClass
from app.domain.money import format_amount
from app.domain.notice import NoticeKind
from app.queries import loans as queries, pledge_classifications
from app.services import notices
from app.services.loans import common
from app.services.pledges import classification

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.loan import Loan
    from app.services.loans.common import Case, Settled

_DAY = timedelta(days=1)
_BACK = timedelta(days=31)
"""How far back the day's work looks for what fell due: it is done for every day, so one day would do."""


async def follow_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Follow the loans that the day moves: fallen due and unpaid, further overdue, or at their end.

    Those who lend are told at each rung of the ladder once, and the class is what so many days ask for at
    least (RP-08). Done twice, it does nothing the second time. Returns for how many loans something changed.
    """
    changed = 0
    for pledge_id in await queries.to_look_at(session, moment.today - _BACK, moment.today):
        case = await common.found(session, actor, moment, pledge_id)
        if case is not None and case.loan.status in queries.RUNNING:
            changed += await _follow(case)
    return changed


async def _follow(case: Case) -> bool:
    """Whether the day changed anything."""
    version = case.loan.version
    settled = await common.settle(case)
    reached = plans.rung(settled.overdue_days) > case.loan.told_days
    if reached:
        await _tell(case, settled)
    if reached or settled.repaid or await _classed_anew(case, settled):
        event = await classification.reclassified(case.session, case.pledge, settled.classed, automatic=True)
        await common.record(case, event)
        await common.follow(case, settled, event)
        return True
    return case.loan.version != version


async def _tell(case: Case, settled: Settled) -> None:
    """Another rung was reached: those who lend and the pool's manager learn how late the loan is."""
    loan = case.loan
    due = await queries.standing(case.session, case.pledge, loan)
    overdue_fen = plans.overdue_fen(due, case.moment.today)
    loan.told_days = plans.rung(settled.overdue_days)
    event = await common.told(
        case,
        "overdue",
        overdue_since=str(loan.overdue_since),
        overdue_days=settled.overdue_days,
        overdue_fen=overdue_fen,
    )
    await common.record(case, event)
    await notices.send(
        case.session,
        moment=case.moment,
        event=event,
        kind=NoticeKind.loan_overdue,
        recipients=event.audience,
        facts={
            "number": case.pledge.number,
            "days": settled.overdue_days,
            "since": loan.overdue_since,
            "amount": format_amount(overdue_fen),
        },
    )


async def _classed_anew(case: Case, settled: Settled) -> bool:
    """Whether the day asks for another classification though no rung was reached.

    For a worse class, for days overdue from which the loan can be claimed, and on the day after the debt
    period: what was never drawn can be drawn no more, and need not be covered.
    """
    now, before = settled.classed, await pledge_classifications.last(case.session, case.pledge.id)
    if before is None or LoanClass(before.loan_class) != now.loan_class:
        return True
    trigger = await queries.trigger_days(case.session, case.pledge.id)
    if trigger is not None and before.overdue_days < trigger <= now.overdue_days:
        return True
    return case.pledge.debt_to == now.occurred_on - _DAY and before.occurred_on < now.occurred_on


async def enforce(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID
) -> Loan | None:
    """The pledge is being enforced for its overdue loan; None where the loan has no book.

    Raises: `loan.not_enforceable`.
    """
    case = await common.found(session, actor, moment, pledge_id)
    if case is None:
        return None
    if case.loan.status != LoanStatus.overdue:
        raise rules.NOT_ENFORCEABLE.error(status=case.loan.status)
    case.loan.advance(LoanEvent.enforce)
    await common.record(case, await common.told(case, "enforced"))
    await session.flush()
    return case.loan


async def resume(session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID) -> Loan | None:
    """Enforcement was given up: the loan runs on, overdue if it still is; None if it was not enforcing."""
    case = await common.found(session, actor, moment, pledge_id)
    if case is None or case.loan.status != LoanStatus.enforcing:
        return None
    case.loan.advance(LoanEvent.cure)
    settled = await common.settle(case)
    event = await common.told(case, "resumed")
    await common.record(case, event)
    await common.follow(case, settled, event)
    return case.loan
