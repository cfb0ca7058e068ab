"""Repayment plans of a loan: numbered, never changed, each for all that was outstanding when it was made."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import loan as rules, loan_plan as plans
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.loan import LoanStatus
from app.domain.loan_plan import Instalment
from app.domain.pledge import CURRENCY_UNSUPPORTED
from app.domain.request import date_faults
from app.models.loan import Loan, LoanInstalment
from app.queries import loans as queries
from app.services.loans import common

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.money import Money
    from app.domain.permission import Actor
    from app.models.pledge import Pledge
    from app.services.events import NewEvent
    from app.services.loans.common import Case


@dataclass(frozen=True, slots=True)
class NewInstalment:
    """What is agreed to be paid on a day."""

    due_on: date
    principal: Money
    interest: Money


async def replan(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    from_on: date,
    plan: Sequence[NewInstalment],
) -> Loan:
    """Put another repayment plan in force, agreed on `from_on`, for what is outstanding.

    What was overdue by the plan before is due by this one; the loan is then 关注 at best until the bank
    reports a better class.

    Raises: `pledge.not_found`, `loan.not_yours`, `loan.not_found`, and all that apply of
    `loan.not_planned`, `loan.plan_order`, `.plan_due`, `.plan_sum`, `.instalment_empty`,
    `pledge.currency_unsupported`, `request.date_in_future`, `request.date_too_early`.
    """
    case = await common.lock(session, actor, moment, pledge_id)
    loan = case.loan
    first = await queries.first_drawn_on(session, loan.id)
    objections = date_faults("/from_on", from_on, today=moment.today, first=first)
    if loan.status not in {LoanStatus.disbursed, LoanStatus.overdue}:
        objections.append(plans.NOT_PLANNED.violation(status=loan.status))
    refuse_if(
        objections
        + faults("/instalments", plan, case.pledge, first=from_on, outstanding_fen=loan.outstanding_fen)
    )
    overdue_days = plans.overdue_days(loan.overdue_since, moment.today)
    event = await common.told(case, "planned", planned=len(plan), overdue_days=overdue_days)
    event = replace(event, occurred_on=from_on)
    await common.record(case, event)
    await write(case, plan, event)
    await common.follow(case, await common.settle(case, rescheduled=True), event)
    return loan


def faults(
    pointer: str, plan: Sequence[NewInstalment], pledge: Pledge, *, first: date, outstanding_fen: int
) -> list[Violation]:
    """What speaks against a plan for so much principal, agreed on the day `first`."""
    found = [
        CURRENCY_UNSUPPORTED.violation(f"{pointer}/{at}/{name}/currency")
        for at, one in enumerate(plan)
        for name, money in (("principal", one.principal), ("interest", one.interest))
        if money.currency != pledge.currency
    ]
    given = [Instalment(one.due_on, one.principal.fen, one.interest.fen) for one in plan]
    last = rules.last_day(pledge.debt_to)
    return found + plans.plan_faults(pointer, given, first=first, last=last, outstanding_fen=outstanding_fen)


async def write(case: Case, plan: Sequence[NewInstalment], event: NewEvent) -> None:
    """Write a plan for what is outstanding now under the next number, and put it in force."""
    loan = case.loan
    loan.plan += 1
    loan.version += 1
    loan.planned_drawn_fen, loan.planned_interest_fen = loan.drawn_fen, loan.interest_fen
    case.session.add_all(
        LoanInstalment(
            id=new_id(),
            district_code=loan.district_code,
            loan_id=loan.id,
            plan=loan.plan,
            ordinal=ordinal,
            due_on=one.due_on,
            principal_fen=one.principal.fen,
            interest_fen=one.interest.fen,
            event_id=event.id,
            recorded_at=case.moment.now,
        )
        for ordinal, one in enumerate(plan, start=1)
    )
    await case.session.flush()
