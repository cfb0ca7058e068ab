"""A ledger on the wire: accounts, transfers and statements."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.domain.ledger import Effective, Side, TransferKind
from app.domain.ledger_book import Outcome
from app.schemas.common import (
    Day,
    Id,
    MoneyOut,
    Name,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
    ViolationOut,
)

MAX_BATCH = 10_000
"""Transfers that one request books."""


class AccountIn(RequestModel):
    """A further account of the pool's ledger."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
    name: Name
    normal_side: Annotated[Side, Field(strict=False)]
    limit_side: Annotated[Side, Field(strict=False)] | None = None


class AccountOut(ResponseModel):
    """An account with posted and pending totals, in one consistent answer with its last version.

    `frozen_by` is the transfer whose void gives a frozen account back.
    """

    id: uuid.UUID
    ledger_id: uuid.UUID
    code: str
    name: str
    normal_side: str
    limit_side: str | None
    memo: bool
    frozen_by: uuid.UUID | None
    debits_posted: MoneyOut
    credits_posted: MoneyOut
    debits_pending: MoneyOut
    credits_pending: MoneyOut
    version: int


class PendingOut(ResponseModel):
    """A pending transfer on an account: what it sets aside, on which side, and until when."""

    transfer_id: uuid.UUID
    side: str
    code: str
    amount: MoneyOut
    freezes: str | None
    business_noun: str
    business_id: uuid.UUID
    occurred_on: date
    expires_on: date | None


class TransferIn(RequestModel):
    """A transfer; `id` may be chosen by the client and then names this transfer for ever.

    `expires_on` is the last day on which a pending one can be posted. `corrects_on` names the day in a closed
    period that it is about; `adjustment` is for a period that is held.
    """

    id: Id | None = None
    kind: Annotated[TransferKind, Field(strict=False)] = TransferKind.posted
    debit_account_id: Id | None = None
    credit_account_id: Id | None = None
    amount: PositiveMoney | None = None
    resolves_id: Id | None = None
    code: Name
    narrative: Text | None = None
    occurred_on: Day | None = None
    corrects_on: Day | None = None
    expires_on: Day | None = None
    adjustment: bool = False


class BatchItemIn(TransferIn):
    """A transfer of a batch.

    `linked`: it stands or falls with the next one. Transfers of one `posting_id`, side by side, are one
    journal and stand or fall together.
    """

    posting_id: Id | None = None
    linked: bool = False


class BatchMode(StrEnum):
    """`atomic`: all or none; `continue`: each chain and each posting by itself."""

    atomic = "atomic"
    continue_ = "continue"


class BatchIn(RequestModel):
    """Transfers in the order in which they are booked."""

    mode: Annotated[BatchMode, Field(strict=False)] = BatchMode.atomic
    transfers: Annotated[list[BatchItemIn], Field(min_length=1, max_length=MAX_BATCH)]


class BatchItemOut(ResponseModel):
    """What became of a transfer; `exists`: it had been booked before with the same values."""

    id: uuid.UUID | None
    outcome: Outcome
    posting_id: uuid.UUID | None
    violations: list[ViolationOut]


class BatchOut(ResponseModel):
    """A result for each transfer, in their order."""

    created: int
    exists: int
    refused: int
    results: list[BatchItemOut]


class ReversalIn(RequestModel):
    """Why a transfer is taken back, and from which day on."""

    effective: Annotated[Effective, Field(strict=False)]
    reason: Text


class TransferOut(ResponseModel):
    """A transfer as booked, with the transfers that resolved or reversed it."""

    id: uuid.UUID
    ledger_id: uuid.UUID
    kind: str
    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount: MoneyOut
    resolves_id: uuid.UUID | None
    resolved_by: uuid.UUID | None
    resolved_as: str | None
    reverses_id: uuid.UUID | None
    reversed_by: uuid.UUID | None
    posting_id: uuid.UUID
    code: str
    narrative: str | None
    business_noun: str
    business_id: uuid.UUID
    occurred_on: date
    booked_on: date
    corrects_on: date | None
    expires_on: date | None
    adjustment: bool
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


class HoldingOut(ResponseModel):
    """An account with what is pending on it and its last entry, all of one moment.

    `holds` are at most a thousand, the oldest first; `held` counts all.
    """

    account: AccountOut
    last_entry: EntryOut | None
    held: int
    holds: list[PendingOut]
