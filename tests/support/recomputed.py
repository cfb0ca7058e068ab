"""An oracle of the scoreboard in plain Python, which reads exported rows and the plan's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from app.infra.db import Unit

YEARS = range(2019, 2023)
Row = Mapping[str, Any]
Answer = tuple[str, str | None]


@dataclass
class Oracle:
    """One indicator and the rows that bear on it, on a day."""

    told: Row
    facts: Sequence[Row]
    observations: Sequence[Row]
    on: date

    def __post_init__(self) -> None:
        self.over = self.on >= date(2022, 12, 31)
        self.closed = [year for year in YEARS if self.over or year < self.on.year]
        self.latest = min(self.on.year, 2022)
        self.last_day = min(self.on, date(2022, 12, 31))
        self.goal = Fraction(self.told["value_micro"] or 0, 10**6)
        self.strict = self.told["comparator"] == "above"
        self.by_facts = self.told["source"] == "operational"

    def enough(self, value: Fraction, goal: Fraction) -> bool:
        return value > goal if self.strict else value >= goal

    def summed(self, first: date, last: date) -> Fraction:
        rows = [
            row
            for row in self.facts
            if row["measure"] in self.told["measures"]
            and first <= row["occurred_on"] <= min(last, self.last_day)
        ]
        fen = any(measure.endswith("_amount") for measure in self.told["measures"])
        return Fraction(sum(row["value"] for row in rows), 10**6 if fen else 1)

    def reported(self, component: str, year: int, subject: str = "") -> Fraction | None:
        for row in self.observations:
            if (row["component"], row["year"], row["subject"]) == (component, year, subject):
                return Fraction(row["value_micro"], 10**6)
        return None

    def of_year(self, year: int) -> Fraction | None:
        if self.by_facts:
            return self.summed(date(year, 1, 1), date(year, 12, 31))
        return self.told_of(year)

    def told_of(self, year: int) -> Fraction | None:
        parts = [self.reported(component, year) for component in self.told["components"]]
        if None in parts or (len(parts) == 2 and parts[1] == 0):
            return None
        ours, *theirs = [part for part in parts if part is not None]
        return ours / theirs[0] * (100 if self.told["unit"] == "%" else 1) if theirs else ours

    def level(self, first: date) -> tuple[int, Fraction] | None:
        """The last level there is, and its year."""
        if self.by_facts:
            return self.latest, self.summed(first, self.last_day)
        known = [(year, self.told_of(year)) for year in YEARS if year <= self.latest]
        return max(((year, value) for year, value in known if value is not None), default=None)

    def pace(self, value: Fraction) -> Answer:
        due = self.goal * (self.closed[-1] - 2018) / 4 if self.closed else Fraction(0)
        ahead = self.enough(value, self.goal * (self.latest - 2018) / 4)
        return "ahead" if ahead else "on_track" if value >= due else "behind", number(value)

    def against(self, value: Fraction, goal: Fraction) -> Answer:
        enough = self.enough(value, goal)
        if self.over:
            return "met" if enough else "missed", number(value)
        return "ahead" if value > goal else "on_track" if enough else "behind", number(value)

    def answer(self) -> Answer:
        found: Answer = getattr(self, self.told["kind"])()
        return found

    def cumulative(self) -> Answer:
        known = self.level(date(2019, 1, 1))
        if known is None:
            return "no_data", None
        year, value = known
        if self.enough(value, self.goal):
            return "met", number(value)
        if not self.over:
            return self.pace(value)
        return ("missed", number(value)) if year == 2022 else ("no_data", None)

    def stock(self) -> Answer:
        known = self.level(date(1950, 1, 1))
        if known is None or (self.over and known[0] < 2022):
            return "no_data", None
        good, bad = ("met", "missed") if self.over else ("ahead", "behind")
        return good if self.enough(known[1], self.goal) else bad, number(known[1])

    def qualified_count(self) -> Answer:
        if self.by_facts:
            value = self.summed(date(1950, 1, 1), self.last_day)
        else:
            years = [row["year"] for row in self.observations if row["year"] in self.closed]
            if not years:
                return "no_data", None
            year, least = max(years), self.told["thresholds"]
            if self.over and year < 2022:
                return "no_data", None
            value = Fraction(0)
            for subject in {row["subject"] for row in self.observations if row["year"] == year}:
                reached = [
                    (self.reported(component, year, subject) or Fraction(0)) * 10**6 >= micro
                    for component, micro in least.items()
                ]
                value += all(reached)
        if self.over:
            return "met" if self.enough(value, self.goal) else "missed", number(value)
        return self.pace(value)

    def flow_ratio(self) -> Answer:
        if not self.closed:
            return "no_data", None
        if self.told["code"] == "BH-19":
            parts = [[self.reported(one, year) for year in self.closed] for one in self.told["components"]]
            if any(None in part for part in parts):
                return "no_data", None
            marks, firms = (sum(one for one in part if one is not None) for part in parts)
            return self.against(Fraction(marks) / firms * 100, self.goal)
        return self.score()

    def score(self) -> Answer:
        value = self.of_year(self.closed[-1]) if self.closed else None
        return ("no_data", None) if value is None else self.against(value, self.goal)

    def comparison(self) -> Answer:
        parts = [
            self.reported(one, self.closed[-1]) if self.closed else None for one in self.told["components"]
        ]
        ours, theirs = parts
        return ("no_data", None) if ours is None or theirs is None else self.against(ours, theirs + self.goal)

    def every_year(self) -> Answer:
        values = [self.of_year(year) for year in self.closed]
        known = [value for value in values if value is not None]
        if any(not self.enough(value, self.goal) for value in known):
            return "missed", number(min(known))
        if not known or len(known) < len(values):
            return "no_data", None
        return "met" if self.over else "on_track", number(min(known))

    def growth(self) -> Answer:
        base_year = self.told["base_year"]
        base = self.told_of(base_year) if base_year <= self.latest else None
        if base is None and self.by_facts and (base_year < self.on.year or self.over):
            base = self.of_year(base_year)
        if base is None or base <= 0:
            return "needs_baseline", None
        if not self.closed or self.closed[-1] <= base_year:
            return "no_data", None
        value, years = self.of_year(self.closed[-1]), self.closed[-1] - base_year
        if value is None or value < 0:
            return "no_data", None
        asked = base
        for _ in range(years):
            asked *= 1 + self.goal / 100
        status, _ = self.against(value, asked)
        return status, number(rate(value / base, years))


def rate(ratio: Fraction, years: int) -> Fraction:
    """The rate in percent to six decimals towards zero, by halving."""
    low, high = 0, 10**8
    while Fraction(high, 10**8) ** years <= ratio:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if Fraction(middle, 10**8) ** years <= ratio else (low, middle)
    exact = Fraction(low, 10**8) ** years == ratio
    return Fraction(low + (low < 10**8 and not exact) - 10**8, 10**6)


def number(value: Fraction) -> str:
    micro = value * 10**6 // 1
    shown = f"{abs(micro) // 10**6}.{abs(micro) % 10**6:06d}".rstrip("0").rstrip(".")
    return f"-{shown}" if micro < 0 else shown


async def exported(unit: Unit, plan_id: object, district: str) -> tuple[list[Row], list[Row], list[Row]]:
    """Indicators with targets, facts of the district, observations that count."""
    statements = (
        """SELECT i.*, t.comparator, t.value_micro, t.thresholds FROM indicators i
           LEFT JOIN targets t ON t.indicator_id = i.id WHERE i.plan_id = :plan""",
        """SELECT measure, value, occurred_on FROM facts WHERE district_code = :district
           AND (measure <> 'trusteeship_covered_count' OR dimensions ->> 'plan_id' = cast(cast(:plan AS uuid) AS text))""",
        """SELECT o.* FROM observations o JOIN indicators i ON i.id = o.indicator_id
           WHERE i.plan_id = :plan AND o.status = 'approved'""",
    )
    found: list[list[Row]] = []
    for statement in statements:
        rows = await unit.session.execute(text(statement), {"plan": plan_id, "district": district})
        found.append([dict(row) for row in rows.mappings()])
    indicators, facts, observations = found
    return indicators, facts, observations


def answers(
    indicators: Sequence[Row], facts: Sequence[Row], observations: Sequence[Row], on: date
) -> dict[str, Answer]:
    """What the rows come to on a day: status and value of every indicator by its code."""
    return {
        one["code"]: Oracle(
            one, facts, [row for row in observations if row["indicator_id"] == one["id"]], on
        ).answer()
        for one in indicators
        if one["category"] == "indicator"
    }
