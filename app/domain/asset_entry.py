"""A right as a caller describes it, and what speaks for and against entering it so into the register."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from app.domain.asset import (
    CN,
    DATES_OUT_OF_ORDER,
    IN_FORCE,
    NOT_OF_KIND,
    SHARES_INCOMPLETE,
    STATUS_NOT_OF_KIND,
    STATUSES,
    ZH,
    AssetKind,
    AssetStatus,
    MarkKind,
    NumberScheme,
    last_day_in_force,
    shares_whole,
)
from app.domain.asset_goods import NewItem, read_items
from app.domain.asset_number import Numbers, attempt, read_numbers
from app.domain.asset_sign import sign_key
from app.domain.classification import parse_ipc, parse_locarno
from app.domain.errors import ErrorKind, Severity, Violation, define
from app.domain.patent_number import PatentType
from app.domain.request import date_faults
from app.domain.trademark_number import parse_nice_class

PATENT_TYPE_DIFFERS = define(
    "asset.patent_type_differs",
    ErrorKind.invalid,
    "专利类型 {given} 与申请号所示类型 {expected} 不符",
    "Patent type {given} is not the one the application number shows: {expected}.",
    basis="ZC 0006-2003",
)
CLASS_MISSING = define(
    "asset.class_missing",
    ErrorKind.invalid,
    "中国商标至少有一个商品服务类别",
    "A CN trademark has at least one Nice class.",
    basis="商标法第22条",
)
CLASS_TWICE = define(
    "asset.class_twice",
    ErrorKind.invalid,
    "第 {nice_class} 类重复",
    "Class {nice_class} is given twice.",
)
OWNER_TWICE = define(
    "asset.owner_twice",
    ErrorKind.invalid,
    "权利人 {party_id} 重复",
    "Owner {party_id} is given twice.",
)
FILING_YEAR_DIFFERS = define(
    "asset.filing_year_differs",
    ErrorKind.invalid,
    "申请日 {filed_on} 与申请号中的年份 {year} 不同；分案申请和国际申请可以如此，请核对",
    "The filing date {filed_on} is not in the year of the number, {year}: right for divisional and "
    "international applications, otherwise please check.",
    severity=Severity.acknowledge,
)
TERM_OVER = define(
    "asset.term_over",
    ErrorKind.invalid,
    "按日期推算权利期限已于 {last_day} 届满，但法律状态为 {status}；商标请核对续展次数",
    "By its dates the right's term ended on {last_day}, yet its status is {status}; of a trademark please "
    "check the number of renewals.",
    severity=Severity.acknowledge,
)

_NO_NUMBERS = Numbers((), "")


@dataclass(frozen=True, slots=True)
class NewClass:
    """A Nice class with the goods or services named in it, as one text or item by item."""

    nice_class: int
    goods: str | None = None
    items: Sequence[NewItem] = ()


@dataclass(frozen=True, slots=True)
class NewOwner:
    """An owner; `share_ppm` in millionths of the right, None for undivided ownership."""

    party_id: uuid.UUID
    share_ppm: int | None = None
    acquired_on: date | None = None


@dataclass(frozen=True, slots=True)
class NewAsset:
    """A right as the caller describes it. No owners: the owner is unrecorded; else the first patentee first.

    `renewals` counts the decades a trademark was renewed for (LS-12); `mark_kind` None: an ordinary mark.
    """

    kind: AssetKind
    numbers: Mapping[NumberScheme, str]
    name: str
    status: AssetStatus
    status_source: str
    office: str = CN
    status_as_of: date | None = None
    patent_type: PatentType | None = None
    ipc: str | None = None
    mark_kind: MarkKind | None = None
    classes: Sequence[NewClass] = ()
    filed_on: date | None = None
    granted_on: date | None = None
    registered_on: date | None = None
    renewals: int = 0
    owners: Sequence[NewOwner] = ()

    @property
    def status_since(self) -> date | None:
        """The day the status took effect, where one of the dates tells it."""
        match self.status:
            case AssetStatus.application | AssetStatus.applied:
                return self.filed_on
            case AssetStatus.granted:
                return self.granted_on
            case AssetStatus.registered:
                return self.registered_on
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Entry:
    """A description read: normal forms, every objection, and what does not object but wants another look.

    `sign_key`: the words of a mark, by which identical marks are found (TR-11).
    """

    numbers: Numbers
    patent_type: PatentType | None
    ipc: str | None
    mark_kind: MarkKind | None
    sign_key: str | None
    classes: tuple[NewClass, ...]
    last_day_in_force: date | None
    violations: list[Violation]
    warnings: list[Violation]


def read_entry(new: NewAsset, *, today: date) -> Entry:
    """Read a description. What the register itself would have to be asked is not judged here.

    Objections: numbers (ID-01 to ID-13), symbols (ID-14), fields and statuses of the other kind, dates
    that cannot be, an owner given twice, shares that are not the whole (AST-06).
    """
    objections: list[Violation] = []
    numbers = attempt(objections, read_numbers, new.kind, new.office, new.numbers, today=today)
    numbers = numbers or _NO_NUMBERS
    patent_type = _patent_type(new, numbers, objections)
    ipc = attempt(objections, _symbol, new.ipc, patent_type)
    classes = _classes(new, objections)
    objections += _unfit(new) + _impossible_dates(new, today) + _ownership(new.owners)
    last_day = last_day_in_force(
        new.kind,
        new.office,
        patent_type=patent_type,
        filed_on=new.filed_on,
        registered_on=new.registered_on,
        renewals=new.renewals,
    )
    mark = new.kind is AssetKind.trademark
    return Entry(
        numbers=numbers,
        patent_type=patent_type,
        ipc=ipc,
        mark_kind=new.mark_kind or MarkKind.ordinary if mark else None,
        sign_key=sign_key(new.name) if mark else None,
        classes=classes,
        last_day_in_force=last_day,
        violations=objections,
        warnings=_warnings(new, numbers, last_day, today),
    )


def _patent_type(new: NewAsset, numbers: Numbers, objections: list[Violation]) -> PatentType | None:
    shown = numbers.patent_type
    if shown is not None and new.patent_type not in (None, shown):
        given = new.patent_type
        objections.append(PATENT_TYPE_DIFFERS.violation("/patent_type", given=given, expected=shown))
    return shown or new.patent_type


@lru_cache(maxsize=16_384)
def _symbol(text: str | None, patent_type: PatentType | None) -> str | None:
    """The main class: IPC of inventions and utility models, Locarno of designs (ID-14)."""
    if text is None:
        return None
    if patent_type is PatentType.design or (patent_type is None and "-" in text):
        return parse_locarno(text, pointer="/ipc").canonical
    return parse_ipc(text, pointer="/ipc").canonical


def _classes(new: NewAsset, objections: list[Violation]) -> tuple[NewClass, ...]:
    """One registration has one or more classes, each once (ID-13, AST-03), each with its items if known."""
    seen: set[int] = set()
    read: list[NewClass] = []
    for position, given in enumerate(new.classes):
        at = f"/classes/{position}/nice_class"
        attempt(objections, parse_nice_class, given.nice_class, pointer=at)
        if given.nice_class in seen:
            objections.append(CLASS_TWICE.violation(at, nice_class=given.nice_class))
        seen.add(given.nice_class)
        items = [(f"/classes/{position}/items/{place}", item) for place, item in enumerate(given.items)]
        read.append(replace(given, items=read_items(items, objections)))
    if new.kind is AssetKind.trademark and new.office == CN and not new.classes:
        objections.append(CLASS_MISSING.violation("/classes"))
    return tuple(read)


def _unfit(new: NewAsset) -> list[Violation]:
    """Fields of the other kind of right, and a status it cannot have."""
    foreign: Mapping[str, object]
    if new.kind is AssetKind.patent:
        foreign = {
            "classes": new.classes,
            "registered_on": new.registered_on,
            "renewals": new.renewals,
            "mark_kind": new.mark_kind,
        }
    else:
        foreign = {"patent_type": new.patent_type, "ipc": new.ipc, "granted_on": new.granted_on}
    kind, kind_zh = new.kind, ZH[new.kind]
    found = [
        NOT_OF_KIND.violation(f"/{field}", kind=kind, kind_zh=kind_zh, field=field)
        for field, value in foreign.items()
        if value
    ]
    if new.status not in STATUSES[new.kind]:
        found.append(STATUS_NOT_OF_KIND.violation("/status", kind=kind, kind_zh=kind_zh, status=new.status))
    return found


def _impossible_dates(new: NewAsset, today: date) -> list[Violation]:
    """Dates after today, and grants or registrations before the filing."""
    dates = {
        "/filed_on": new.filed_on,
        "/granted_on": new.granted_on,
        "/registered_on": new.registered_on,
        "/status_as_of": new.status_as_of,
    }
    for position, owner in enumerate(new.owners):
        dates[f"/owners/{position}/acquired_on"] = owner.acquired_on
    found = [
        fault for at, day in dates.items() if day is not None for fault in date_faults(at, day, today=today)
    ]
    if new.filed_on is not None:
        found += [
            DATES_OUT_OF_ORDER.violation(at, date=day, filed_on=new.filed_on)
            for at in ("/granted_on", "/registered_on")
            if (day := dates[at]) is not None and day < new.filed_on
        ]
    return found


def _ownership(owners: Sequence[NewOwner]) -> list[Violation]:
    """An owner given twice, and shares that are neither all undivided nor the whole (AST-06)."""
    found = []
    seen: set[uuid.UUID] = set()
    for position, owner in enumerate(owners):
        if owner.party_id in seen:
            at = f"/owners/{position}/party_id"
            found.append(OWNER_TWICE.violation(at, party_id=owner.party_id))
        seen.add(owner.party_id)
    if not shares_whole([owner.share_ppm for owner in owners]):
        found.append(SHARES_INCOMPLETE.violation("/owners"))
    return found


def _warnings(new: NewAsset, numbers: Numbers, last_day: date | None, today: date) -> list[Violation]:
    """A filing date outside the number's year (ID-06); a right in force although its term is over."""
    found = []
    if numbers.year is not None and new.filed_on is not None and new.filed_on.year != numbers.year:
        found.append(FILING_YEAR_DIFFERS.violation("/filed_on", filed_on=new.filed_on, year=numbers.year))
    if last_day is not None and new.status in IN_FORCE and last_day < (new.status_as_of or today):
        found.append(TERM_OVER.violation("/status", last_day=last_day, status=new.status))
    return found
