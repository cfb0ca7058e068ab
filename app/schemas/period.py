"""Accounting periods on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.schemas.common import Id, MoneyOut, RequestModel, ResponseModel, Text


class ReopeningIn(RequestModel):
    """Why a closed period is opened again, and the document that says so."""

    reason: Text
    document_id: Id


class PeriodOut(ResponseModel):
    """A calendar month of a pool's ledger. `round` counts its closings; 0: it was never held."""

    period: Annotated[str, Field(examples=["2021-07"])]
    id: uuid.UUID | None
    begins_on: date
    ends_on: date
    status: str
    round: int
    closed_on: date | None
    reason: str | None
    version: int


class PeriodBalanceOut(ResponseModel):
    """What had effect on an account by the end of a closed period; `account_version`: booked by then."""

    account_id: uuid.UUID
    code: str
    account_version: int
    debits_posted: MoneyOut
    credits_posted: MoneyOut
    debits_pending: MoneyOut
    credits_pending: MoneyOut


class PeriodDetailOut(PeriodOut):
    """A period with the balances its accounts were closed with; none while it is not closed."""

    balances: list[PeriodBalanceOut]
