"""Size of an enterprise by industry, staff, revenue and assets (工信部联企业〔2011〕300号, TG-08)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class SizeClass(StrEnum):
    """大型, 中型, 小型, 微型, and what the table does not cover."""

    large = "large"
    medium = "medium"
    small = "small"
    micro = "micro"
    unknown = "unknown"


class Industry(StrEnum):
    """The sixteen rows of the table, and what it leaves out (finance, education, health, government)."""

    agriculture = "agriculture"
    industry = "industry"
    construction = "construction"
    wholesale = "wholesale"
    retail = "retail"
    transport = "transport"
    warehousing = "warehousing"
    post = "post"
    lodging = "lodging"
    catering = "catering"
    information_transmission = "information_transmission"
    software = "software"
    real_estate = "real_estate"
    property_management = "property_management"
    leasing_business = "leasing_business"
    other = "other"
    excluded = "excluded"


SMALL_AND_MEDIUM = frozenset({SizeClass.medium, SizeClass.small, SizeClass.micro})
"""中小微: what a trusteeship programme is for (TG-04)."""

Floors = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One industry: which `metrics` count (X staff, Y revenue, Z assets) and the floor of each class.

    Floors are in the order of the metrics, staff in persons, revenue and assets in 万元.
    """

    metrics: str
    large: Floors
    medium: Floors
    small: Floors


@dataclass(frozen=True, slots=True)
class SizeRule:
    """A version of the table, in force from `effective_from` until the next one."""

    id: str
    effective_from: date
    basis: str
    rows: Mapping[Industry, Row]


_I = Industry

SIZE_RULES: tuple[SizeRule, ...] = (
    SizeRule(
        id="300-2011",
        effective_from=date(2011, 6, 18),
        basis="工信部联企业〔2011〕300号",
        rows={
            _I.agriculture: Row("Y", (20_000,), (500,), (50,)),
            _I.industry: Row("XY", (1_000, 40_000), (300, 2_000), (20, 300)),
            _I.construction: Row("YZ", (80_000, 80_000), (6_000, 5_000), (300, 300)),
            _I.wholesale: Row("XY", (200, 40_000), (20, 5_000), (5, 1_000)),
            _I.retail: Row("XY", (300, 20_000), (50, 500), (10, 100)),
            _I.transport: Row("XY", (1_000, 30_000), (300, 3_000), (20, 200)),
            _I.warehousing: Row("XY", (200, 30_000), (100, 1_000), (20, 100)),
            _I.post: Row("XY", (1_000, 30_000), (300, 2_000), (20, 100)),
            _I.lodging: Row("XY", (300, 10_000), (100, 2_000), (10, 100)),
            _I.catering: Row("XY", (300, 10_000), (100, 2_000), (10, 100)),
            _I.information_transmission: Row("XY", (2_000, 100_000), (100, 1_000), (10, 100)),
            _I.software: Row("XY", (300, 10_000), (100, 1_000), (10, 50)),
            _I.real_estate: Row("YZ", (200_000, 10_000), (1_000, 5_000), (100, 2_000)),
            _I.property_management: Row("XY", (1_000, 5_000), (300, 1_000), (100, 500)),
            _I.leasing_business: Row("XZ", (300, 120_000), (100, 8_000), (10, 100)),
            _I.other: Row("X", (300,), (100,), (10,)),
        },
    ),
)
"""Versions of the table in the order in which they came into force."""

MANUAL = "manual"
"""Stands for the rule where a person classed the firm, the table being silent (TG-08)."""


def rule_on(day: date) -> SizeRule:
    """The table in force on `day`; before the first one, the first."""
    in_force = [rule for rule in SIZE_RULES if rule.effective_from <= day]
    return in_force[-1] if in_force else SIZE_RULES[0]


def size_of(
    industry: Industry,
    employees: int | None,
    revenue_wan: int | None,
    assets_wan: int | None,
    on: date,
) -> tuple[SizeClass, str]:
    """The class of an enterprise on a day, and the id of the rule that says so.

    Large, medium and small need every floor of their line, else the class drops; micro is what misses a
    floor of small (TG-08). A metric that counts and is not known, or an industry that the table leaves
    out, gives `unknown`.
    """
    rule = rule_on(on)
    row = rule.rows.get(industry)
    figures = {"X": employees, "Y": revenue_wan, "Z": assets_wan}
    counting = [figures[metric] for metric in row.metrics] if row is not None else []
    known = [figure for figure in counting if figure is not None]
    if row is None or len(known) < len(counting):
        return SizeClass.unknown, rule.id
    lines = ((SizeClass.large, row.large), (SizeClass.medium, row.medium), (SizeClass.small, row.small))
    for size, floors in lines:
        if all(figure >= floor for figure, floor in zip(known, floors, strict=True)):
            return size, rule.id
    return SizeClass.micro, rule.id
