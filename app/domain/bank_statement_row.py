"""Rows of a bank's statement as its file brings them, read and judged, all faults at once (POL-19)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain import bank_statement as rules
from app.domain.errors import DomainError, Violation
from app.domain.imports import DATE_FORMAT, TEXT_TOO_LONG, VALUE_MISSING, Row, text_of
from app.domain.money import MAX_FEN, format_amount
from app.domain.period import FIRST_YEAR

COLUMNS = ("date",)
"""The column a file must have. Beside it `amount`, signed, or `debit` (out) and `credit` (in); as known
`counterparty`, `reference` and `balance`; others are left alone."""

NAMES: Mapping[str, str] = {
    "交易日期": "date",
    "记账日期": "date",
    "日期": "date",
    "发生额": "amount",
    "交易金额": "amount",
    "金额": "amount",
    "借方金额": "debit",
    "借方发生额": "debit",
    "借方": "debit",
    "支出": "debit",
    "贷方金额": "credit",
    "贷方发生额": "credit",
    "贷方": "credit",
    "收入": "credit",
    "对方户名": "counterparty",
    "对方账户名称": "counterparty",
    "摘要": "reference",
    "附言": "reference",
    "用途": "reference",
    "余额": "balance",
    "账户余额": "balance",
}
"""Columns as banks call them. Debit and credit are the bank's view: a debit takes out of the account."""

LONGEST = 500
"""Characters of a counterparty or a reference."""

_DAY = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})")
_AMOUNT = re.compile(r"([+-]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,14})(?:\.([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement of the account in fen, above zero what came in; `balance_fen` after it, if known."""

    line: int
    occurred_on: date
    amount_fen: int
    counterparty: str | None
    reference: str | None
    balance_fen: int | None


def column(cell: str) -> str:
    """Our name for a column of the header."""
    name = cell.strip()
    return NAMES.get(name, name.lower())


def read_line(row: Row, *, line: int) -> StatementLine:
    """A movement. Raises, all that apply, at `/lines/{line}/{column}`:

    `import.value_missing`, `import.date_format`, `import.text_too_long`, `bank_statement.amount_format`,
    `bank_statement.amount_missing`.
    """
    faults: list[Violation] = []
    place = f"/lines/{line}"
    day = _day(row, place, faults)
    amount = _amount(row, place, faults)
    balance = _fen(row, "balance", place, faults)
    texts = {name: _words(row, name, place, faults) for name in ("counterparty", "reference")}
    if faults or day is None or amount is None:
        raise DomainError(faults)
    return StatementLine(line, day, amount, texts["counterparty"], texts["reference"], balance)


def _day(row: Row, place: str, faults: list[Violation]) -> date | None:
    given = text_of(row, "date")
    if not given:
        faults.append(VALUE_MISSING.violation(f"{place}/date", column="date"))
        return None
    match = _DAY.fullmatch(given)
    try:
        if match is not None and int(match[1]) >= FIRST_YEAR:
            return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:  # a day no calendar has: the objection below
        pass
    faults.append(DATE_FORMAT.violation(f"{place}/date", column="date", given=given))
    return None


def _amount(row: Row, place: str, faults: list[Violation]) -> int | None:
    before = len(faults)
    amount = _fen(row, "amount", place, faults) or 0
    debit = _fen(row, "debit", place, faults) or 0
    credit = _fen(row, "credit", place, faults) or 0
    if len(faults) > before:
        return None
    given = [fen for fen in (amount, -debit, credit) if fen]
    if len(given) != 1:
        faults.append(rules.AMOUNT_MISSING.violation(place))
        return None
    return given[0]


def _fen(row: Row, name: str, place: str, faults: list[Violation]) -> int | None:
    given = text_of(row, name)
    if not given:
        return None
    match = _AMOUNT.fullmatch(given)
    fen = int(match[2].replace(",", "") + (match[3] or "").ljust(2, "0")) if match else None
    if match is None or fen is None or fen > MAX_FEN:
        faults.append(rules.AMOUNT_FORMAT.violation(f"{place}/{name}", column=name, given=given))
        return None
    return -fen if match[1] == "-" else fen


def _words(row: Row, name: str, place: str, faults: list[Violation]) -> str | None:
    given = text_of(row, name)
    if len(given) > LONGEST:
        faults.append(TEXT_TOO_LONG.violation(f"{place}/{name}", column=name, limit=LONGEST))
    return given or None


def in_order(lines: Sequence[StatementLine]) -> list[StatementLine]:
    """The movements, the oldest first: many banks put the newest on top."""
    backwards = list(reversed(lines))
    days = [one.occurred_on for one in lines]
    if days != sorted(days):
        return (
            backwards
            if days == sorted(days, reverse=True)
            else sorted(lines, key=lambda one: one.occurred_on)
        )
    if len(set(days)) == 1 and broken(lines, opening(lines)) and not broken(backwards, opening(backwards)):
        return backwards
    return list(lines)


def opening(lines: Sequence[StatementLine]) -> int | None:
    """The balance before the first movement, in fen, if the file says what it was after it."""
    if not lines or lines[0].balance_fen is None:
        return None
    return lines[0].balance_fen - lines[0].amount_fen


def broken(lines: Sequence[StatementLine], opening_fen: int | None) -> list[Violation]:
    """Where a balance of the file is not the one before it plus the movement."""
    if opening_fen is None:
        return []
    found: list[Violation] = []
    balance = opening_fen
    for one in lines:
        expected = balance + one.amount_fen
        if one.balance_fen is not None and one.balance_fen != expected:
            found.append(
                rules.BALANCE_BROKEN.violation(
                    f"/lines/{one.line}/balance", expected=signed(expected), given=signed(one.balance_fen)
                )
            )
        balance = expected if one.balance_fen is None else one.balance_fen
    return found


def signed(fen: int) -> str:
    """An amount in yuan as it stands in a sentence, with its sign."""
    return f"{'-' if fen < 0 else ''}{format_amount(abs(fen))}"
