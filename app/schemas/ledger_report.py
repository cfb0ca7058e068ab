"""What a ledger tells: balances of a day, statements, journals, and how books and statistics tie."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from app.schemas.common import MoneyOut, ResponseModel, SignedMoneyOut


class TotalsOut(ResponseModel):
    """An account's running totals. `balance`: posted money on its normal side, signed."""

    debits_posted: MoneyOut
    credits_posted: MoneyOut
    debits_pending: MoneyOut
    credits_pending: MoneyOut
    balance: SignedMoneyOut


class BalanceOut(ResponseModel):
    """What stood on an account at the end of a day."""

    account_id: uuid.UUID
    code: str
    name: str
    normal_side: str
    memo: bool
    totals: TotalsOut


class Known(ResponseModel):
    """The day asked for, and on what knowledge the answer rests."""

    on: date
    as_of: datetime | None
    seals: dict[str, int] = Field(description="Per stream the number of the last seal included.")
    settled: bool = Field(description="Whether the same question will always have this answer.")


class AccountBalanceOut(Known):
    """One account's balance on a day, as known at an instant."""

    account: BalanceOut


class TrialBalanceOut(Known):
    """All accounts' balances on a day; debits equal credits, posted and pending."""

    accounts: list[BalanceOut]
    debits_posted: MoneyOut
    credits_posted: MoneyOut
    debits_pending: MoneyOut
    credits_pending: MoneyOut


class StandOut(ResponseModel):
    """An account after its entry `account_version`, 0 before the first."""

    account_version: int
    totals: TotalsOut


class StatementLineOut(ResponseModel):
    """An entry: its transfer's side on this account and the totals after it."""

    account_version: int
    transfer_id: uuid.UUID
    posting_id: uuid.UUID
    side: str
    kind: str
    code: str
    narrative: str | None
    amount: MoneyOut
    posted: MoneyOut
    totals: TotalsOut
    occurred_on: date
    booked_on: date
    corrects_on: date | None
    resolves_id: uuid.UUID | None
    reverses_id: uuid.UUID | None
    recorded_at: datetime


class StatementMonthOut(ResponseModel):
    """A month of the statement that has been held or closed; `closing`: what it was last closed with.

    Its totals are those of what had effect by the month's last day, also of what was booked later for it;
    the statement's own closing is in the order of booking. Its version is the last entry booked by that day.
    """

    begins_on: date
    status: str
    round: int
    closing: StandOut | None


class StatementOut(ResponseModel):
    """An account in the order of booking. The next statement opens with what this one closes with."""

    account_id: uuid.UUID
    code: str
    name: str
    normal_side: str
    first_day: date
    last_day: date
    final: bool = Field(description="Whether its days are over, so that it will never change.")
    opening: StandOut
    closing: StandOut
    months: list[StatementMonthOut]
    items: list[StatementLineOut]
    next_cursor: str | None


class JournalLegOut(ResponseModel):
    """One transfer of a posting."""

    transfer_id: uuid.UUID
    kind: str
    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount: MoneyOut
    code: str
    narrative: str | None
    business_noun: str
    business_id: uuid.UUID
    occurred_on: date
    corrects_on: date | None
    resolves_id: uuid.UUID | None
    reverses_id: uuid.UUID | None
    adjustment: bool


class JournalOut(ResponseModel):
    """A posting: transfers that were booked together, all or none, under one event."""

    posting_id: uuid.UUID
    booked_on: date
    event_id: uuid.UUID
    recorded_at: datetime
    legs: list[JournalLegOut]


class MismatchOut(ResponseModel):
    """An event and a day on which books and statistics differ; null: nothing on that side."""

    event_id: uuid.UUID
    occurred_on: date
    claim_id: uuid.UUID | None
    counted: SignedMoneyOut | None
    booked: SignedMoneyOut | None
    transfer_ids: list[uuid.UUID]


class TieOut(ResponseModel):
    """A measure's sum over the days, and that of the account which it counts."""

    measure: str
    account: str
    counted: SignedMoneyOut
    booked: SignedMoneyOut
    difference: SignedMoneyOut
    mismatches: list[MismatchOut]


class TiesOut(ResponseModel):
    """Whether a pool's books and the statistics of its claims say the same."""

    first_day: date
    last_day: date
    tied: bool
    ties: list[TieOut]
