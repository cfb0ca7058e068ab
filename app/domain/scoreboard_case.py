"""An indicator with what is known of it: its figures by year, its path, and how the two compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from app.domain import scoreboard_text as words
from app.domain.errors import Reason
from app.domain.indicator import IndicatorStatus
from app.domain.scoreboard import (
    PERCENT,
    Asked,
    Evidence,
    Figure,
    Finding,
    Goal,
    Sum,
    Term,
    YearFigure,
)

Levels = dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Case:
    """An indicator, the day it is judged on and what is known of it."""

    asked: Asked
    term: Term
    evidence: Evidence

    def unknown(self, reason: Reason, levels: Levels | None = None, path: Fraction | None = None) -> Finding:
        """No value can be told, and why; what figures there are."""
        return Finding(
            IndicatorStatus.no_data,
            reason=reason,
            years=self.shown(levels or {}),
            path=None if path is None else Figure.path(path),
        )

    def shown(self, levels: Levels, path: Levels | None = None) -> tuple[YearFigure, ...]:
        """Figures by year, with the points of a path where it has any."""
        points = path or {}
        return tuple(
            YearFigure(
                year,
                Figure.of(levels[year]),
                Figure.path(points[year]) if year in points else None,
                self.term.over(year),
            )
            for year in sorted(levels)
        )

    def flow(self, year: int) -> Fraction | None:
        """The figure of a calendar year."""
        if self.asked.operational:
            return self.evidence.of_year(year).value
        return self.reported(year)

    def reported(self, year: int) -> Fraction | None:
        """What observations tell of a year; None unless all components are told."""
        parts = [self.part(name, year) for name in self.asked.components]
        return combined(parts, self.asked.unit)

    def part(self, component: str, year: int) -> Fraction | None:
        """What is reported of one component for a year."""
        return self.evidence.reports.get((component, "", year))

    def flows(self, years: range) -> Levels:
        """The figures of those years that have one."""
        told = {year: self.flow(year) for year in years}
        return {year: value for year, value in told.items() if value is not None}

    def missing(self, years: Sequence[int]) -> Reason:
        """Why these years have no figure."""
        divisors = [self.part(name, year) for year in years for name in self.asked.components[1:]]
        if divisors and all(divisor == 0 for divisor in divisors):
            return words.divisor_zero(years)
        return words.missing(years)

    def straight(self, goal: Goal) -> Levels:
        """The path of a count: the same step in every year of the plan."""
        years = self.term.years
        return {year: goal.value * (place + 1) / len(years) for place, year in enumerate(years)}

    def paced(self, goal: Goal, value: Fraction) -> IndicatorStatus:
        """Ahead, on track or behind a straight path before the plan's end."""
        path, due = self.straight(goal), self.term.judged_year
        if goal.satisfied(value, path[self.term.latest_year]):
            return IndicatorStatus.ahead
        return (
            IndicatorStatus.on_track
            if value >= (path[due] if due is not None else 0)
            else IndicatorStatus.behind
        )

    def against(self, goal: Goal, order: int) -> IndicatorStatus:
        """By how a figure of a closed year compares to that year's point of the path."""
        if self.term.ended:
            return IndicatorStatus.met if goal.passes(order) else IndicatorStatus.missed
        if order > 0:
            return IndicatorStatus.ahead
        return IndicatorStatus.on_track if goal.passes(order) else IndicatorStatus.behind

    def counted(self, years: Sequence[int]) -> dict[str, Any]:
        """Which facts of these calendar years a finding sums."""
        if not self.asked.operational:
            return {}
        facts = sum((self.evidence.of_year(year) for year in years), Sum()).facts
        return {"facts": facts, "days": (date(years[0], 1, 1), date(years[-1], 12, 31))}


def combined(parts: list[Fraction | None], unit: str) -> Fraction | None:
    """One component as it is, two as the first over the second (in percent where that is the unit)."""
    told = [part for part in parts if part is not None]
    if not told or len(told) < len(parts):
        return None
    if len(told) == 1:
        return told[0]
    first, second = told[:2]
    if second == 0:
        return None
    return first / second * (100 if unit == PERCENT else 1)
