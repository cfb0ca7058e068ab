"""`/v1/plans/{plan_id}/scoreboard`: where every indicator of a plan stands, and why."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query

from app.domain import fact as facts, scoreboard as rules, scoreboard_text as words
from app.domain.indicator import Category, IndicatorStatus
from app.domain.permission import Permission
from app.domain.scoreboard import Asked, Figure, Finding
from app.queries import scoreboards as queries
from app.queries.scoreboards import Board, Line
from app.routers.dependencies import ReadUnit, reads
from app.schemas.common import Day, Instant
from app.schemas.scoreboard import (
    BaseOut,
    GoalOut,
    PlanNameOut,
    ScoreboardOut,
    StandingOut,
    YearFigureOut,
)

if TYPE_CHECKING:
    from app.domain.permission import Actor

router = APIRouter(prefix="/v1/plans", tags=["plans"])
Unit = Annotated[ReadUnit, reads(Permission.plan_read)]
FIRST_YEAR = 1950
"""The earliest year that statistics are asked for, for stocks that have no first day."""


@router.get("/{plan_id}/scoreboard")
async def scoreboard(
    plan_id: uuid.UUID,
    unit: Unit,
    on: Annotated[Day | None, Query(description="Judge on this day; today by default.")] = None,
    as_of: Annotated[Instant | None, Query(description="By what was known (sealed) at that instant.")] = None,
) -> ScoreboardOut:
    """Judge every indicator, trend and milestone of a plan; the figures are the same for every caller."""
    day = on or unit.moment.today
    if day > unit.moment.today:
        raise rules.ON_IN_FUTURE.error("query:on", today=unit.moment.today.isoformat())
    if as_of is not None and as_of > unit.moment.now:
        raise facts.AS_OF_IN_FUTURE.error("query:as_of")
    board = await queries.board(unit.session, plan_id, on=day, as_of=as_of, now=unit.moment.now)
    of: dict[str, list[StandingOut]] = {category: [] for category in Category}
    for line in board.lines:
        of[line.asked.category].append(_standing(board, line, unit.actor))
    counts = Counter(one.status for one in of[Category.indicator])
    return ScoreboardOut(
        plan=PlanNameOut.model_validate(board.plan),
        on=day,
        as_of=as_of,
        judged_year=board.term.judged_year,
        ended=board.term.ended,
        indicators=of[Category.indicator],
        trends=of[Category.trend],
        milestones=of[Category.milestone],
        summary={status.value: counts[status] for status in IndicatorStatus},
        known_through=dict(board.knowledge.seals),
        settled=board.knowledge.settled,
        computed_at=unit.moment.now,
    )


def _standing(board: Board, line: Line, actor: Actor) -> StandingOut:
    indicator, asked, found = line.indicator, line.asked, line.finding
    told = actor.oversees(board.plan.district_code)
    return StandingOut(
        id=indicator.id,
        code=indicator.code,
        name_zh=indicator.name_zh,
        name_en=indicator.name_en,
        wording=indicator.wording,
        unit=asked.unit,
        value_unit=asked.value_unit,
        category=asked.category,
        kind=asked.kind,
        source=asked.source,
        value=_decimal(found.value),
        display=None if found.value is None else words.shown(found.value, asked.value_unit),
        target=_goal(asked),
        path=_decimal(found.path),
        path_display=None if found.path is None else words.path(asked, found.path),
        status=found.status,
        reason_zh=None if found.reason is None else found.reason.zh,
        reason_en=None if found.reason is None else str(found.reason),
        base=None
        if found.base is None
        else BaseOut(
            year=found.base.year, value=words.decimal(found.base.value.micro), source=found.base.source
        ),
        years=[
            YearFigureOut(
                year=one.year,
                value=words.decimal(one.value.micro),
                path=_decimal(one.path),
                closed=one.closed,
            )
            for one in found.years
        ],
        facts=found.facts,
        drill=_drill(board, asked, found),
        subjects=list(found.subjects) if told else None,
        definition_version=indicator.definition_version,
        rules=indicator.rules,
        departments=indicator.departments,
    )


def _decimal(figure: Figure | None) -> str | None:
    return None if figure is None else words.decimal(figure.micro)


def _goal(asked: Asked) -> GoalOut | None:
    goal = asked.goal
    if goal is None:
        return None
    return GoalOut(
        comparator=goal.comparator,
        value=words.decimal(Figure.of(goal.value).micro),
        upper=None if goal.upper is None else words.decimal(Figure.of(goal.upper).micro),
        thresholds={name: words.decimal(Figure.of(least).micro) for name, least in goal.thresholds.items()},
        text=words.target(asked),
    )


def _drill(board: Board, asked: Asked, found: Finding) -> list[str]:
    """Where the facts of the value are listed, a measure at a time."""
    if found.days is None:
        return []
    first, last = found.days
    query = {
        "district": board.plan.district_code,
        "from": FIRST_YEAR if first is None else first.year,
        "to": last.year,
        "until": last,
    }
    if first is not None:
        query["since"] = first
    if board.as_of is not None:
        query["as_of"] = board.as_of.isoformat()
    of_plan = query | {"where": f"plan_id:{board.plan.id}"}
    return [
        f"/v1/statistics/{measure}/rows?{urlencode(of_plan if measure in queries.OF_PLAN else query)}"
        for measure in asked.measures
    ]
