"""What becomes of a pledge's loan: its five-class classification, outstanding principal and days overdue."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import loan_class as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.loan_class import LoanClass
from app.domain.loan_plan import overdue_days as days_since
from app.domain.money import Money, format_amount
from app.domain.pledge import CURRENCY_UNSUPPORTED, PledgeStatus
from app.domain.request import date_faults
from app.models.pledge import LoanClassification, Pledge
from app.queries import (
    loans as loan_queries,
    pledge_classifications as queries,
    pledges as pledge_queries,
    pools as pool_queries,
)
from app.services import claims, commitments, events, pool_breakers
from app.services.pledges import coverage

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.loan import Loan


@dataclass(frozen=True, slots=True)
class NewClassification:
    """A loan's class on a day, what is outstanding of its principal, and for how long it is overdue.

    `outstanding` is the loan's book's to say once there is one, and may then be left out.
    """

    loan_class: LoanClass
    outstanding: Money | None
    overdue_days: int
    occurred_on: date


@dataclass(frozen=True, slots=True)
class Classed:
    """What is noted of a loan: class, outstanding principal, and the most that may ever be owed again."""

    loan_class: LoanClass
    outstanding_fen: int
    overdue_days: int
    occurred_on: date
    owed_at_most_fen: int


async def classify(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewClassification
) -> LoanClassification:
    """Record a classification; the pool that covers the loan follows it.

    What was repaid frees capacity (RP-06), and the breaker is evaluated (RP-13).

    Raises: `pledge.not_found`, `pledge.not_classified_by_you`, and all that apply of
    `pledge.not_registered`, `request.date_in_future`, `request.date_too_early`,
    `pledge.outstanding_missing`, `pledge.outstanding_differs`, `pledge.outstanding_exceeds`,
    `pledge.overdue_understated`, `pledge.class_too_good`, `pledge.currency_unsupported`.
    """
    seen = await pledge_queries.get(session, actor, pledge_id)
    if not queries.is_bank(actor, seen):
        raise rules.NOT_YOURS.error()
    pledge = await queries.lock_pledge(session, pledge_id)
    loan = await loan_queries.fresh(session, pledge_id)
    refuse_if(_faults(new, pledge, loan, await queries.last(session, pledge_id), moment))
    if loan is not None:
        outstanding_fen = loan.outstanding_fen
        at_most_fen = loan_queries.owed_at_most(pledge, loan, moment.today)
    else:
        outstanding_fen = at_most_fen = new.outstanding.fen if new.outstanding is not None else 0
    classed = Classed(new.loan_class, outstanding_fen, new.overdue_days, new.occurred_on, at_most_fen)
    event = await reclassified(session, pledge, classed)
    await events.record(session, actor=actor, moment=moment, events=[event])
    return await note(session, actor=actor, moment=moment, pledge=pledge, classed=classed, event=event)


async def reclassified(
    session: AsyncSession, pledge: Pledge, classed: Classed, **payload: object
) -> events.NewEvent:
    """The event of a classification, not recorded yet, for those who lend and the pool's manager.

    How a loan goes is no business of other parties. The pool is locked with it.
    """
    if pledge.pool_id is not None:
        await pool_queries.lock(session, pledge.pool_id)
    return events.NewEvent(
        type="pledge.classified",
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        audience=await loan_queries.lenders(session, pledge),
        occurred_on=classed.occurred_on,
        payload={
            "number": pledge.number,
            "loan_class": classed.loan_class.value,
            "outstanding_fen": classed.outstanding_fen,
            "overdue_days": classed.overdue_days,
            **payload,
        },
    )


async def note(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    classed: Classed,
    event: events.NewEvent,
) -> LoanClassification:
    """Note how the loan of a locked pledge stands, under an event recorded before; its pool follows.

    It becomes known no earlier than the one before, though its work may have begun before that and then
    waited for the lock: of one day the last to become known is the one that stands.
    """
    before = await queries.last(session, pledge.id)
    made = LoanClassification(
        id=new_id(),
        district_code=pledge.district_code,
        pledge_id=pledge.id,
        loan_class=classed.loan_class.value,
        outstanding_fen=classed.outstanding_fen,
        overdue_days=classed.overdue_days,
        occurred_on=classed.occurred_on,
        event_id=event.id,
        recorded_at=max(moment.now, before.recorded_at) if before is not None else moment.now,
    )
    session.add(made)
    await session.flush()
    if pledge.pool_id is not None:
        pool = await pool_queries.lock(session, pledge.pool_id)
        await commitments.follow_repayment(
            session,
            actor=actor,
            moment=moment,
            pledge_id=pledge.id,
            principal_fen=classed.owed_at_most_fen,
        )
        await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
        await claims.tell_claimable(session, moment=moment, pledge=pledge, made=made, event=event)
    await coverage.review(session, actor=actor, moment=moment, pledge=pledge)
    return made


def _faults(
    new: NewClassification,
    pledge: Pledge,
    loan: Loan | None,
    before: LoanClassification | None,
    moment: Moment,
) -> list[Violation]:
    found: list[Violation] = []
    if pledge.status != PledgeStatus.registered:
        found.append(rules.NOT_REGISTERED.violation(status=pledge.status))
    first = before.occurred_on if before is not None else pledge.filed_on
    found += date_faults("/occurred_on", new.occurred_on, today=moment.today, first=first)
    found += _outstanding_faults(new, pledge, loan, before)
    by_plan = days_since(loan.overdue_since, new.occurred_on) if loan is not None else 0
    if new.overdue_days < by_plan:
        found.append(rules.OVERDUE_UNDERSTATED.violation("/overdue_days", overdue_days=by_plan))
    days = max(new.overdue_days, by_plan)
    if rules.too_good(new.loan_class, days):
        worst = rules.at_least(days)
        found.append(rules.TOO_GOOD.violation("/loan_class", overdue_days=days, at_least=worst.value))
    return found


def _outstanding_faults(
    new: NewClassification, pledge: Pledge, loan: Loan | None, before: LoanClassification | None
) -> list[Violation]:
    """What is outstanding is what the book says; without a book, never more than it was."""
    if new.outstanding is None:
        return [] if loan is not None else [rules.OUTSTANDING_MISSING.violation("/outstanding")]
    found: list[Violation] = []
    if new.outstanding.currency != pledge.currency:
        found.append(CURRENCY_UNSUPPORTED.violation("/outstanding/currency"))
    if loan is not None:
        if new.outstanding.fen != loan.outstanding_fen:
            known = format_amount(loan.outstanding_fen)
            found.append(rules.OUTSTANDING_DIFFERS.violation("/outstanding", outstanding=known))
        return found
    limit = before.outstanding_fen if before is not None else pledge.principal_fen
    if limit is not None and new.outstanding.fen > limit:
        found.append(rules.OUTSTANDING_EXCEEDS.violation("/outstanding", limit=format_amount(limit)))
    return found
