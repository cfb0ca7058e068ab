"""Scoreboards (方案考核表): where every indicator of a plan stands on a day, from facts and observations.

Figures are exact fractions in the indicator's unit. An indicator is judged by closed years: years before
the day's, or every year of the plan from its last day on. A year still running counts for cumulative
figures and stocks only, up to the day (ST-03, ST-06).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from app.domain.errors import ErrorKind, Reason, define
from app.domain.growth import Rate
from app.domain.indicator import MICRO, Category, Comparator, IndicatorKind, IndicatorStatus, SourceKind

ON_IN_FUTURE = define(
    "scoreboard.on_in_future",
    ErrorKind.invalid,
    "不能按将来的日期考核：今天是 {today}",
    "A plan is not judged on a day to come: today is {today}.",
)
PERCENT = "%"


class BaseSource(StrEnum):
    """Where the figure of a base year comes from."""

    observation = "observation"
    facts = "facts"


@dataclass(frozen=True, slots=True)
class Term:
    """The days of a plan and the day it is judged on."""

    starts_on: date
    ends_on: date
    on: date

    @property
    def begun(self) -> bool:
        """Whether the plan has started."""
        return self.on >= self.starts_on

    @property
    def ended(self) -> bool:
        """From the plan's last day on its years are all closed."""
        return self.on >= self.ends_on

    @property
    def counted_to(self) -> date:
        """The last day whose facts count."""
        return min(self.on, self.ends_on)

    @property
    def latest_year(self) -> int:
        """The running year, or the plan's last."""
        return self.counted_to.year

    @property
    def years(self) -> range:
        """The plan's calendar years."""
        return range(self.starts_on.year, self.ends_on.year + 1)

    @property
    def closed(self) -> range:
        """Its closed years."""
        return self.years if self.ended else range(self.starts_on.year, min(self.on.year, self.years.stop))

    @property
    def judged_year(self) -> int | None:
        """The latest closed year; None before the first has closed."""
        return self.closed[-1] if self.closed else None

    def over(self, year: int) -> bool:
        """Whether a year, also one before the plan, has closed."""
        return year < self.on.year or (self.ended and year <= self.ends_on.year)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked: `value`, a growth's in percent a year; `thresholds` of each counted object."""

    comparator: Comparator
    value: Fraction
    upper: Fraction | None = None
    thresholds: Mapping[str, Fraction] = field(default_factory=dict)

    def passes(self, order: int) -> bool:
        """Whether a figure that compares so (1, 0, -1) to what is asked is enough."""
        return order > 0 or (order == 0 and self.comparator is Comparator.at_least)

    def satisfied(self, value: Fraction, by: Fraction | None = None) -> bool:
        """Whether `value` is enough, measured by the target or by a point of the path to it."""
        return self.passes(compare(value, self.value if by is None else by))


@dataclass(frozen=True, slots=True)
class Asked:
    """An indicator as far as it is computed."""

    category: Category
    kind: IndicatorKind
    source: SourceKind
    unit: str
    base_year: int | None
    measures: tuple[str, ...]
    components: tuple[str, ...]
    goal: Goal | None

    @property
    def operational(self) -> bool:
        """Whether facts tell its figures; otherwise observations do."""
        return self.source is SourceKind.operational and bool(self.measures)

    @property
    def value_unit(self) -> str:
        """The unit of its value and target: percent for a growth, whose figures have `unit`."""
        return PERCENT if self.kind is IndicatorKind.growth else self.unit


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a number of facts, in the indicator's unit."""

    value: Fraction = Fraction(0)
    facts: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.value + other.value, self.facts + other.facts)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an indicator.

    `sums`: its facts up to the day by calendar year, and whether they lie within the plan. `reports`:
    approved observations by component, subject (empty where no objects are counted) and year.
    """

    sums: Mapping[tuple[int, bool], Sum]
    reports: Mapping[tuple[str, str, int], Fraction]

    def of_year(self, year: int) -> Sum:
        """The facts of a calendar year."""
        return self.sums.get((year, True), Sum()) + self.sums.get((year, False), Sum())

    def until(self, year: int, *, within_plan: bool) -> Sum:
        """The facts of all years to this one, or of those within the plan."""
        chosen = (
            told for (one, within), told in self.sums.items() if one <= year and (within or not within_plan)
        )
        return sum(chosen, Sum())


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure for showing: in millionths, and in hundredths with halves away from zero."""

    micro: int
    cents: int

    @classmethod
    def of(cls, value: Fraction) -> Figure:
        """A value, rounded down: one that misses its target never shows as reaching it."""
        return cls(_floor(value * MICRO), _half_away(value * 100))

    @classmethod
    def path(cls, value: Fraction) -> Figure:
        """A point of a path, rounded up: a value that misses it never shows as reaching it."""
        return cls(-_floor(-value * MICRO), _half_away(value * 100))

    @classmethod
    def rate(cls, rate: Rate) -> Figure:
        """A rate of growth."""
        return cls(rate.micro, rate.cents)


@dataclass(frozen=True, slots=True)
class Base:
    """The figure growth is reckoned from."""

    year: int
    value: Figure
    source: BaseSource


@dataclass(frozen=True, slots=True)
class YearFigure:
    """The figure of a year, which is `closed` or still running, and its point of the path."""

    year: int
    value: Figure
    path: Figure | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Where an indicator stands. `value` is None for `needs_baseline` and `no_data`, and only then.

    `reason`: why there is no value, or what to know about it. `facts` are summed in it, those of `days`
    (None: from the first fact on). `subjects` are the objects that were found to qualify.
    """

    status: IndicatorStatus
    value: Figure | None = None
    path: Figure | None = None
    base: Base | None = None
    years: tuple[YearFigure, ...] = ()
    facts: int = 0
    days: tuple[date | None, date] | None = None
    reason: Reason | None = None
    subjects: tuple[str, ...] = ()


def compare(value: Fraction, by: Fraction) -> int:
    """1, 0 or -1."""
    return (value > by) - (value < by)


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def _half_away(value: Fraction) -> int:
    rounded = _floor(abs(value) + Fraction(1, 2))
    return rounded if value >= 0 else -rounded
