"""A ledger on the wire: accounts, transfers and statements."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.ledger import Side, TransferKind
from app.schemas.common import Day, Id, MoneyOut, Name, PositiveMoney, RequestModel, ResponseModel


class AccountIn(RequestModel):
    """A further account of the pool's ledger."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
    name: Name
    normal_side: Annotated[Side, Field(strict=False)]
    limit_side: Annotated[Side, Field(strict=False)] | None = None


class AccountOut(ResponseModel):
    """An account with posted and pending totals, in one consistent answer with its last version."""

    id: uuid.UUID
    ledger_id: uuid.UUID
    code: str
    name: str
    normal_side: str
    limit_side: str | None
    memo: bool
    debits_posted: MoneyOut
    credits_posted: MoneyOut
    debits_pending: MoneyOut
    credits_pending: MoneyOut
    version: int


class TransferIn(RequestModel):
    """A transfer; `id` may be chosen by the client and then names this transfer for ever."""

    id: Id | None = None
    kind: Annotated[TransferKind, Field(strict=False)] = TransferKind.posted
    debit_account_id: Id | None = None
    credit_account_id: Id | None = None
    amount: PositiveMoney | None = None
    resolves_id: Id | None = None
    code: Name
    occurred_on: Day | None = None


class TransferOut(ResponseModel):
    """A transfer as booked."""

    id: uuid.UUID
    ledger_id: uuid.UUID
    kind: str
    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount: MoneyOut
    resolves_id: uuid.UUID | None
    posting_id: uuid.UUID
    code: str
    business_noun: str
    business_id: uuid.UUID
    occurred_on: date
    recorded_at: datetime


class EntryOut(ResponseModel):
    """One line of a statement: the transfer's side on this account and the totals after it."""

    transfer_id: uuid.UUID
    account_version: int
    side: str
    kind: str
    code: str
    amount: MoneyOut
    debits_posted: MoneyOut
    credits_posted: MoneyOut
    debits_pending: MoneyOut
    credits_pending: MoneyOut
    occurred_on: date
    recorded_at: datetime
