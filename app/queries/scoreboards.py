"""Scoreboards: what is known of every indicator of a plan, read at once and judged by `app.domain`.

The figures are published aggregates: every caller gets the same, over the plan's district and those below
it, and nothing of the single facts and reports behind them.

Coverage by trusteeship counts firms once under each plan (TG-06), so each plan has coverages of its own: a
firm covered under two plans of a district counts once in each, and the plan of a city does not count what
plans of its districts cover.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Integer, Select, cast, func, not_, or_, select

from app.domain.fact import Measure
from app.domain.indicator import MICRO, Category, Comparator, IndicatorKind, SourceKind
from app.domain.observation import PUBLIC, ObservationStatus
from app.domain.scoreboard import Asked, Evidence, Finding, Goal, Sum, Term
from app.domain.scoreboard_kind import judge
from app.models.fact import Fact
from app.models.observation import Observation
from app.models.plan import Indicator, Plan, Target
from app.queries import plans, statistics
from app.queries.statistics import Knowledge

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

FEN_PER_WAN = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """An indicator, what it asks, and where it stands."""

    indicator: Indicator
    asked: Asked
    finding: Finding


@dataclass(frozen=True, slots=True)
class Board:
    """A plan's lines in its order, judged on `term.on` by what was known at `as_of` (None: all)."""

    plan: Plan
    term: Term
    as_of: datetime | None
    knowledge: Knowledge
    lines: Sequence[Line]


async def board(
    session: AsyncSession, plan_id: uuid.UUID, *, on: date, as_of: datetime | None, now: datetime
) -> Board:
    """The scoreboard of a plan, in a number of statements that does not grow with its indicators.

    Raises: `plan.not_found`.
    """
    plan = await plans.get(session, plan_id)
    measured = [
        (one.indicator, _asked(one.indicator, one.target)) for one in await plans.indicators(session, plan_id)
    ]
    term = Term(plan.starts_on, plan.ends_on, on)
    codes = await statistics.under(session, plan.district_code)
    measures = sorted({measure for _, asked in measured for measure in asked.measures})
    facts = statistics.published(measures, codes, term.counted_to, as_of).where(_of_plan(plan_id))
    sums = await _sums(session, facts, term)
    reports = await _reports(session, plan_id, term, as_of)
    known = await statistics.knowledge(session, facts, as_of, codes, now)
    lines = [
        Line(one, asked, judge(asked, term, Evidence(_added(asked, sums), reports.get(one.id, {}))))
        for one, asked in measured
    ]
    return Board(plan, term, as_of, known, lines)


OF_PLAN = frozenset({Measure.trusteeship_covered_count})
"""Measures whose facts count for the plan they name (`plan_id`) and for no other."""


def _of_plan(plan_id: uuid.UUID) -> ColumnElement[bool]:
    return or_(Fact.measure.not_in(sorted(OF_PLAN)), statistics.dimension("plan_id") == str(plan_id))


def _asked(indicator: Indicator, target: Target | None) -> Asked:
    return Asked(
        category=Category(indicator.category),
        kind=IndicatorKind(indicator.kind),
        source=SourceKind(indicator.source),
        unit=indicator.unit,
        base_year=indicator.base_year,
        measures=tuple(indicator.measures),
        components=tuple(indicator.components),
        goal=None if target is None else _goal(target),
    )


def _goal(target: Target) -> Goal:
    return Goal(
        comparator=Comparator(target.comparator),
        value=Fraction(target.value_micro, MICRO),
        upper=None if target.upper_micro is None else Fraction(target.upper_micro, MICRO),
        thresholds={name: Fraction(micro, MICRO) for name, micro in target.thresholds.items()},
    )


Sums = Mapping[str, Mapping[tuple[int, bool], Sum]]


async def _sums(session: AsyncSession, facts: Select[Fact], term: Term) -> Sums:
    """The facts by measure, calendar year and whether they lie within the plan; amounts in 万元 (ST-10)."""
    rows = facts.with_only_columns(
        Fact.measure,
        cast(func.extract("year", Fact.occurred_on), Integer).label("year"),
        (Fact.occurred_on >= term.starts_on).label("within"),
        Fact.value,
    ).subquery()
    keys = (rows.c.measure, rows.c.year, rows.c.within)
    statement = select(*keys, func.sum(rows.c.value), func.count()).group_by(*keys)
    found: dict[str, dict[tuple[int, bool], Sum]] = defaultdict(dict)
    for measure, year, within, total, count in await session.execute(statement):
        scale = FEN_PER_WAN if Measure(measure).unit == "fen" else 1
        found[measure][year, within] = Sum(Fraction(int(total), scale), count)
    return found


def _added(asked: Asked, sums: Sums) -> dict[tuple[int, bool], Sum]:
    """The sums of an indicator's measures."""
    added: dict[tuple[int, bool], Sum] = defaultdict(Sum)
    for measure in asked.measures:
        for place, told in sums.get(measure, {}).items():
            added[place] += told
    return dict(added)


Reports = Mapping[uuid.UUID, Mapping[tuple[str, str, int], Fraction]]


async def _reports(session: AsyncSession, plan_id: uuid.UUID, term: Term, as_of: datetime | None) -> Reports:
    """The observations that counted, by indicator: approved, and at `as_of` not yet superseded."""
    counts = Observation.status == ObservationStatus.approved.value
    if as_of is not None:
        counts = (
            Observation.status.in_(sorted(PUBLIC))
            & statistics.sealed_by(Observation.decided_event_id, as_of)
            & not_(statistics.sealed_by(Observation.superseded_event_id, as_of))
        )
    statement = (
        select(
            Observation.indicator_id,
            Observation.component,
            Observation.subject,
            Observation.year,
            Observation.value_micro,
        )
        .join(Indicator, Indicator.id == Observation.indicator_id)
        .where(Indicator.plan_id == plan_id, Observation.year <= term.latest_year, counts)
    )
    found: dict[uuid.UUID, dict[tuple[str, str, int], Fraction]] = defaultdict(dict)
    for indicator_id, component, subject, year, micro in await session.execute(statement):
        found[indicator_id][component, subject, year] = Fraction(micro, MICRO)
    return found
