"""Rows of published registers as files bring them: cells, parties, patents and trademarks, read and judged.

A row is in or out: everything that speaks against it is collected into one refusal. How the rows of a
file become records is decided in `app.services.imports`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, wraps
from typing import TypeVar

from app.domain.asset import CN, AssetKind, AssetStatus, NumberScheme
from app.domain.asset_entry import Entry, NewAsset, NewClass, read_entry
from app.domain.asset_number import attempt
from app.domain.asset_sign import NO_WORDS
from app.domain.classification import parse_ipc, parse_locarno
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.errors import DomainError, ErrorKind, Violation, define, refuse_if
from app.domain.party import NAME_MISSING, PartyKind
from app.domain.patent_number import PatentType
from app.domain.text import name_key, normalise
from app.domain.trademark_number import parse_nice_class
from app.domain.uscc import parse_uscc

ENCODING = define(
    "import.encoding",
    ErrorKind.malformed,
    "文件 {file} 既不是 UTF-8 也不是 GB18030 编码",
    "File {file} is neither UTF-8 nor GB18030.",
)
CSV_BROKEN = define(
    "import.csv_broken",
    ErrorKind.malformed,
    "文件 {file} 第 {line} 行附近不是合格的 CSV：{reason}",
    "File {file} is not well-formed CSV near line {line}: {reason}.",
    basis="RFC 4180",
)
COLUMNS_MISSING = define(
    "import.columns_missing",
    ErrorKind.malformed,
    "文件 {file} 缺少以下列：{columns}",
    "File {file} lacks the columns {columns}.",
)
COLUMN_TWICE = define(
    "import.column_twice",
    ErrorKind.malformed,
    "文件 {file} 的列 {columns} 重复",
    "File {file} has the columns {columns} more than once.",
)
ROW_WIDTH = define(
    "import.row_width",
    ErrorKind.invalid,
    "本行有 {cells} 个单元格，表头有 {columns} 个",
    "The row has {cells} cells, the header {columns}.",
)
DATE_FORMAT = define(
    "import.date_format",
    ErrorKind.invalid,
    "列 {column} 的日期“{given}”不是 YYYY-MM-DD 形式的日期",
    "“{given}” in column {column} is not a date in the form YYYY-MM-DD.",
    basis="GB/T 7408.1",
)
VALUE_MISSING = define(
    "import.value_missing", ErrorKind.invalid, "列 {column} 为空", "Column {column} is empty."
)
LINE_TOO_LONG = define(
    "import.line_too_long",
    ErrorKind.invalid,
    "本行超过 {limit} 个字符，不是登记数据",
    "The line is longer than {limit} characters, which no row of a register is.",
)
TEXT_TOO_LONG = define(
    "import.text_too_long",
    ErrorKind.invalid,
    "列 {column} 的内容超过 {limit} 个字符",
    "Column {column} has more than {limit} characters.",
)
REPORT_TAKEN = define(
    "import.report_taken",
    ErrorKind.invalid,
    "不能写入 {file}：它是导入的文件或另一份报告",
    "{file} cannot be written to: it is the file that is imported, or another report.",
)
UNDER_WAY = define(
    "import.under_way",
    ErrorKind.conflict,
    "文件 {file} 正由另一进程导入",
    "File {file} is being imported by another process.",
    retryable=True,
)
NOT_FOUND = define("import.not_found", ErrorKind.not_found, "未找到该次导入", "No such import.")
REGISTER_UNKNOWN = define(
    "import.register_unknown",
    ErrorKind.invalid,
    "登记机构“{given}”无法识别",
    "Register “{given}” is not known.",
)


class ImportKind(StrEnum):
    """What a file lists."""

    parties = "parties"
    patents = "patents"
    trademarks = "trademarks"
    recordals = "recordals"
    legal_events = "legal_events"


class ImportStatus(StrEnum):
    """A run that stopped half-way stays `running` and is taken up where it stopped."""

    running = "running"
    completed = "completed"


COLUMNS: Mapping[ImportKind, tuple[str, ...]] = {
    ImportKind.parties: ("uscc", "name", "registered_on", "uscc_district", "address"),
    ImportKind.patents: (
        *("application_no", "publication_no", "patent_type", "title", "applicants", "applicant_kind"),
        *("ipc", "filing_date", "grant_date", "status_text"),
    ),
    ImportKind.trademarks: (
        *("register", "application_no", "registration_no", "mark", "applicant", "applicant_kind"),
        *("applicant_country", "nice_classes", "goods_services", "application_date"),
        *("registration_date", "expiry_date", "status"),
    ),
    ImportKind.recordals: (
        *("jurisdiction", "ip_type", "event_kind", "rank", "partial", "reel_frame", "refers_to_reel_frame"),
        *("recorded", "executed", "conveyance", "assignor_orgs", "n_individual_assignors", "assignee_orgs"),
        *("n_individual_assignees", "amount_cny", "patent_numbers", "application_numbers", "titles"),
    ),
    ImportKind.legal_events: ("office", "number", "code", "announced_on", "effective_on", "text"),
}
"""Columns a file must have; it may have more, in any order."""

ERROR_COLUMNS = ("error_line", "error_column", "error_code", "error_zh", "error_en")
"""What a file of refused rows adds; ignored when such a file is imported again."""

DIFFERENCE_COLUMNS = ("noun", "number", "field", "old", "new")
"""What a file says otherwise than the register did, row by row."""

_POINTED: Mapping[ImportKind, Mapping[str, str]] = {
    ImportKind.patents: {
        "numbers": "application_no",
        "application": "application_no",
        "publication": "publication_no",
        "filed_on": "filing_date",
        "granted_on": "grant_date",
    },
    ImportKind.trademarks: {
        "numbers": "application_no",
        "application": "application_no",
        "registration": "registration_no",
        "classes": "nice_classes",
        "filed_on": "application_date",
        "registered_on": "registration_date",
    },
}
"""Columns of the file by the parts of a pointer into what was read from it."""

SOURCE = "import"
"""Status source of a right whose status a file told; the file itself is in the row's provenance."""

Row = Mapping[str, str]
T = TypeVar("T")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMPTY = frozenset({"", "N/A", "-", "—"})
_CELLS = 16_384
"""Cells of a column that repeats itself (days, statuses, names, classes) are read once."""
_LONG = 256
"""Characters of a cell beyond which it is not kept in mind."""


def column_of(kind: ImportKind, pointer: str | None) -> str:
    """The column an objection is about, by its pointer (`/numbers/application`); empty: the whole row."""
    known = _POINTED.get(kind, {})
    for part in reversed((pointer or "").split("/")):
        if part in known or part in COLUMNS[kind]:
            return known.get(part, part)
    return ""


def messages(kind: ImportKind, refused: DomainError) -> tuple[str, str, str, str]:
    """Columns, codes, Chinese and English words of a refusal, every objection once."""
    found = {violation.code.code: violation for violation in refused.violations}
    columns = dict.fromkeys(column_of(kind, violation.pointer) for violation in refused.violations)
    return (
        " ".join(filter(None, columns)),
        " ".join(found),
        "；".join(violation.zh for violation in found.values()),
        " ".join(violation.en for violation in found.values()),
    )


def _remembered(read: Callable[[str], T]) -> Callable[[str], T]:
    """`read` for columns that repeat themselves: what it makes of a short cell is kept in mind."""
    kept = lru_cache(maxsize=_CELLS)(read)

    @wraps(read)
    def remember(cell: str) -> T:
        return kept(cell) if len(cell) <= _LONG else read(cell)

    return remember


def text_of(row: Row, column: str) -> str:
    """The cell in normal form; empty where the file says that there is nothing."""
    return _text(row.get(column) or "")


def label_of(row: Row, column: str) -> str:
    """As `text_of`, for a column of few values."""
    return _label(row.get(column) or "")


@_remembered
def _label(cell: str) -> str:
    return _text(cell)


def _text(cell: str) -> str:
    text = normalise(cell)
    return "" if text in _EMPTY else text


@_remembered
def _day(cell: str) -> date | None:
    """The day in a cell that has one. Raises ValueError for anything else than a full date."""
    text = _text(cell)
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def day_of(row: Row, column: str, violations: list[Violation]) -> date | None:
    """The day in a cell, None when it is empty; anything else than a full date is an objection."""
    try:
        return _day(row.get(column) or "")
    except ValueError:  # in another form, or a day no calendar has, e.g. 2021-02-30
        given = text_of(row, column)
    violations.append(DATE_FORMAT.violation(f"/{column}", column=column, given=given))
    return None


LONGEST_KEY = 600
"""Characters of a text by which records are found: more do not fit into an index (2704 bytes)."""


def check_length(text: str, column: str, violations: list[Violation]) -> None:
    """Object to a text that is too long to find anything by."""
    if len(text) > LONGEST_KEY:
        violations.append(TEXT_TOO_LONG.violation(f"/{column}", column=column, limit=LONGEST_KEY))


def names_of(row: Row, column: str) -> tuple[str, ...]:
    """The names in a cell, separated by semicolons of either width, each once."""
    return _names(row.get(column) or "")


@_remembered
def _names(cell: str) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for part in _text(cell).split(";"):  # NFKC has made `；` a `;`
        if name := normalise(part):
            found.setdefault(name_key(name), name)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class PartyRow:
    """An organisation. `district_code`: where it is registered, if the file tells (ID-18).

    `first_districts`: where it was first registered as its 统一社会信用代码 shows, the first that exists
    counts; this does not move a party the register knows.
    """

    uscc: str
    name: str
    registered_on: date | None
    address: str | None
    district_code: str | None
    first_districts: tuple[str, ...]


def party_row(row: Row) -> PartyRow:
    """Read an organisation.

    Raises, all that apply: `uscc.*`, `party.name_missing`, `import.text_too_long`, `import.date_format`.
    """
    violations: list[Violation] = []
    uscc = attempt(violations, parse_uscc, row["uscc"], pointer="/uscc")
    name = text_of(row, "name")
    if not name:
        violations.append(NAME_MISSING.violation("/name"))
    check_length(name, "name", violations)
    registered_on = day_of(row, "registered_on", violations)
    refuse_if(violations)
    code = text_of(row, "uscc_district")
    return PartyRow(
        uscc=uscc or "",
        name=name,
        registered_on=registered_on,
        address=text_of(row, "address") or None,
        district_code=text_of(row, "district_code") or None,
        first_districts=(code, f"{code[:2]}0000", OUTSIDE_EVERY_PLAN),
    )


@dataclass(frozen=True, slots=True)
class RightRow:
    """A right. No owner names: the owner is unrecorded, as where a natural person's name is withheld."""

    new: NewAsset
    entry: Entry
    owners: tuple[str, ...]
    owner_kind: PartyKind
    owner_country: str | None
    last_day_in_force: date | None


_PATENT_STATUSES: Sequence[tuple[str, AssetStatus]] = (
    ("expired - fee", AssetStatus.terminated_fee),
    ("expired", AssetStatus.expired),
    ("withdrawn", AssetStatus.abandoned),
    ("授权", AssetStatus.granted),
    ("granted", AssetStatus.granted),
    ("active", AssetStatus.granted),
    ("申请", AssetStatus.application),
    ("公开", AssetStatus.application),
    ("实质审查", AssetStatus.application),
    ("等待实审", AssetStatus.application),
    ("pending", AssetStatus.application),
)
"""Beginnings of status texts, the first that fits counts; an unknown text gives `unknown`."""

_TRADEMARK_STATUSES: Sequence[tuple[str, AssetStatus]] = (
    ("opposition case", AssetStatus.applied),
    ("商标注册申请", AssetStatus.applied),
    ("registered", AssetStatus.registered),
    ("accepted", AssetStatus.registered),
    ("expired", AssetStatus.expired),
    ("withdrawn", AssetStatus.surrendered),
    ("商标无效", AssetStatus.invalid),
)
"""An international registration is `accepted` where its protection is granted."""

OFFICES = {"NZ": "NZ", "EUIPO": "EM", "US": "US", "CN": CN}
"""Registers by the word their name begins with, and their WIPO ST.3 codes."""

UNKNOWN_OFFICE = "XX"
"""WIPO ST.3: none of the known offices. A row of such a register is refused; the rest of it is judged too."""


def status_of(text: str, table: Sequence[tuple[str, AssetStatus]]) -> AssetStatus:
    """The legal status a text tells."""
    lowered = text.casefold()
    for start, status in table:
        if lowered.startswith(start):
            return status
    return AssetStatus.unknown


@_remembered
def _patent_status(cell: str) -> AssetStatus:
    return status_of(_text(cell), _PATENT_STATUSES)


_PATENT_NUMBERS = (
    (NumberScheme.application, "application_no"),
    (NumberScheme.publication, "publication_no"),
)
_PATENT_TYPES = {kind.value: kind for kind in PatentType}


def patent_row(row: Row, *, today: date) -> RightRow:
    """Read a Chinese patent (ID-01 to ID-10).

    Raises the objections of `read_entry`, `import.value_missing`, `import.date_format`,
    `import.text_too_long`. A main class that is no IPC symbol is left out, it identifies nothing.
    """
    violations: list[Violation] = []
    stated = label_of(row, "patent_type").partition("(")[0]
    name = _required(row, "title", violations)
    new = NewAsset(
        kind=AssetKind.patent,
        numbers={scheme: row[column] for scheme, column in _PATENT_NUMBERS if text_of(row, column)},
        name=name,
        status=_patent_status(row.get("status_text") or ""),
        status_source=SOURCE,
        patent_type=_PATENT_TYPES.get(stated),
        ipc=_main_class(row.get("ipc") or ""),
        filed_on=day_of(row, "filing_date", violations),
        granted_on=day_of(row, "grant_date", violations),
    )
    return _right(row, "applicants", None, new, violations, today=today)


@_remembered
def _main_class(cell: str) -> str | None:
    first = _text(cell).partition(";")[0]
    if "-" in first:
        locarno = attempt([], parse_locarno, first)
        return locarno.canonical if locarno else None
    ipc = attempt([], parse_ipc, first)
    return ipc.canonical if ipc else None


def trademark_row(row: Row, *, today: date) -> RightRow:
    """Read a trademark of any office, with its Nice classes (ID-11 to ID-13).

    Raises the objections of `read_entry`, `import.register_unknown`, `import.date_format`,
    `import.text_too_long`.
    """
    violations: list[Violation] = []
    register = label_of(row, "register")
    office = OFFICES.get(register.partition("(")[0])
    if office is None:
        violations.append(REGISTER_UNKNOWN.violation("/register", given=register))
    numbers = {NumberScheme.application: "application_no", NumberScheme.registration: "registration_no"}
    new = NewAsset(
        kind=AssetKind.trademark,
        office=office or UNKNOWN_OFFICE,
        numbers={scheme: row[column] for scheme, column in numbers.items() if text_of(row, column)},
        name=_mark(row, violations),
        status=status_of(label_of(row, "status"), _TRADEMARK_STATUSES),
        status_source=SOURCE,
        classes=_classes(row, violations),
        filed_on=day_of(row, "application_date", violations),
        registered_on=day_of(row, "registration_date", violations),
    )
    expires_on = day_of(row, "expiry_date", violations)
    return _right(row, "applicant", expires_on, new, violations, today=today)


def _mark(row: Row, violations: list[Violation]) -> str:
    words = text_of(row, "mark")
    check_length(words, "mark", violations)
    return words or NO_WORDS


def _classes(row: Row, violations: list[Violation]) -> tuple[NewClass, ...]:
    """Classes as `9;35`, goods as `9: … || 35: …`; goods without a class of theirs stay in the raw row."""
    goods: dict[str, str] = {}
    for part in text_of(row, "goods_services").split(" || "):
        number, colon, words = part.partition(":")
        if colon:
            goods[number.strip()] = words.strip()
    found: dict[int, NewClass] = {}
    for text in filter(None, text_of(row, "nice_classes").split(";")):
        nice_class = attempt(violations, parse_nice_class, text, pointer="/nice_classes")
        if nice_class is not None:
            found[nice_class] = NewClass(nice_class, goods.get(str(nice_class)))
    return tuple(found.values())


def _required(row: Row, column: str, violations: list[Violation]) -> str:
    text = text_of(row, column)
    if not text:
        violations.append(VALUE_MISSING.violation(f"/{column}", column=column))
    return text


def _right(
    row: Row,
    owner_column: str,
    expires_on: date | None,
    new: NewAsset,
    violations: list[Violation],
    *,
    today: date,
) -> RightRow:
    owners = () if "withheld" in label_of(row, owner_column) else names_of(row, owner_column)
    check_length(max(owners, key=len, default=""), owner_column, violations)
    entry = read_entry(new, today=today)
    refuse_if([*entry.violations, *violations])
    person = label_of(row, "applicant_kind").startswith("individual")
    return RightRow(
        new=new,
        entry=entry,
        owners=owners,
        owner_kind=PartyKind.person if person else PartyKind.organisation,
        owner_country=label_of(row, "applicant_country") or None,
        last_day_in_force=expires_on or entry.last_day_in_force,
    )
