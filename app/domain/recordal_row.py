"""Rows of recorded documents: what they do, between whom, to which rights, and in which order.

An office's list names a document's rights by two lists of numbers, of applications and of patents, and
leaves the second shorter where an application has no patent: which patent belongs to which application
is worked out over the whole file (`pair_file`).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from app.domain.asset import CN, AssetKind
from app.domain.asset_number import attempt
from app.domain.errors import ErrorKind, Violation, define, refuse_if
from app.domain.imports import Row, check_length, day_of, names_of, text_of
from app.domain.patent_number import parse_patent_number
from app.domain.recordal import RecordalKind
from app.domain.text import compact, name_key
from app.domain.trademark_number import parse_trademark_number

KIND_UNSUPPORTED = define(
    "recordal.kind_unsupported",
    ErrorKind.invalid,
    "事项“{given}”不是登记簿记载的事项",
    "“{given}” is not a kind of document that a register records.",
)
NUMBER_MISSING = define(
    "recordal.number_missing",
    ErrorKind.invalid,
    "没有专利号、注册号或申请号，不知涉及哪项权利",
    "There is no number of a patent, registration or application: the right is not known.",
)
NUMBER_FORMAT = define(
    "recordal.number_format",
    ErrorKind.invalid,
    "号码“{given}”无法识别",
    "Number “{given}” is not in form.",
)
PARTY_MISSING = define(
    "recordal.party_missing",
    ErrorKind.invalid,
    "没有当事人：双方都既无名称也无人数，或缺少取得权利的一方",
    "There is no party: neither side has a name or a count of persons, or the side that acquires has none.",
)
DATE_MISSING = define(
    "recordal.date_missing",
    ErrorKind.invalid,
    "既无登记日也无签署日，无法排定先后",
    "There is no date of recording or execution: its place in the order is not known.",
)
DUPLICATE = define(
    "recordal.duplicate",
    ErrorKind.conflict,
    "登记号 {reference} 已有内容不同的记载",
    "Reference {reference} is already recorded with other content.",
)
DATE_RANGE = define(
    "recordal.date_range",
    ErrorKind.invalid,
    "列 {column} 的日期“{given}”不在 {first} 年至 {last} 年之间",
    "“{given}” in column {column} is not a date of the years {first} to {last}.",
)
COUNT_FORMAT = define(
    "recordal.count_format",
    ErrorKind.invalid,
    "列 {column} 的人数“{given}”不是 0 至 9999 的整数",
    "“{given}” in column {column} is not a number of persons from 0 to 9999.",
)
AMOUNT_FORMAT = define(
    "recordal.amount_format",
    ErrorKind.invalid,
    "金额“{given}”不是以元为单位、至多两位小数的正数",
    "“{given}” is not a positive amount of yuan with at most two decimals.",
)

KINDS: Mapping[str, RecordalKind] = {
    **{kind.value: kind for kind in RecordalKind},
    "name_change": RecordalKind.rename,
}
TITLE_KINDS = frozenset(
    {
        RecordalKind.transfer,
        RecordalKind.rename,
        RecordalKind.merger,
        RecordalKind.inheritance,
        RecordalKind.court_ruling,
        RecordalKind.auction,
    }
)
"""Kinds after which the receiving side owns the right."""

YEARS = (1850, 2100)
"""Between which documents can have been signed and recorded; other years are slips of the pen."""

_ACQUIRING = TITLE_KINDS | {RecordalKind.pledge, RecordalKind.pledge_assignment}
_MARK = re.compile(r"TM(?:REG|SERIAL)?(?=[0-9])")
_NUMBER = re.compile(r"[A-Z]{0,3}[0-9]{3,13}[A-Z0-9]{0,2}")
_AMOUNT = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,2})?")
_COUNT = re.compile(r"[0-9]{1,4}")
_RANKS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_CAPACITY = re.compile(r",?\s+AS\s+(?:[\w&'-]+\s+)*(?:AGENT|TRUSTEE)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NamedRight:
    """A right as a document names it: its application number, its patent or registration number, or both."""

    kind: AssetKind
    application: str | None
    registration: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class RecordalRow:
    """A recorded document. Persons are withheld: the sides are named organisations and counts of persons."""

    office: str
    kind: RecordalKind
    reference: str | None
    refers_to: str | None
    recorded_on: date | None
    executed_on: date | None
    conveyance: str
    stated_rank: str | None
    partial: bool
    assignors: tuple[str, ...]
    assignees: tuple[str, ...]
    persons_giving: int
    persons_receiving: int
    amount_fen: int | None
    mixed: bool
    right_kind: AssetKind
    source: str
    applications: tuple[str, ...] = ()
    registrations: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    rights: tuple[NamedRight, ...] = field(default=())

    @property
    def effective_on(self) -> date:
        """The day it counts from: that of recording, else that of execution."""
        day = self.recorded_on or self.executed_on
        if day is None:
            raise ValueError("a row without any date has been refused")
        return day

    @property
    def asset_kind(self) -> str:
        """`patent`, `trademark`, or `mixed` where the agreement covers both, listed here or not."""
        kinds = {right.kind.value for right in self.rights}
        return "mixed" if self.mixed or len(kinds) > 1 else kinds.pop()


def recordal_row(row: Row, *, today: date) -> RecordalRow:
    """Read a document.

    Raises, all that apply: `recordal.*`, `import.date_format`, `import.text_too_long`, number codes.
    """
    violations: list[Violation] = []
    given = text_of(row, "event_kind")
    kind = KINDS.get(given)
    if kind is None:
        violations.append(KIND_UNSUPPORTED.violation("/event_kind", given=given))
    numbers = _Numbers.read(row, violations, today)
    read = RecordalRow(
        office=text_of(row, "jurisdiction"),
        kind=kind or RecordalKind.other,
        reference=text_of(row, "reel_frame") or None,
        refers_to=text_of(row, "refers_to_reel_frame") or None,
        recorded_on=_day(row, "recorded", violations),
        executed_on=_day(row, "executed", violations),
        conveyance=text_of(row, "conveyance"),
        stated_rank=text_of(row, "rank") or None,
        partial=text_of(row, "partial") == "1",
        assignors=names_of(row, "assignor_orgs"),
        assignees=names_of(row, "assignee_orgs"),
        persons_giving=_count(row, "n_individual_assignors", violations),
        persons_receiving=_count(row, "n_individual_assignees", violations),
        amount_fen=_amount(row, violations),
        mixed=text_of(row, "ip_type").startswith("mixed"),
        right_kind=numbers.kind,
        source=text_of(row, "source"),
        applications=numbers.applications,
        registrations=numbers.registrations,
        titles=tuple(part.strip() for part in text_of(row, "titles").split("|")),
    )
    refuse_if([*_lacks(read, row), *violations] if kind else [*violations, *_lacks(read, row)])
    return read


def _lacks(read: RecordalRow, row: Row) -> list[Violation]:
    """What a document must have: a right, a party, a day, and names that can be looked up."""
    found: list[Violation] = []
    for column in ("jurisdiction", "reel_frame", "refers_to_reel_frame"):
        check_length(text_of(row, column), column, found)
    for column, names in (("assignor_orgs", read.assignors), ("assignee_orgs", read.assignees)):
        check_length(max(names, key=len, default=""), column, found)
    if not read.applications and not read.registrations:
        found.append(NUMBER_MISSING.violation("/patent_numbers"))
    giving = bool(read.assignors) or read.persons_giving > 0
    receiving = bool(read.assignees) or read.persons_receiving > 0
    if not (receiving or (giving and read.kind not in _ACQUIRING)):
        found.append(PARTY_MISSING.violation("/assignee_orgs"))
    if not text_of(row, "recorded") and not text_of(row, "executed"):
        found.append(DATE_MISSING.violation("/recorded"))
    return found


@dataclass(frozen=True, slots=True)
class _Numbers:
    kind: AssetKind
    applications: tuple[str, ...]
    registrations: tuple[str, ...]

    @classmethod
    def read(cls, row: Row, violations: list[Violation], today: date) -> _Numbers:
        """Both lists. Marks are written `TM reg 123` and `TM serial 123`; CN has one number for both."""
        columns = ("application_numbers", "patent_numbers")
        bodies = [
            [compact(part).replace(",", "") for part in text_of(row, column).split(";") if part.strip()]
            for column in columns
        ]
        mark = text_of(row, "ip_type") == "trademark" or any(_MARK.match(b) for part in bodies for b in part)
        kind = AssetKind.trademark if mark else AssetKind.patent
        office = text_of(row, "jurisdiction")
        read = [
            tuple(
                number
                for body in part
                if (number := _number(_MARK.sub("", body), office, kind, violations, today)) is not None
            )
            for part in bodies
        ]
        if office == CN:
            return cls(kind, tuple(dict.fromkeys((*read[0], *read[1]))), ())
        return cls(kind, read[0], read[1])


def _number(body: str, office: str, kind: AssetKind, violations: list[Violation], today: date) -> str | None:
    if office != CN:
        if _NUMBER.fullmatch(body):
            return body
        violations.append(NUMBER_FORMAT.violation("/patent_numbers", given=body))
        return None
    if kind is AssetKind.trademark:
        return attempt(violations, parse_trademark_number, body, pointer="/application_numbers")
    number = attempt(violations, parse_patent_number, body, today=today, pointer="/application_numbers")
    return number.canonical if number else None


def _day(row: Row, column: str, violations: list[Violation]) -> date | None:
    day, (first, last) = day_of(row, column, violations), YEARS
    if day is not None and not first <= day.year <= last:
        violations.append(
            DATE_RANGE.violation(f"/{column}", column=column, given=day, first=first, last=last)
        )
    return day


def _count(row: Row, column: str, violations: list[Violation]) -> int:
    text = text_of(row, column) or "0"
    if not _COUNT.fullmatch(text):
        violations.append(COUNT_FORMAT.violation(f"/{column}", column=column, given=text[:20]))
        return 0
    return int(text)


def _amount(row: Row, violations: list[Violation]) -> int | None:
    text = text_of(row, "amount_cny")
    if not text:
        return None
    if not _AMOUNT.fullmatch(text) or not text.strip("0."):
        violations.append(AMOUNT_FORMAT.violation("/amount_cny", given=text))
        return None
    yuan, _, cents = text.partition(".")
    return int(yuan) * 100 + int(cents.ljust(2, "0"))


def secured_key(name: str) -> str:
    """The key of a secured party without the capacity it acts in (`…, AS COLLATERAL AGENT`)."""
    return name_key(_CAPACITY.sub("", name))


def _is_design(number: str) -> bool:
    """US design patents begin with D, their applications are of series 29."""
    return number.startswith("D") or (len(number) == 8 and number.startswith("29"))


def _is_provisional(application: str) -> bool:
    """US series 60 to 63: provisional applications, which never become patents (35 U.S.C. 111(b))."""
    return len(application) == 8 and application[:2] in {"60", "61", "62", "63"}


def pair_numbers(
    applications: Sequence[str], registrations: Sequence[str], known: Mapping[str, str]
) -> dict[str, str]:
    """Which application carries which patent number: as far as the lists tell.

    Lists of one length are parallel. Otherwise both keep one order, so pairs that are `known`
    (application to patent) cut them into stretches, and a stretch with as many patents as applications
    that can have one is parallel again. Designs are told apart from other patents by their numbers.
    """
    if len(applications) == len(registrations):
        return dict(zip(applications, registrations, strict=True))
    found: dict[str, str] = {}
    for design in (False, True):
        left = [a for a in dict.fromkeys(applications) if not _is_provisional(a) and _is_design(a) == design]
        right = [r for r in dict.fromkeys(registrations) if _is_design(r) == design]
        found |= _stretches(left, right, known)
    return found


def _stretches(left: Sequence[str], right: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    place = {number: position for position, number in enumerate(right)}
    anchors = [(i, place[known[a]]) for i, a in enumerate(left) if known.get(a) in place]
    found = {left[i]: right[j] for i, j in anchors}
    if any(j >= following for (_, j), (_, following) in pairwise(anchors)):
        return found  # not one order after all: nothing more can be told
    for (i, j), (next_i, next_j) in pairwise([(-1, -1), *anchors, (len(left), len(right))]):
        if next_i - i == next_j - j:
            found |= zip(left[i + 1 : next_i], right[j + 1 : next_j], strict=True)
    return found


def pair_file(rows: Iterable[RecordalRow], registered: Mapping[str, str]) -> tuple[list[RecordalRow], int]:
    """The rows with their rights named, and how many patent numbers could not be placed.

    What one row tells helps the others; `registered` is what the register knows already. A row with
    applications names its rights by them; a patent number that has no place names no further right.
    """
    listed = list(rows)
    known = dict(registered)
    for row in listed:
        if len(row.applications) == len(row.registrations):
            known |= zip(row.applications, row.registrations, strict=True)
    before = -1
    while before != len(known):  # each round may cut further stretches; it ends when nothing is added
        before = len(known)
        for row in listed:
            taken = set(known.values())
            for application, registration in pair_numbers(row.applications, row.registrations, known).items():
                if registration not in taken:
                    known.setdefault(application, registration)
    named = [replace(row, rights=_named(row, known)) for row in listed]
    unplaced = sum(
        len(set(row.registrations) - {right.registration for right in row.rights}) for row in named
    )
    return named, unplaced


def _named(row: RecordalRow, known: Mapping[str, str]) -> tuple[NamedRight, ...]:
    """The rights of a row, each once; titles are taken where there is one for each."""
    numbers: dict[tuple[str | None, str | None], int] = {}
    if row.applications:
        pairs = dict(known)
        if len(row.applications) == len(row.registrations):
            pairs |= zip(row.applications, row.registrations, strict=True)
        for position, application in enumerate(row.applications):
            numbers.setdefault((application, pairs.get(application)), position)
    else:
        for position, registration in enumerate(row.registrations):
            numbers.setdefault((None, registration), position)
    total = len(row.applications) or len(row.registrations)
    titles: Sequence[str] = row.titles
    if total == 1:
        titles = [" | ".join(row.titles)]
    elif len(titles) != total:
        titles = [""] * total
    return tuple(
        NamedRight(row.right_kind, application, registration, titles[position] or None)
        for (application, registration), position in numbers.items()
    )


def replay_order(rows: Sequence[RecordalRow]) -> list[int]:
    """The places of `rows` in the order in which they take effect.

    By day (recorded, else executed); on one day documents whose recording is dated come before those
    of which only the execution is known, which were recorded later; then by reference. Pledges of one day
    that state their rank keep it: they take each other's places, no other row moves.
    """

    def key(place: int) -> tuple[date, bool, str, int]:
        row = rows[place]
        return row.effective_on, row.recorded_on is None, row.reference or "", place

    order = sorted(range(len(rows)), key=key)
    days = [rows[place].effective_on for place in order]
    start = 0
    while start < len(order):
        end = bisect(days, days[start])
        spots = [spot for spot in range(start, end) if _rank(rows[order[spot]]) is not None]
        ranked = sorted((order[spot] for spot in spots), key=lambda place: _rank(rows[place]) or 0)
        for spot, place in zip(spots, ranked, strict=True):
            order[spot] = place
        start = end
    return order


def _rank(row: RecordalRow) -> int | None:
    return _RANKS.get(row.stated_rank or "") if row.kind is RecordalKind.pledge else None


def merged(one: RecordalRow, other: RecordalRow) -> RecordalRow | None:
    """Two rows of one document that list different rights, as one; None when they contradict each other."""
    same = replace(other, rights=one.rights, applications=one.applications, registrations=one.registrations)
    if replace(same, titles=one.titles, source=one.source) != one:
        return None
    return replace(one, rights=tuple(dict.fromkeys((*one.rights, *other.rights))))
