"""Rows of official lists, read and judged: a row is in or out, with everything that speaks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from app.domain import reconciliation as rules
from app.domain.asset import CN, STATUSES, AssetKind, AssetStatus, NumberScheme
from app.domain.asset_number import Number, attempt, read_numbers
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.imports import VALUE_MISSING, Row, day_of, names_of, text_of
from app.domain.reconciliation import Subject
from app.domain.text import name_key
from app.domain.uscc import parse_uscc

COLUMNS: Mapping[Subject, tuple[str, ...]] = {
    Subject.patents: ("number", "status", "owners"),
    Subject.trademarks: ("number", "status", "owners"),
    Subject.liens: ("number", "registered_on", "pledgee"),
}
"""Columns a list must have. It may have `office` (CN), for rights `last_day_in_force`, for liens `kind`
(patent), `reference` and `ended_on`; others are left alone."""

_S = AssetStatus
OFFICIAL_WORDS: Mapping[AssetKind, Mapping[str, frozenset[AssetStatus]]] = {
    AssetKind.patent: {
        "授权": frozenset({_S.granted, _S.late_fee, _S.invalid_part}),
        "专利权维持": frozenset({_S.granted, _S.late_fee, _S.invalid_part}),
        "等年费滞纳金": frozenset({_S.late_fee}),
        "未缴年费专利权终止，等恢复": frozenset({_S.restorable}),
        "未缴年费终止失效": frozenset({_S.terminated_fee}),
        "专利权有效期届满": frozenset({_S.expired}),
        "届满终止失效": frozenset({_S.expired}),
    },
    AssetKind.trademark: {
        "已注册": frozenset({_S.registered, _S.renewal_window, _S.grace}),
        "申请中": frozenset({_S.applied}),
        "已注销": frozenset({_S.surrendered}),
        "已撤销": frozenset({_S.cancelled}),
        "已无效": frozenset({_S.invalid}),
    },
}
"""The offices' own words for a status, which say less than ours: any of the statuses agrees with them."""


@dataclass(frozen=True, slots=True)
class ListedRight:
    """A right as the list has it; `statuses`: those that agree with `status`, which is as written."""

    line: int
    kind: AssetKind
    office: str
    number: Number
    status: str
    statuses: frozenset[AssetStatus]
    owners: tuple[str, ...]
    last_day_in_force: date | None

    @property
    def owner_keys(self) -> frozenset[str]:
        """The names as names are compared."""
        return frozenset(name_key(name) for name in self.owners)


@dataclass(frozen=True, slots=True)
class ListedLien:
    """A lien as the list has it: `pledgee` is a 统一社会信用代码 or a name; `ended_on` None: in force."""

    line: int
    kind: AssetKind
    office: str
    number: Number
    registered_on: date
    pledgee: str
    reference: str | None
    ended_on: date | None

    @property
    def shown(self) -> str:
        """Day and reference, never for whom it is."""
        return f"{self.registered_on} {self.reference or ''}".strip()


Listed = TypeVar("Listed", ListedRight, ListedLien)


def read_right(row: Row, *, line: int, kind: AssetKind, list_as_of: date) -> ListedRight:
    """A right of the list.

    Raises, all that apply: the objections of its number, `reconciliation.status_unknown`,
    `import.value_missing`, `import.date_format`.
    """
    faults: list[Violation] = []
    number = _number(row, kind, list_as_of, faults)
    status = _required(row, "status", faults)
    statuses = _statuses(kind, status)
    if status and not statuses:
        faults.append(rules.STATUS_UNKNOWN.violation("/status", given=status))
    _required(row, "owners", faults)
    last_day = day_of(row, "last_day_in_force", faults)
    if number is None or faults:
        raise DomainError(faults)
    owners = names_of(row, "owners")
    return ListedRight(line, kind, _office(row), number, status, statuses, owners, last_day)


def read_lien(row: Row, *, line: int, list_as_of: date) -> ListedLien:
    """A lien of the list.

    Raises, all that apply: the objections of the right's number, `reconciliation.kind_unknown`,
    `reconciliation.after_list`, `reconciliation.ended_before_registered`, `import.value_missing`,
    `import.date_format`.
    """
    faults: list[Violation] = []
    kind = _kind(row, faults)
    number = _number(row, kind, list_as_of, faults)
    pledgee = _required(row, "pledgee", faults)
    _required(row, "registered_on", faults)
    registered_on, ended_on = (day_of(row, column, faults) for column in ("registered_on", "ended_on"))
    for column, day in (("registered_on", registered_on), ("ended_on", ended_on)):
        if day is not None and day > list_as_of:
            faults.append(rules.AFTER_LIST.violation(f"/{column}", day=day, list_as_of=list_as_of))
    if registered_on and ended_on and ended_on < registered_on:
        days = {"ended_on": ended_on, "registered_on": registered_on}
        faults.append(rules.ENDED_BEFORE_REGISTERED.violation("/ended_on", **days))
    refuse_if(faults)
    if number is None or registered_on is None:
        raise ValueError("a row without objections has its number and its day")
    reference = text_of(row, "reference") or None
    return ListedLien(line, kind, _office(row), number, registered_on, pledgee, reference, ended_on)


def named(row: Row, subject: Subject, list_as_of: date) -> tuple[AssetKind, str, str] | None:
    """Kind, office and number key of a row that is refused: the list names the right all the same."""
    kind = {Subject.patents: AssetKind.patent, Subject.trademarks: AssetKind.trademark}.get(subject)
    kind = kind or _kind(row, [])
    number = _number(row, kind, list_as_of, [])
    return None if number is None else (kind, _office(row), number.key)


def twice_faults(rows: Sequence[Listed]) -> dict[int, Violation]:
    """The objection to each line that says again what a line before it says, by line."""
    first: dict[object, int] = {}
    found: dict[int, Violation] = {}
    for row in rows:
        place: tuple[object, ...] = (row.kind, row.office, row.number.key)
        if isinstance(row, ListedLien):
            place = (*place, row.registered_on, row.reference)
        if place in first:
            found[row.line] = rules.ROW_TWICE.violation("/number", line=first[place])
        first.setdefault(place, row.line)
    return found


def uscc_of(pledgee: str) -> str | None:
    """The pledgee's 统一社会信用代码, if the list gives that and not its name."""
    return attempt([], parse_uscc, pledgee)


def _office(row: Row) -> str:
    return text_of(row, "office").upper() or CN


def _kind(row: Row, faults: list[Violation]) -> AssetKind:
    given = text_of(row, "kind") or AssetKind.patent
    if given not in set(AssetKind):
        faults.append(rules.KIND_UNKNOWN.violation("/kind", given=given))
        return AssetKind.patent
    return AssetKind(given)


def _number(row: Row, kind: AssetKind, today: date, faults: list[Violation]) -> Number | None:
    """The number as its office writes it; another office's may be any of the right's numbers."""
    given = _required(row, "number", faults)
    if not given:
        return None
    own: list[Violation] = []
    read = attempt(own, read_numbers, kind, _office(row), {NumberScheme.application: given}, today=today)
    faults += [replace(fault, pointer="/number") for fault in own]
    return None if read is None else read.numbers[0]


def _statuses(kind: AssetKind, given: str) -> frozenset[AssetStatus]:
    if given in STATUSES[kind]:
        return frozenset({AssetStatus(given)})
    return OFFICIAL_WORDS[kind].get(given.replace(",", "，"), frozenset())


def _required(row: Row, column: str, faults: list[Violation]) -> str:
    text = text_of(row, column)
    if not text:
        faults.append(VALUE_MISSING.violation(f"/{column}", column=column))
    return text
