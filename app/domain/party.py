"""Parties: organisations (and, minimally, persons) that own, licence, lend or administer.

What a party is called, where it is registered, its size and its roles have histories. A row of a history
holds from its day on, or since ever where it has none; of several for one day the last recorded holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from app.domain.errors import ErrorKind, Violation, define
from app.domain.request import date_faults


class PartyKind(StrEnum):
    """What sort of party a register row names."""

    organisation = "organisation"
    person = "person"


class IdentifierScheme(StrEnum):
    """Numbering scheme of a party identifier; `uscc` is 统一社会信用代码 (GB 32100-2015)."""

    uscc = "uscc"
    lei = "lei"
    other = "other"


class SuccessionKind(StrEnum):
    """How one party follows another; `duplicate`: two rows of the register were one party all along."""

    rename = "rename"
    merger = "merger"
    split_ = "split"
    duplicate = "duplicate"


class PartyRole(StrEnum):
    """What a party is in the system's field, whether or not it uses the system."""

    enterprise = "enterprise"
    agency = "agency"
    bank = "bank"
    guarantor = "guarantor"
    insurer = "insurer"
    appraiser = "appraiser"
    department = "department"
    university = "university"


NOT_FOUND = define("party.not_found", ErrorKind.not_found, "未找到该主体", "No such party.")
DUPLICATE = define(
    "party.identifier_taken",
    ErrorKind.conflict,
    "标识号 {value} 已登记在另一主体名下",
    "Identifier {value} already belongs to another party.",
)
NAME_MISSING = define("party.name_missing", ErrorKind.invalid, "缺少主体名称", "The party has no name.")
UNCHANGED = define(
    "party.unchanged",
    ErrorKind.conflict,
    "该主体在 {day} 的登记情况已是如此，无须登记",
    "The register already says so of the party on {day}: there is nothing to record.",
)
NOT_AN_ORGANISATION = define(
    "party.not_an_organisation",
    ErrorKind.conflict,
    "自然人没有企业规模",
    "A natural person has no size of an enterprise.",
    basis="工信部联企业〔2011〕300号",
)
YEAR_IN_FUTURE = define(
    "party.year_in_future",
    ErrorKind.invalid,
    "年度 {year} 晚于今年",
    "The year {year} is still to come.",
)
SUCCESSION_TO_ITSELF = define(
    "party.succession_to_itself",
    ErrorKind.invalid,
    "主体不能承继自身；同一主体改名请登记新名称",
    "A party does not succeed itself; where one legal person changes its name, record the name.",
    basis="GB 32100-2015",
)
SUCCESSION_EXISTS = define(
    "party.succession_exists",
    ErrorKind.conflict,
    "两主体之间已登记承继关系",
    "A succession of the one by the other is recorded already.",
)
SUCCESSION_CIRCULAR = define(
    "party.succession_circular",
    ErrorKind.conflict,
    "承继主体已由本主体承继，不能循环",
    "The successor was itself succeeded, directly or by others, by this party.",
)
ALREADY_SUCCEEDED = define(
    "party.already_succeeded",
    ErrorKind.conflict,
    "该主体已由另一主体承继（更名、合并只有一个承继主体）；分立请登记为 split",
    "Another party succeeded this one already: rename and merger have one successor, a split has several.",
    basis="TG-06",
)
SUCCESSION_OF_DUPLICATE = define(
    "party.succession_of_duplicate",
    ErrorKind.invalid,
    "重复主体须经提出与复核合并，不能直接登记",
    "Duplicates are proposed by one person and merged by another: see /v1/duplicates.",
    basis="RB-02",
)

ONE_FIRM = frozenset({SuccessionKind.rename, SuccessionKind.merger})
"""What makes one firm of two parties from a day on (TG-06); a split does not, duplicates always were one."""


class Dated(Protocol):
    """A row of a history."""

    @property
    def id(self) -> uuid.UUID:
        """Its key; of rows recorded at one instant the greater one is the later."""

    @property
    def effective_on(self) -> date | None:
        """The day from which it holds; None: since ever."""

    @property
    def recorded_at(self) -> datetime:
        """When it became known."""


_Row = TypeVar("_Row", bound=Dated)


def holding(rows: Iterable[_Row], on: date, known_at: datetime | None = None) -> _Row | None:
    """The row of a history that holds on a day, by what was known at an instant (None: now)."""
    known = [
        row
        for row in rows
        if (row.effective_on is None or row.effective_on <= on)
        and (known_at is None or row.recorded_at <= known_at)
    ]
    return max(
        known, key=lambda row: (row.effective_on or date.min, row.recorded_at, row.id.int), default=None
    )


class SizeFigures(Protocol):
    """A size by the figures of a year."""

    @property
    def id(self) -> uuid.UUID:
        """Its key."""

    @property
    def year(self) -> int:
        """The year the figures are of."""

    @property
    def recorded_at(self) -> datetime:
        """When they became known."""


_Size = TypeVar("_Size", bound=SizeFigures)


def size_holding(rows: Iterable[_Size], on: date, known_at: datetime | None = None) -> _Size | None:
    """The size on a day: of the latest year begun by then, as last reported by what was known."""
    known = [row for row in rows if row.year <= on.year and (known_at is None or row.recorded_at <= known_at)]
    return max(known, key=lambda row: (row.year, row.recorded_at, row.id.int), default=None)


@dataclass(frozen=True, slots=True)
class NewSuccession:
    """A succession as it is reported; `source` says where it is known from, e.g. a 核准通知书."""

    predecessor_id: uuid.UUID
    successor_id: uuid.UUID
    kind: SuccessionKind
    occurred_on: date
    source: str


def succession_faults(
    new: NewSuccession,
    *,
    recorded: Iterable[tuple[uuid.UUID, SuccessionKind]],
    followed_by_predecessor: bool,
    registered_on: date | None,
    today: date,
) -> list[Violation]:
    """Everything that speaks against a succession, all at once.

    `recorded`: the successors the predecessor has, each with how. `followed_by_predecessor`: whether the
    predecessor itself follows the successor through what is recorded.
    """
    found = date_faults("/occurred_on", new.occurred_on, today=today, first=registered_on)
    if new.kind is SuccessionKind.duplicate:
        found.append(SUCCESSION_OF_DUPLICATE.violation("/kind"))
    if new.predecessor_id == new.successor_id:
        found.append(SUCCESSION_TO_ITSELF.violation("/successor_id"))
        return found
    before = list(recorded)
    if any(successor_id == new.successor_id for successor_id, _ in before):
        found.append(SUCCESSION_EXISTS.violation("/successor_id"))
    elif new.kind in ONE_FIRM and any(kind in ONE_FIRM for _, kind in before):
        found.append(ALREADY_SUCCEEDED.violation("/successor_id"))
    if followed_by_predecessor:
        found.append(SUCCESSION_CIRCULAR.violation("/successor_id"))
    return found
