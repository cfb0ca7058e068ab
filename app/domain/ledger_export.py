"""Exports of a pool's books (POL-24): what they hold, and how other programs name its accounts."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.fact import signed_amount
from app.domain.ledger import Side
from app.domain.pool import AccountCode

DAYS_REVERSED = define(
    "ledger.days_reversed",
    ErrorKind.invalid,
    "起始日期 {first} 晚于截止日期 {last}",
    "The first day {first} is after the last day {last}.",
)


class ExportFormat(StrEnum):
    """Tables for people, or plain text for the programs that check it."""

    csv = "csv"
    xlsx = "xlsx"
    hledger = "hledger"
    beancount = "beancount"


@dataclass(frozen=True, slots=True)
class ExportAccount:
    """An account with its totals when the export was taken, in fen."""

    id: uuid.UUID
    code: str
    name: str
    normal_side: str
    memo: bool
    version: int
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int


@dataclass(frozen=True, slots=True)
class ExportTransfer:
    """A transfer, with what it moved of the posted and of the pending totals, in fen."""

    id: uuid.UUID
    kind: str
    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount_fen: int
    posted_fen: int
    pending_fen: int
    resolves_id: uuid.UUID | None
    reverses_id: uuid.UUID | None
    posting_id: uuid.UUID
    event_id: uuid.UUID
    code: str
    narrative: str | None
    business_noun: str
    business_id: uuid.UUID
    occurred_on: date
    booked_on: date
    corrects_on: date | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A line of an account's statement: one side of a transfer with the totals after it, in fen."""

    account_code: str
    account_version: int
    booked_on: date
    occurred_on: date
    transfer_id: uuid.UUID
    side: str
    kind: str
    code: str
    narrative: str | None
    amount_fen: int
    posted_fen: int
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ExportHead:
    """Whose books they are, and when, by whom and on what knowledge they were taken out."""

    pool_number: str
    pool_name: str
    currency: str
    taken_on: date
    taken_at: datetime
    taken_by: str
    seal: int
    accounts: Sequence[ExportAccount]


@dataclass(frozen=True, slots=True)
class Books:
    """The books of a pool in one snapshot, read as often as they are asked for.

    `effective`: transfers by the day they have effect; `journals`: in the order of their booking; `lines`:
    the statements of all accounts, one after the other.
    """

    head: ExportHead
    effective: Callable[[], AsyncIterator[ExportTransfer]]
    journals: Callable[[], AsyncIterator[ExportTransfer]]
    lines: Callable[[], AsyncIterator[ExportLine]]


class Root(StrEnum):
    """The five kinds of account that plain-text accounting knows."""

    assets = "Assets"
    liabilities = "Liabilities"
    equity = "Equity"
    income = "Income"
    expenses = "Expenses"


_INCOME = frozenset({AccountCode.recovered, AccountCode.interest})
_EXPENSES = frozenset({AccountCode.compensation, AccountCode.fees})
MEMO, PENDING = "Memo", "Pending"


def root_of(account: ExportAccount) -> Root:
    """Money paid in, and what is only noted, is equity; accounts opened by hand follow their normal side."""
    family = account.code.partition(".")[0]
    if account.memo or family == AccountCode.contributions:
        return Root.equity
    if family in _INCOME:
        return Root.income
    if family in _EXPENSES:
        return Root.expenses
    return Root.assets if account.normal_side == Side.debit else Root.liabilities


def paths(accounts: Sequence[ExportAccount]) -> dict[uuid.UUID, str]:
    """For each account its name without the root, such as `Cash-专户存款`, which both programs accept.

    Unique: names that come out alike, which codes may, are numbered in the order of the accounts.
    """
    found: dict[uuid.UUID, str] = {}
    for account in accounts:
        code = account.code.removeprefix("memo.") if account.memo else account.code
        stem = ":".join(_component(part) for part in code.split("."))
        # With a dash, which the parts of a code have not: no account is the parent of another one.
        found[account.id] = _unused(f"{stem}-{_letters(account.name) or 'X'}", found.values())
    return found


def _unused(wanted: str, taken: Collection[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _component(part: str) -> str:
    """A part of a code: it begins with a capital or a digit and holds letters and digits."""
    text = part.replace("_", "") or "x"
    return text[0].upper() + text[1:]


def _letters(text: str) -> str:
    """Letters and digits, all else one dash."""
    kept = "".join(char if char.isalpha() or (char.isascii() and char.isdigit()) else " " for char in text)
    return "-".join(kept.split())


def posted_path(account: ExportAccount, path: str) -> str:
    """Where the posted money of an account is."""
    return f"{root_of(account)}:{MEMO}:{path}" if account.memo else f"{root_of(account)}:{path}"


def pending_path(path: str) -> str:
    """Where its pending money is: beside it, so that the posted balance is the account's own."""
    return f"{Root.equity}:{PENDING}:{path}"


def amount(fen: int) -> str:
    """`fen` as both programs read it: plain digits, a sign below zero, two decimals."""
    return signed_amount(fen)


def moves(transfer: ExportTransfer) -> list[tuple[bool, int]]:
    """What a transfer moves, as (posted?, fen): both when it posts what was pending; 0 when it freezes."""
    found = [(True, transfer.posted_fen)] if transfer.posted_fen else []
    return [*found, (False, transfer.pending_fen)] if transfer.pending_fen or not found else found


def one_line(text: str) -> str:
    """Text that stays on its line: no line break, no control character, single blanks."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Spreadsheets of East Asia take the wide ones too."""


def cell(text: str) -> str:
    """Text for a cell of a table: control characters are blanks, line breaks stay."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def harmless(text: str) -> str:
    """Text that a spreadsheet would take for a formula, marked as text."""
    return f"'{text}" if text.lstrip().startswith(FORMULA_SIGNS) else text
