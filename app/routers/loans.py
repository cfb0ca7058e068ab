"""`/v1/pledges/{id}/loan`: the loan on a pledge, its book and its repayment plan."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import loan_plan as plans
from app.domain.loan_class import LoanClass
from app.domain.loan_plan import Due
from app.domain.permission import Permission
from app.models.loan import Loan, LoanEntry
from app.models.pledge import Pledge
from app.queries import loans as queries, pledge_classifications
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.loan import (
    DrawdownIn,
    DueOut,
    InstalmentIn,
    LoanBookedOut,
    LoanEntryOut,
    LoanOut,
    LoanPlanIn,
    LoanPlanOut,
    LoanWriteOffIn,
    RepaymentIn,
)
from app.services import loans

router = APIRouter(prefix="/v1/pledges/{pledge_id}/loan", tags=["loans"])

Writing = Annotated[WriteUnit, writes(Permission.loan_write)]
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


def _due(due: Due, unit: ReadUnit | WriteUnit) -> DueOut:
    one = due.instalment
    late = plans.overdue_days(one.due_on, unit.moment.today) if due.open_fen else 0
    return DueOut(
        due_on=one.due_on,
        principal=MoneyOut.of(one.principal_fen),
        interest=MoneyOut.of(one.interest_fen),
        principal_paid=MoneyOut.of(due.principal_paid_fen),
        interest_paid=MoneyOut.of(due.interest_paid_fen),
        paid=due.open_fen == 0,
        overdue_days=late,
    )


async def _shown(unit: ReadUnit | WriteUnit, pledge: Pledge, loan: Loan) -> LoanOut:
    today = unit.moment.today
    due = await queries.standing(unit.session, pledge, loan)
    coming = plans.next_due(due, today)
    classed = await pledge_classifications.last(unit.session, pledge.id)
    over = queries.drawing_over(pledge, loan, today)
    since = plans.overdue_since(due, today) if loan.status in queries.RUNNING else None
    return LoanOut(
        id=loan.id,
        pledge_id=pledge.id,
        pledge_number=pledge.number,
        status=loan.status,
        limit=MoneyOut.of(loan.limit_fen),
        revolving=loan.revolving,
        drawn=MoneyOut.of(loan.drawn_fen),
        repaid=MoneyOut.of(loan.repaid_fen),
        written_off=MoneyOut.of(loan.written_off_fen),
        interest_received=MoneyOut.of(loan.interest_fen),
        outstanding=MoneyOut.of(loan.outstanding_fen),
        drawable=MoneyOut.of(0 if over else queries.totals(loan).drawable_fen),
        overdue=MoneyOut.of(plans.overdue_fen(due, today) if since is not None else 0),
        overdue_since=since,
        overdue_days=plans.overdue_days(since, today),
        next_due=_due(coming, unit) if coming is not None and loan.status in queries.RUNNING else None,
        plan=loan.plan,
        loan_class=LoanClass(classed.loan_class) if classed is not None else None,
        classed_on=classed.occurred_on if classed is not None else None,
        version=loan.version,
    )


async def _entries(unit: ReadUnit | WriteUnit, loan: Loan, rows: Sequence[LoanEntry]) -> list[LoanEntryOut]:
    """Entries in the order in which they were booked, each with the balance that it left."""
    if not rows:
        return []
    balance = await queries.balance_before(unit.session, loan.id, rows[0].id)
    reversed_by = await queries.reversals(unit.session, [row.id for row in rows])
    shown = []
    for row in rows:
        balance += queries.moved_fen(row)
        shown.append(
            LoanEntryOut(
                id=row.id,
                kind=row.kind,
                principal=MoneyOut.of(row.principal_fen),
                interest=MoneyOut.of(row.interest_fen),
                occurred_on=row.occurred_on,
                reference=row.reference,
                reverses_id=row.reverses_id,
                reversed_by_id=reversed_by.get(row.id),
                balance=MoneyOut.of(balance),
                recorded_at=row.recorded_at,
            )
        )
    return shown


async def _booked(unit: WriteUnit, pledge_id: uuid.UUID, loan: Loan, entry: LoanEntry) -> Response:
    pledge = await queries.visible_pledge(unit.session, unit.actor, pledge_id)
    (shown,) = await _entries(unit, loan, [entry])
    answer = LoanBookedOut(entry=shown, loan=await _shown(unit, pledge, loan))
    return await unit.reply(201, answer, headers={"ETag": etag(loan.version)})


def _plan(given: Sequence[InstalmentIn]) -> list[loans.NewInstalment]:
    return [loans.NewInstalment(one.due_on, one.principal.money, one.interest.money) for one in given]


@router.post("/drawdowns", status_code=201, response_model=LoanBookedOut)
async def draw(pledge_id: uuid.UUID, body: DrawdownIn, unit: Writing) -> Response:
    """Pay out on a pledge, once every right its contract requires is registered (PL-28)."""
    new = loans.NewDrawdown(body.amount.money, body.drawn_on, body.reference, _plan(body.plan))
    loan, entry = await loans.draw(
        unit.session, actor=unit.actor, moment=unit.moment, pledge_id=pledge_id, new=new
    )
    return await _booked(unit, pledge_id, loan, entry)


@router.post("/repayments", status_code=201, response_model=LoanBookedOut)
async def receive(pledge_id: uuid.UUID, body: RepaymentIn, unit: Writing) -> Response:
    """Book money that came in; interest due is paid first unless the parts are stated (民法典第561条)."""
    new = loans.NewReceipt(
        body.received_on,
        body.reference,
        amount=body.amount.money if body.amount is not None else None,
        principal=body.principal.money if body.principal is not None else None,
        interest=body.interest.money if body.interest is not None else None,
    )
    loan, entry = await loans.receive(
        unit.session, actor=unit.actor, moment=unit.moment, pledge_id=pledge_id, new=new
    )
    return await _booked(unit, pledge_id, loan, entry)


@router.post("/write-offs", status_code=201, response_model=LoanBookedOut)
async def write_off(pledge_id: uuid.UUID, body: LoanWriteOffIn, unit: Writing) -> Response:
    """Give up principal of an overdue loan; with the last of it the loan is written off."""
    loan, entry = await loans.write_off(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        principal=body.principal.money,
        written_off_on=body.written_off_on,
        reference=body.reference,
    )
    return await _booked(unit, pledge_id, loan, entry)


@router.post("/entries/{entry_id}/reversal", status_code=201, response_model=LoanBookedOut)
async def reverse(pledge_id: uuid.UUID, entry_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Take back an entry booked in error, once, by another client than the one that booked it (RB-02)."""
    loan, entry = await loans.reverse(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        entry_id=entry_id,
        reason=body.reason,
    )
    return await _booked(unit, pledge_id, loan, entry)


@router.post("/plans", status_code=201, response_model=LoanPlanOut)
async def replan(pledge_id: uuid.UUID, body: LoanPlanIn, unit: Writing) -> Response:
    """Put another repayment plan in force; its principal is what is outstanding."""
    loan = await loans.replan(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        from_on=body.from_on,
        plan=_plan(body.instalments),
    )
    pledge = await queries.visible_pledge(unit.session, unit.actor, pledge_id)
    return await unit.reply(201, await _planned(unit, pledge, loan), headers={"ETag": etag(loan.version)})


async def _planned(unit: ReadUnit | WriteUnit, pledge: Pledge, loan: Loan) -> LoanPlanOut:
    due = await queries.standing(unit.session, pledge, loan)
    return LoanPlanOut(plan=loan.plan, instalments=[_due(one, unit) for one in due])


@router.get("")
async def get(pledge_id: uuid.UUID, unit: Reading, response: Response) -> LoanOut:
    """The loan of a pledge, for those who lend and the offices of its district."""
    pledge, loan = await queries.get(unit.session, unit.actor, pledge_id)
    response.headers["ETag"] = etag(loan.version)
    return await _shown(unit, pledge, loan)


@router.get("/entries")
async def entries(pledge_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[LoanEntryOut]:
    """The book of the loan in the order in which it was kept, with the running balance."""
    _, loan = await queries.get(unit.session, unit.actor, pledge_id)
    found = await page(unit.session, queries.entries(loan.id), LoanEntry.id, paging.wanted)
    return paging.answer(found, await _entries(unit, loan, found.rows))


@router.get("/plan")
async def plan(pledge_id: uuid.UUID, unit: Reading) -> LoanPlanOut:
    """The repayment plan in force, with what has been paid of each instalment."""
    pledge, loan = await queries.get(unit.session, unit.actor, pledge_id)
    return await _planned(unit, pledge, loan)
