"""The book of a loan: what comes back on it, and what is given up."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import loan as rules, loan_plan as plans
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.loan import LoanEntryKind, LoanEvent, LoanStatus, Movement
from app.domain.money import format_amount
from app.domain.pledge import CURRENCY_UNSUPPORTED
from app.domain.request import date_faults
from app.models.loan import Loan, LoanEntry
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
class NewReceipt:
    """Money that came in: principal and interest as agreed, or the whole, of which interest is paid first.

    Of the whole what the plan has for interest due by then comes first, the rest is principal (民法典561).
    """

    received_on: date
    reference: str
    amount: Money | None = None
    principal: Money | None = None
    interest: Money | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """An entry to be made, in fen. Faults of it point to where its amount and its day stand."""

    kind: LoanEntryKind
    principal_fen: int
    interest_fen: int
    occurred_on: date
    reference: str | None
    reverses_id: uuid.UUID | None = None
    amount_at: str = "/principal"
    day_at: str = "/occurred_on"


async def receive(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewReceipt
) -> tuple[Loan, LoanEntry]:
    """Book money that came in on a loan; what it repays frees capacity at once, and may cure or end the loan.

    Raises: `pledge.not_found`, `loan.not_yours`, `loan.not_found`, `loan.amount_ambiguous`, and all that
    apply of `loan.nothing_booked`, `.exceeds_outstanding`, `.not_in_order`, `.reference_taken`,
    `pledge.currency_unsupported`, `request.date_in_future`, `request.date_too_early`.
    """
    case = await common.lock(session, actor, moment, pledge_id)
    if (new.amount is None) is (new.principal is None and new.interest is None):
        raise rules.AMOUNT_AMBIGUOUS.error("/amount")
    if new.amount is not None:
        due = await queries.standing(session, case.pledge, case.loan)
        principal_fen, interest_fen = plans.split(new.amount.fen, due, new.received_on)
    else:
        principal_fen = new.principal.fen if new.principal is not None else 0
        interest_fen = new.interest.fen if new.interest is not None else 0
    booking = Booking(
        LoanEntryKind.recovery if _given_up_whole(case.loan) else LoanEntryKind.repayment,
        principal_fen,
        interest_fen,
        new.received_on,
        new.reference,
        amount_at="/amount" if new.amount is not None else "/principal",
        day_at="/received_on",
    )
    faults = money_faults(case.pledge, amount=new.amount, principal=new.principal, interest=new.interest)
    refuse_if(faults + await _faults(case, booking))
    return case.loan, await move(case, booking, "received")


async def write_off(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    principal: Money,
    written_off_on: date,
    reference: str,
) -> tuple[Loan, LoanEntry]:
    """Give up principal of a loan that is overdue or enforced; with the last of it the loan is written off.

    The debtor owes it all the same (账销案存): what still comes in is booked as its recovery.

    Raises: `pledge.not_found`, `loan.not_yours`, `loan.not_found`, and all that apply of
    `loan.not_overdue`, `.nothing_booked`, `.exceeds_outstanding`, `.not_in_order`, `.reference_taken`,
    `pledge.currency_unsupported`, `request.date_in_future`, `request.date_too_early`.
    """
    case = await common.lock(session, actor, moment, pledge_id)
    booking = Booking(
        LoanEntryKind.write_off, principal.fen, 0, written_off_on, reference, day_at="/written_off_on"
    )
    faults = money_faults(case.pledge, principal=principal)
    if case.loan.status not in {LoanStatus.overdue, LoanStatus.enforcing}:
        faults.append(rules.NOT_OVERDUE.violation(status=case.loan.status))
    refuse_if(faults + await _faults(case, booking))
    return case.loan, await move(case, booking, "written_off")


async def realise(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    principal_fen: int,
    interest_fen: int,
    occurred_on: date,
    reference: str,
) -> Loan | None:
    """Book what the sale of the pledge brought on its loan; None where the loan has no book.

    For enforcement, which has decided who may do it and split the proceeds by law (PL-24). Principal beyond
    what is outstanding is of what was given up before.

    Raises: all that apply of `loan.nothing_booked`, `.exceeds_outstanding`, `.not_in_order`,
    `.reference_taken`, `request.date_in_future`, `request.date_too_early`.
    """
    case = await common.found(session, actor, moment, pledge_id)
    if case is None:
        return None
    given_up_fen = min(max(0, principal_fen - case.loan.outstanding_fen), case.loan.written_off_fen)
    rest_fen = principal_fen - given_up_fen
    booking = Booking(LoanEntryKind.realisation, rest_fen, interest_fen, occurred_on, reference)
    if rest_fen + interest_fen > 0 or given_up_fen == 0:
        refuse_if(await _faults(case, booking))
        await move(case, booking, "realised")
    if given_up_fen > 0:  # the reference is of the first entry, if there are two
        named = reference if rest_fen + interest_fen == 0 else None
        booking = Booking(LoanEntryKind.recovery, given_up_fen, 0, occurred_on, named)
        refuse_if(await _faults(case, booking))
        await move(case, booking, "realised")
    return case.loan


def _given_up_whole(loan: Loan) -> bool:
    """Whether nothing is outstanding but what was given up: what comes in is then of that."""
    return loan.outstanding_fen == 0 and loan.written_off_fen > 0


def money_faults(pledge: Pledge, **given: Money | None) -> list[Violation]:
    """Objections to amounts that are not in the currency of the debt."""
    return [
        CURRENCY_UNSUPPORTED.violation(f"/{name}/currency")
        for name, money in given.items()
        if money is not None and money.currency != pledge.currency
    ]


async def reference_faults(session: AsyncSession, loan: Loan, reference: str | None) -> list[Violation]:
    """The objection to a reference that an entry of the loan has already."""
    if reference is None or not await queries.reference_taken(session, loan.id, reference):
        return []
    return [rules.REFERENCE_TAKEN.violation("/reference")]


async def _faults(case: Case, booking: Booking) -> list[Violation]:
    """What speaks against an entry that brings the outstanding principal down."""
    loan = case.loan
    found: list[Violation] = []
    if booking.principal_fen + booking.interest_fen == 0:
        found.append(rules.NOTHING_BOOKED.violation(booking.amount_at))
    moved = [one for _, one in await queries.movements(case.session, loan.id)]
    first = min((one.occurred_on for one in moved if one.fen > 0), default=None)
    if first is None:  # all that was drawn has been taken back: there is nothing to receive on
        found.append(rules.NOT_IN_ORDER.violation(booking.day_at, day=booking.occurred_on))
    found += date_faults(booking.day_at, booking.occurred_on, today=case.moment.today, first=first)
    owed_fen = loan.written_off_fen if booking.kind == LoanEntryKind.recovery else loan.outstanding_fen
    if booking.principal_fen > owed_fen:
        known = format_amount(owed_fen)
        found.append(rules.EXCEEDS_OUTSTANDING.violation(booking.amount_at, outstanding=known))
    elif not found and booking.kind != LoanEntryKind.recovery:
        down = Movement(booking.occurred_on, -booking.principal_fen)
        found += rules.order_faults(booking.day_at, [*moved, down])
    return found + await reference_faults(case.session, loan, booking.reference)


async def move(case: Case, booking: Booking, what: str, **payload: object) -> LoanEntry:
    """Record an entry as `loan.{what}`, book it, and follow what it makes of the loan."""
    reverses = booking.reverses_id
    event = await common.told(
        case,
        what,
        kind=booking.kind.value,
        principal_fen=booking.principal_fen,
        interest_fen=booking.interest_fen,
        reference=booking.reference,
        reverses_id=str(reverses) if reverses is not None else None,
        **payload,
    )
    event = replace(event, occurred_on=booking.occurred_on)
    await common.record(case, event)
    entry = await book(case, booking, event)
    if reverses is not None and case.loan.status not in queries.RUNNING:
        case.loan.advance(LoanEvent.reopen)
    await common.follow(case, await common.settle(case), event)
    return entry


async def book(case: Case, booking: Booking, event: NewEvent) -> LoanEntry:
    """Write the entry; the loan's totals follow it by themselves, and are read again."""
    entry = LoanEntry(
        id=new_id(),
        district_code=case.loan.district_code,
        loan_id=case.loan.id,
        kind=booking.kind.value,
        principal_fen=booking.principal_fen,
        interest_fen=booking.interest_fen,
        occurred_on=booking.occurred_on,
        reference=booking.reference,
        reverses_id=booking.reverses_id,
        event_id=event.id,
        recorded_at=case.moment.now,
    )
    case.loan.version += 1
    case.session.add(entry)
    await case.session.flush()
    await case.session.refresh(case.loan)
    return entry
