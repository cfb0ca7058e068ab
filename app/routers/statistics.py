"""`/v1/statistics`: every figure with its definition, its knowledge time and the rows it sums."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.domain import fact as rules
from app.domain.clock import Moment
from app.domain.fact import DEFINITIONS, Definition, FactRole, Measure
from app.domain.permission import Permission
from app.models.fact import Fact
from app.queries import statistics as queries
from app.queries.paging import page
from app.queries.statistics import Cell, Grouping, Question
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import PageDep
from app.schemas.common import Day, DistrictCode, Instant, Page
from app.schemas.statistic import CellOut, DefinitionOut, FactOut, MeasureOut, MeasuresOut, StatisticOut

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])
_DIMENSION = r"^[a-z][a-z_]{0,39}$"
_PERIOD = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")
Year = Annotated[int, Query(ge=1950, le=2100)]


@dataclass(frozen=True, slots=True)
class Filters:
    """What figures and rows are filtered by alike."""

    district: str
    first_year: int
    last_year: int
    since: date | None
    until: date | None
    roles: frozenset[FactRole]
    imported: bool | None
    where: Mapping[str, str | None]
    as_of: Instant | None

    def question(self, measure: Measure, moment: Moment) -> Question:
        """These filters on a measure. Raises: `statistic.period_invalid`, `statistic.as_of_in_future`."""
        first_day, last_day = date(self.first_year, 1, 1), date(self.last_year, 12, 31)
        if self.since is not None:
            first_day = max(first_day, self.since)
        if self.until is not None:
            last_day = min(last_day, self.until)
        if first_day > last_day:
            raise rules.PERIOD_INVALID.error("query:from")
        if self.as_of is not None and self.as_of > moment.now:
            raise rules.AS_OF_IN_FUTURE.error("query:as_of")
        return Question(
            measure=measure,
            district_code=self.district,
            first_day=first_day,
            last_day=last_day,
            roles=self.roles,
            imported=self.imported,
            where=self.where,
            as_of=self.as_of,
        )


def filters(
    *,
    district: Annotated[
        DistrictCode, Query(description="GB/T 2260; a prefecture or province stands for all below it.")
    ],
    first_year: Annotated[Year, Query(alias="from", description="First calendar year.")],
    last_year: Annotated[Year, Query(alias="to", description="Last calendar year.")],
    since: Annotated[Day | None, Query(description="Nothing before this day.")] = None,
    until: Annotated[Day | None, Query(description="Nothing after this day.")] = None,
    role: Annotated[
        list[FactRole],
        Query(description="in, out or internal; all by default. What is both out and in counts once."),
    ] = [],  # noqa: B006 - FastAPI copies defaults
    imported: Annotated[bool | None, Query(description="Only backfilled facts, or only others.")] = None,
    where: Annotated[
        list[str],
        Query(
            max_length=10,
            description="dimension:value, such as asset_kind:patent; `asset_kind:`: facts without.",
        ),
    ] = [],  # noqa: B006 - FastAPI copies defaults
    as_of: Annotated[Instant | None, Query(description="What was known (sealed) at that instant.")] = None,
) -> Filters:
    """Read the filters. Raises: `statistic.filter_invalid`."""
    wanted = dict(_condition(given) for given in where)
    roles = frozenset(role or FactRole)
    return Filters(district, first_year, last_year, since, until, roles, imported, wanted, as_of)


def _condition(given: str) -> tuple[str, str | None]:
    name, colon, value = given.partition(":")
    if not colon or not re.match(_DIMENSION, name):
        raise rules.FILTER_INVALID.error("query:where", given=given)
    return name, value or None


FiltersDep = Annotated[Filters, Depends(filters)]
Unit = Annotated[ReadUnit, reads(Permission.statistic_read)]


def _measure(name: str) -> Measure:
    try:
        return Measure(name)
    except ValueError as error:
        raise rules.MEASURE_UNKNOWN.error(measure=name) from error


def definition(given: Definition) -> DefinitionOut:
    """The definition as it is shown."""
    return DefinitionOut.model_validate(given)


@router.get("")
async def measures(unit: Unit) -> MeasuresOut:  # noqa: ARG001 - asks for the permission
    """The dictionary of measures."""
    return MeasuresOut(
        items=[
            MeasureOut(measure=measure, unit=measure.unit, definition=definition(DEFINITIONS[measure]))
            for measure in Measure
        ]
    )


@router.get("/{measure}")
async def figures(
    measure: str,
    unit: Unit,
    asked: FiltersDep,
    group_by: Grouping = Grouping.year,
    slices: Annotated[
        list[Annotated[str, Query(pattern=_DIMENSION)]],
        Query(alias="slice", max_length=3, description="Dimensions to slice by; district and role are ones."),
    ] = [],  # noqa: B006 - FastAPI copies defaults
) -> StatisticOut:
    """Figures per period and slice. Without slices every period has a cell; with them, those with facts."""
    question = asked.question(_measure(measure), unit.moment)
    codes = await queries.under(unit.session, question.district_code)
    facts = queries.selection(unit.actor, question, codes)
    found = await queries.cells(unit.session, facts, group_by, slices)
    known = await queries.knowledge(unit.session, facts, question.as_of, codes, unit.moment.now)
    fen = question.measure.unit == "fen"
    return StatisticOut(
        measure=question.measure,
        unit=question.measure.unit,
        definition=definition(DEFINITIONS[question.measure]),
        district=question.district_code,
        first_day=question.first_day,
        last_day=question.last_day,
        roles=sorted(question.roles),
        imported=question.imported,
        where=[f"{name}:{value or ''}" for name, value in question.where.items()],
        scope="all" if queries.sees_all(unit.actor, codes) else "visible",
        as_of=question.as_of,
        seals=dict(known.seals),
        settled=known.settled,
        data_as_of=await queries.newest(unit.session, facts),
        computed_at=unit.moment.now,
        group_by=group_by,
        currency="CNY" if fen else None,
        cells=[
            _cell(question, slices, cell) for cell in (found if slices else _filled(asked, group_by, found))
        ],
    )


def _filled(asked: Filters, group_by: Grouping, found: list[Cell]) -> list[Cell]:
    years = range(asked.first_year, asked.last_year + 1)
    periods = {
        Grouping.total: ["total"],
        Grouping.year: [f"{year}" for year in years],
        Grouping.month: [f"{year}-{month:02d}" for year in years for month in range(1, 13)],
    }[group_by]
    known = {cell.period: cell for cell in found}
    return [known.get(period, Cell(period, (), 0, 0)) for period in periods]


def _cell(question: Question, slices: list[str], cell: Cell) -> CellOut:
    value, amount, wan = _values(question.measure, cell.value)
    return CellOut(
        period=cell.period,
        district=question.district_code,
        slice=dict(zip(slices, cell.slices, strict=True)) if slices else {},
        value=value,
        amount=amount,
        value_wan=wan,
        facts=cell.facts,
    )


def _values(measure: Measure, value: int) -> tuple[int | None, str | None, str | None]:
    if measure.unit == "fen":
        return None, rules.signed_amount(value), rules.wan(value)
    return value, None, None


@router.get("/{measure}/rows")
async def rows(
    measure: str,
    unit: Unit,
    asked: FiltersDep,
    paging: PageDep,
    period: Annotated[str, Query(description="A cell's period: 2022, 2022-03 or total.")] = "total",
) -> Page[FactOut]:
    """List the facts a cell sums: same filters, its period, and a `where` for each of its slice values."""
    question = _within(asked.question(_measure(measure), unit.moment), period)
    codes = await queries.under(unit.session, question.district_code)
    found = await page(
        unit.session,
        queries.selection(unit.actor, question, codes),
        Fact.id,
        paging.wanted,
    )
    items = [_row(question.measure, row) for row in found.rows]
    return paging.answer(found, items)


def _within(question: Question, period: str) -> Question:
    """The question cut to a period. Raises: `statistic.period_unknown`."""
    if period == "total":
        return question
    match = _PERIOD.fullmatch(period)
    if match is None or not 1950 <= int(match[1]) <= 2100:
        raise rules.PERIOD_UNKNOWN.error("query:period", period=period)
    year, first, last = int(match[1]), int(match[2] or 1), int(match[2] or 12)
    return replace(
        question,
        first_day=max(question.first_day, date(year, first, 1)),
        last_day=min(question.last_day, date(year, last, calendar.monthrange(year, last)[1])),
    )


def _row(measure: Measure, fact: Fact) -> FactOut:
    value, amount, _ = _values(measure, fact.value)
    return FactOut(
        id=fact.id,
        district=fact.district_code,
        role=fact.role,
        value=value,
        amount=amount,
        occurred_on=fact.occurred_on,
        dimensions=fact.dimensions,
        source_noun=fact.source_noun,
        source_id=fact.source_id,
        imported=fact.imported,
        event_id=fact.event_id,
        recorded_at=fact.recorded_at,
    )
