"""Tags: what a right is classed as, under which scheme, from when until when (AST-11).

A tag is known from the moment it is entered and holds from `valid_from`. Classing a right otherwise ends the
tag and begins another; what was published by the old one stays, because a fact keeps the industry that was
known when it was written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from app.domain.asset import ZH, AssetKind
from app.domain.classification import parse_cpc, parse_ipc, parse_locarno
from app.domain.errors import ErrorKind, Violation, define
from app.domain.patent_number import PatentType
from app.domain.text import compact, normalise


class TagScheme(StrEnum):
    """IPC, CPC, Locarno, GB/T 4754 industry, or a key industry (重点产业) of a district's plan."""

    ipc = "ipc"
    cpc = "cpc"
    locarno = "locarno"
    gbt4754 = "gbt4754"
    key_industry = "key_industry"


MAIN_CLASS = frozenset({TagScheme.ipc, TagScheme.locarno})
"""The schemes whose main tag is the main class (主分类号) of a patent."""

NOT_FOUND = define("tag.not_found", ErrorKind.not_found, "该权利没有此标签", "The right has no such tag.")
UNFIT = define(
    "tag.unfit",
    ErrorKind.invalid,
    "{kind_zh}不使用 {scheme} 分类：发明和实用新型用 IPC、CPC，外观设计用洛迦诺分类，商标用尼斯类别",
    "A {kind} is not classed by {scheme}: inventions and utility models have IPC and CPC, designs Locarno, "
    "marks their Nice classes.",
    basis="专利法实施细则第131条",
)
INDUSTRY_UNKNOWN = define(
    "tag.industry_unknown",
    ErrorKind.invalid,
    "国民经济行业分类没有代码“{given}”",
    "There is no industry “{given}” in GB/T 4754-2017.",
    basis="GB/T 4754-2017",
)
CODE_MISSING = define(
    "tag.code_missing", ErrorKind.invalid, "标签代码为空", "The code of a tag has something to be seen."
)
TAKEN = define(
    "tag.taken", ErrorKind.conflict, "该权利已有标签 {scheme} {code}", "The right is tagged {scheme} {code}."
)
MAIN_TAKEN = define(
    "tag.main_taken",
    ErrorKind.conflict,
    "该权利在 {scheme} 下已有主标签；请先结束原主标签",
    "The right has a main tag of {scheme}; end that one first.",
)
ALREADY_ENDED = define(
    "tag.already_ended", ErrorKind.conflict, "标签 {code} 已结束", "Tag {code} has ended already."
)
VALIDITY_EMPTY = define(
    "tag.validity_empty",
    ErrorKind.invalid,
    "结束日 {valid_to} 不晚于起始日 {valid_from}；自始有误的标签请将 valid_to 留空",
    "The end {valid_to} is not after the start {valid_from}; leave valid_to empty for a tag that was wrong "
    "from its start.",
)


def read_code(
    scheme: TagScheme, text: str, *, main: bool, industries: Collection[str], pointer: str = "/code"
) -> str:
    """The code in its normal form (ID-14). A main class names a subgroup; other symbols may be a subclass.

    `industries`: the codes of GB/T 4754. A key industry is whatever its plan calls it: no plan lists them.
    Raises: `ipc.format`, `cpc.format`, `locarno.format`, `tag.industry_unknown`, `tag.code_missing`.
    """
    if scheme is TagScheme.ipc:
        return parse_ipc(text, allow_subclass=not main, pointer=pointer).canonical
    if scheme is TagScheme.cpc:
        return parse_cpc(text, allow_subclass=not main, pointer=pointer).canonical
    if scheme is TagScheme.locarno:
        return parse_locarno(text, pointer=pointer).canonical
    if scheme is TagScheme.key_industry:
        if not normalise(text):
            raise CODE_MISSING.error(pointer)
        return normalise(text)
    code = compact(text)
    if code not in industries:
        raise INDUSTRY_UNKNOWN.error(pointer, given=text)
    return code


def fits(scheme: TagScheme, kind: AssetKind, patent_type: PatentType | None) -> list[Violation]:
    """The objection to a scheme that is not for rights of this kind."""
    design = patent_type is PatentType.design
    technical = {TagScheme.ipc: not design, TagScheme.cpc: not design, TagScheme.locarno: design}
    if scheme not in technical or (kind is AssetKind.patent and (patent_type is None or technical[scheme])):
        return []
    named = patent_type or kind
    return [UNFIT.violation("/scheme", kind=named.value, kind_zh=ZH[named], scheme=scheme.value)]


class KnownTag(Protocol):
    """What decides whether a tag holds."""

    @property
    def valid_from(self) -> date | None:
        """The first day it holds; None: from the beginning."""

    @property
    def valid_to(self) -> date | None:
        """The first day it holds no longer."""

    @property
    def recorded_at(self) -> datetime:
        """The moment it became known."""

    @property
    def ended_at(self) -> datetime | None:
        """The moment its end became known."""


T = TypeVar("T", bound=KnownTag)


def holding(tags: Sequence[T], *, on: date, known_at: datetime) -> list[T]:
    """The tags that hold on a day, as known at a moment. One ended without a `valid_to` never held."""
    return [
        tag
        for tag in tags
        if tag.recorded_at <= known_at
        and (tag.valid_from is None or tag.valid_from <= on)
        and (
            tag.ended_at is None
            or tag.ended_at > known_at
            or (tag.valid_to is not None and on < tag.valid_to)
        )
    ]


MIXED = "mixed"


def one_industry(codes: Mapping[object, str | None]) -> str:
    """The industry that rights share as a dimension of figures: their division (大类) of GB/T 4754.

    `codes`: each right with the code of its main industry tag. Rights of several divisions are `mixed`; with
    one that is not tagged the whole is not known: empty.
    """
    divisions = {division(code) if code else "" for code in codes.values()}
    if not divisions or "" in divisions:
        return ""
    return divisions.pop() if len(divisions) == 1 else MIXED


def division(code: str) -> str:
    """The division (two digits) a code belongs to; a section (one letter) stays as it is."""
    return code[:2]
