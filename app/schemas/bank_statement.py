"""Bank statements on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.common import Day, Id, MoneyIn, MoneyOut, RequestModel, ResponseModel


class BankStatementIn(RequestModel):
    """A statement of the special account, uploaded before as a CSV document (UTF-8 or GB18030).

    Columns: `date`, and `amount` (signed, above zero what came in) or the bank's `debit` (out) and `credit`
    (in); as known `counterparty`, `reference`, `balance`. Chinese names of banks are known too. What is not
    given is taken from the file, and from the statement before.
    """

    document_id: Id
    begins_on: Day | None = None
    ends_on: Day | None = None
    opening: MoneyIn | None = None
    closing: MoneyIn | None = None


class LineMatchIn(RequestModel):
    """The transfer that a line means."""

    transfer_id: Id


class BankStatementOut(ResponseModel):
    """A statement, and how many of its lines are in which state."""

    id: uuid.UUID
    number: str
    ledger_id: uuid.UUID
    begins_on: date
    ends_on: date
    opening: MoneyOut
    closing: MoneyOut
    file_sha256: str
    matched: int
    unmatched: int
    explained: int
    recorded_at: datetime


class BankStatementLineOut(ResponseModel):
    """A movement: `direction` is `in` or `out`; `rule` tells how it found its transfer."""

    id: uuid.UUID
    ordinal: int
    occurred_on: date
    direction: str
    amount: MoneyOut
    counterparty: str | None
    reference: str | None
    status: str
    rule: str | None
    transfer_id: uuid.UUID | None
    reason: str | None
    version: int


class MissingOut(ResponseModel):
    """A transfer of the special account that the bank does not show."""

    transfer_id: uuid.UUID
    occurred_on: date
    direction: str
    amount: MoneyOut
    code: str


class BankDifferencesOut(ResponseModel):
    """What ledger and bank do not have in common over a statement's days, the first of each, and how many.

    `missing`: in the ledger, not in the bank; `extra`: in the bank, not in the ledger.
    """

    matched: int
    missing_count: int
    extra_count: int
    missing: list[MissingOut]
    extra: list[BankStatementLineOut]
