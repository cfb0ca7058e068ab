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
from app.domain.money import Money, format_amount
from app.domain.pledge import CURRENCY_UNSUPPORTED, PledgeStatus
from app.domain.request import date_faults
from app.models.pledge import LoanClassification, Pledge
from app.queries import pledge_classifications as queries, pledges as pledge_queries, pools as pool_queries
from app.services import claims, commitments, events, pool_breakers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewClassification:
    """A loan's class on a day, what is outstanding of its principal, and for how long it is overdue."""

    loan_class: LoanClass
    outstanding: Money
    overdue_days: int
    occurred_on: date


async def classify(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewClassification
) -> LoanClassification:
    """Record a classification; the pool that covers the loan follows it.

    What was repaid frees capacity (RP-06), and the breaker is evaluated (RP-13).

    Raises: `pledge.not_found`, `pledge.not_classified_by_you`, and all that apply of
    `pledge.not_registered`, `request.date_in_future`, `request.date_too_early`,
    `pledge.outstanding_exceeds`, `pledge.class_too_good`, `pledge.currency_unsupported`.
    """
    seen = await pledge_queries.get(session, actor, pledge_id)
    if not queries.is_bank(actor, seen):
        raise rules.NOT_YOURS.error()
    pledge = await queries.lock_pledge(session, pledge_id)
    refuse_if(_faults(new, pledge, await queries.last(session, pledge_id), moment))
    pool = await pool_queries.lock(session, pledge.pool_id) if pledge.pool_id is not None else None
    event = events.NewEvent(
        type="pledge.classified",
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        # The bank and the pool's manager: how a loan goes is no business of other parties.
        audience=sorted({actor.organisation_id} | ({pool.manager_id} if pool is not None else set())),
        occurred_on=new.occurred_on,
        payload={
            "number": pledge.number,
            "loan_class": new.loan_class.value,
            "outstanding_fen": new.outstanding.fen,
            "overdue_days": new.overdue_days,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = LoanClassification(
        id=new_id(),
        district_code=pledge.district_code,
        pledge_id=pledge.id,
        loan_class=new.loan_class.value,
        outstanding_fen=new.outstanding.fen,
        overdue_days=new.overdue_days,
        occurred_on=new.occurred_on,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    if pool is not None:
        await commitments.follow_repayment(
            session, actor=actor, moment=moment, pledge_id=pledge.id, principal_fen=new.outstanding.fen
        )
        await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
        await claims.tell_claimable(session, moment=moment, pledge=pledge, made=made, event=event)
    return made


def _faults(
    new: NewClassification, pledge: Pledge, before: LoanClassification | None, moment: Moment
) -> list[Violation]:
    found: list[Violation] = []
    if pledge.status != PledgeStatus.registered:
        found.append(rules.NOT_REGISTERED.violation(status=pledge.status))
    first = before.occurred_on if before is not None else pledge.filed_on
    found += date_faults("/occurred_on", new.occurred_on, today=moment.today, first=first)
    if new.outstanding.currency != pledge.currency:
        found.append(CURRENCY_UNSUPPORTED.violation("/outstanding/currency"))
    limit = before.outstanding_fen if before is not None else pledge.principal_fen
    if limit is not None and new.outstanding.fen > limit:
        found.append(rules.OUTSTANDING_EXCEEDS.violation("/outstanding", limit=format_amount(limit)))
    if rules.too_good(new.loan_class, new.overdue_days):
        worst = rules.at_least(new.overdue_days)
        found.append(
            rules.TOO_GOOD.violation("/loan_class", overdue_days=new.overdue_days, at_least=worst.value)
        )
    return found
