"""Loans on the wire: drawdowns, receipts, plans, and the book."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.loan_class import LoanClass
from app.schemas.common import (
    MAX_ROWS,
    Day,
    MoneyIn,
    MoneyOut,
    PositiveMoney,
    Reference,
    RequestModel,
    ResponseModel,
)


class InstalmentIn(RequestModel):
    """What is due on a day."""

    due_on: Day
    principal: MoneyIn = MoneyIn(amount="0.00")
    interest: MoneyIn = MoneyIn(amount="0.00")


class DrawdownIn(RequestModel):
    """Money paid out; with `plan`, how all that is then outstanding will be repaid."""

    amount: PositiveMoney
    drawn_on: Day
    reference: Reference
    plan: Annotated[list[InstalmentIn], Field(default_factory=list, max_length=MAX_ROWS)]


class RepaymentIn(RequestModel):
    """Money that came in: either `amount`, of which interest due is paid first, or the parts as agreed."""

    amount: PositiveMoney | None = None
    principal: MoneyIn | None = None
    interest: MoneyIn | None = None
    received_on: Day
    reference: Reference


class LoanPlanIn(RequestModel):
    """Another repayment plan, in force from the day on which it was agreed."""

    from_on: Day
    instalments: Annotated[list[InstalmentIn], Field(min_length=1, max_length=MAX_ROWS)]


class LoanWriteOffIn(RequestModel):
    """Principal that the bank gives up."""

    principal: PositiveMoney
    written_off_on: Day
    reference: Reference


class DueOut(ResponseModel):
    """An instalment and what has been paid of it."""

    due_on: date
    principal: MoneyOut
    interest: MoneyOut
    principal_paid: MoneyOut
    interest_paid: MoneyOut
    paid: bool
    overdue_days: int


class LoanOut(ResponseModel):
    """A loan: what moved on it, what is outstanding, how late it is, and its class.

    `overdue_since` is the due day of the earliest instalment not paid in full; `overdue` all that is past
    its day. `loan_class` and its day are of the last classification, the bank's or the calendar's.
    """

    id: uuid.UUID
    pledge_id: uuid.UUID
    pledge_number: str
    status: str
    limit: MoneyOut
    revolving: bool
    drawn: MoneyOut
    repaid: MoneyOut
    written_off: MoneyOut
    interest_received: MoneyOut
    outstanding: MoneyOut
    drawable: MoneyOut
    overdue: MoneyOut
    overdue_since: date | None
    overdue_days: int
    next_due: DueOut | None
    plan: int
    loan_class: LoanClass | None
    classed_on: date | None
    version: int


class LoanEntryOut(ResponseModel):
    """An entry of the book; `balance` is the outstanding principal once it was booked."""

    id: uuid.UUID
    kind: str
    principal: MoneyOut
    interest: MoneyOut
    occurred_on: date
    reference: str | None
    reverses_id: uuid.UUID | None
    reversed_by_id: uuid.UUID | None
    balance: MoneyOut
    recorded_at: datetime


class LoanBookedOut(ResponseModel):
    """What was booked, and where the loan stands after it."""

    entry: LoanEntryOut
    loan: LoanOut


class LoanPlanOut(ResponseModel):
    """A repayment plan; what was drawn beside it is due on the last day of the debt period."""

    plan: int
    instalments: list[DueOut]
