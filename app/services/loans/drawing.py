"""Paying out on a pledge: only once all that its contract requires is registered (PL-28)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import loan as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.loan import LoanEntryKind, LoanStatus, Totals
from app.domain.pledge import PledgeForm
from app.domain.request import date_faults
from app.models.loan import Loan, LoanEntry
from app.queries import amendments as amendment_queries, loans as queries
from app.services.loans import booking, common, planning
from app.services.loans.common import Case
from app.services.loans.planning import NewInstalment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.money import Money
    from app.domain.permission import Actor
    from app.models.pledge import Pledge


@dataclass(frozen=True, slots=True)
class NewDrawdown:
    """Money paid out on a day, and the repayment plan for all that is then outstanding, if one was agreed."""

    amount: Money
    drawn_on: date
    reference: str
    plan: Sequence[NewInstalment] = ()


async def draw(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewDrawdown
) -> tuple[Loan, LoanEntry]:
    """Pay out on a pledge whose required rights are all registered; the first drawdown makes the loan.

    What was repaid of a maximum-amount pledge's loan may be drawn again within the debt period (民法典439).

    Raises: `pledge.not_found`, `loan.not_yours`, and all that apply of `loan.not_secured`, `.unsecured`,
    `.pledge_over`, `.not_drawable`, `.limit_unknown`, `.limit_exceeded`, `.drawn_late`, `.reference_taken`,
    `.plan_order`, `.plan_due`, `.plan_sum`, `.instalment_empty`,
    `pledge.currency_unsupported`, `request.date_in_future`, `request.date_too_early`.
    """
    pledge = await queries.lock(session, actor, pledge_id)
    known = await queries.fresh(session, pledge_id)
    refuse_if(await _faults(session, new, pledge, known, moment.today))
    loan = known or _opened(pledge, actor, moment)
    case = Case(session, actor, moment, pledge, loan)
    event = await common.told(
        case,
        "drawn",
        amount_fen=new.amount.fen,
        outstanding_fen=new.amount.fen + (known.outstanding_fen if known is not None else 0),
        reference=new.reference,
        planned=len(new.plan),
    )
    event = replace(event, occurred_on=new.drawn_on)
    await common.record(case, event)
    if known is None:
        loan.event_id = event.id
        session.add(loan)
    else:
        loan.limit_fen = pledge.principal_fen or loan.limit_fen
    await session.flush()
    entry = await booking.book(
        case,
        booking.Booking(LoanEntryKind.drawdown, new.amount.fen, 0, new.drawn_on, new.reference),
        event,
    )
    if new.plan:
        await planning.write(case, new.plan, event)
    await common.follow(case, await common.settle(case), event)
    return loan, entry


def _opened(pledge: Pledge, actor: Actor, moment: Moment) -> Loan:
    """A loan without a book yet: its totals are not for anybody to state, they follow its entries."""
    return Loan(
        id=new_id(),
        district_code=pledge.district_code,
        pledge_id=pledge.id,
        organisation_id=pledge.organisation_id or actor.organisation_id,
        currency=pledge.currency,
        limit_fen=pledge.principal_fen,
        revolving=pledge.form == PledgeForm.maximum_amount,
        plan=0,
        told_days=0,
        status=LoanStatus.disbursed.value,
        recorded_at=moment.now,
        version=0,
    )


async def _faults(
    session: AsyncSession, new: NewDrawdown, pledge: Pledge, loan: Loan | None, today: date
) -> list[Violation]:
    found = (await queries.security(session, pledge)).faults()
    if pledge.principal_fen is None:
        found.append(rules.LIMIT_UNKNOWN.violation())
    totals = _totals(pledge, loan, await amendment_queries.agreed_fen(session, pledge.id))
    status = LoanStatus(loan.status) if loan is not None else None
    found += rules.drawable_faults(totals, status, new.amount.fen)
    found += booking.money_faults(pledge, amount=new.amount)
    registered_on = await queries.last_registration(session, pledge.id)
    first = max((day for day in (registered_on, pledge.debt_from) if day is not None), default=None)
    found += date_faults("/drawn_on", new.drawn_on, today=today, first=first)
    last = rules.last_day(pledge.debt_to)
    if new.drawn_on > last:
        found.append(rules.DRAWN_LATE.violation("/drawn_on", last=last))
    if loan is not None:
        found += await booking.reference_faults(session, loan, new.reference)
    if new.plan:
        owed = totals.outstanding_fen + new.amount.fen
        found += planning.faults("/plan", new.plan, pledge, first=new.drawn_on, outstanding_fen=owed)
    return found


def _totals(pledge: Pledge, loan: Loan | None, agreed_fen: int | None) -> Totals:
    """What was drawn so far, within what the pledge secures now: an amendment may have changed that.

    `agreed_fen`: what an amendment before the office is to make it; of the two the less.
    """
    limit_fen = pledge.principal_fen or 0
    if agreed_fen is not None:
        limit_fen = min(limit_fen, agreed_fen)
    if loan is None:
        return Totals(limit_fen, pledge.form == PledgeForm.maximum_amount)
    return replace(queries.totals(loan), limit_fen=limit_fen)
