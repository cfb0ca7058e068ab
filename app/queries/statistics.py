"""Figures: sums of facts a caller may see, as known now or at an earlier instant, and the facts behind them.

A figure and its rows come from one selection of facts, so they always agree (STA-08). Grouping only
partitions that selection: slices of it sum to its total (STA-17).

Counting once (ST-08). An operation between two districts has two facts under one event: `out` in the one,
`in` in the other. In each district's own figure it counts. In a figure over several districts an `out`
fact is left out where its `in` fact is in the same selection of districts and roles and the caller sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    any_,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.domain import district as districts
from app.domain.district import NATIONAL, OUTSIDE_EVERY_PLAN
from app.domain.fact import FactRole, Measure
from app.models.district import District
from app.models.event import Event, Seal
from app.models.fact import Fact
from app.queries import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

SETTLED_AFTER = timedelta(minutes=2)
"""No transaction that seals lasts this long (the worker gives up earlier): older instants are settled."""


class Grouping(StrEnum):
    """Length of the periods of an answer."""

    year = "year"
    month = "month"
    total = "total"


_FORMAT = {Grouping.year: "YYYY", Grouping.month: "YYYY-MM", Grouping.total: '"total"'}


@dataclass(frozen=True, slots=True)
class Question:
    """Which facts to sum. `where` holds dimensions to a value each; None means the fact lacks it.

    A district of a higher level stands for all below it. `as_of` None: everything committed, the
    unsealed tail included.
    """

    measure: Measure
    district_code: str
    first_day: date
    last_day: date
    roles: frozenset[FactRole]
    imported: bool | None
    where: Mapping[str, str | None]
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure: the sum of `facts` facts of a period with these slice values."""

    period: str
    slices: tuple[str | None, ...]
    value: int
    facts: int


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What an answer knows: per stream the number of the last seal it includes.

    `settled`: no seal that is still to come can belong to it.
    """

    seals: Mapping[str, int]
    settled: bool


async def under(session: AsyncSession, code: str) -> list[str]:
    """The district and all below it. Raises: `district.unknown`."""
    below = select(District.code).where(District.code == code).cte("below", recursive=True)
    below = below.union_all(select(District.code).where(District.parent_code == below.c.code))
    found = list(await session.scalars(select(below.c.code)))
    if not found:
        raise districts.UNKNOWN.error("query:district", district_code=code)
    return found


def sees_all(actor: Actor, codes: Sequence[str]) -> bool:
    """Whether the caller regulates all of these districts, so that nothing in them is hidden from it."""
    return actor.regulates == OUTSIDE_EVERY_PLAN or list(codes) == [actor.regulates]


def visible(actor: Actor, fact: type[Fact] = Fact) -> ColumnElement[bool]:
    """Facts the caller may see: those of the district it regulates, and those of events it may see."""
    if actor.regulates == OUTSIDE_EVERY_PLAN:
        return true()
    seen = select(1).where(Event.id == fact.event_id, events.visible(actor)).correlate(fact).exists()
    return seen if actor.regulates is None else or_(fact.district_code == actor.regulates, seen)


def dimension(name: str) -> ColumnElement[Any]:
    """A fact's value in a dimension as text; NULL when it has none. `district` and `role` are dimensions."""
    if name == "district":
        return cast(Fact.district_code, Text)
    if name == "role":
        return cast(Fact.role, Text)
    return func.nullif(Fact.dimensions[name].astext, "")


def selection(actor: Actor, question: Question, codes: Sequence[str]) -> Select[Fact]:
    """The facts a figure sums, `codes` being the districts it covers."""
    # As an array constant, so that one plan serves any number of districts.
    covered = literal(list(codes), ARRAY(Text))
    statement = select(Fact).where(
        Fact.measure == question.measure.value,
        Fact.district_code == any_(covered),
        Fact.occurred_on.between(question.first_day, question.last_day),
        Fact.role.in_(sorted(question.roles)),
        visible(actor),
    )
    if {FactRole.inbound, FactRole.outbound} <= question.roles and len(codes) > 1:
        statement = statement.where(_once(covered, actor))
    if question.imported is not None:
        statement = statement.where(Fact.imported == question.imported)
    for name, value in question.where.items():
        column = dimension(name)
        statement = statement.where(column.is_(None) if value is None else column == value)
    if question.as_of is not None:
        statement = statement.where(sealed_by(Fact.event_id, question.as_of))
    return statement


def published(
    measures: Sequence[str], codes: Sequence[str], last_day: date, as_of: datetime | None
) -> Select[Fact]:
    """All facts of several measures in these districts up to a day, whoever asks, each counted once.

    For published aggregates only: what single facts tell is for those who may see them.
    """
    covered = literal(list(codes), ARRAY(Text))
    statement = select(Fact).where(
        Fact.measure == any_(literal(list(measures), ARRAY(Text))),
        Fact.district_code == any_(covered),
        Fact.occurred_on <= last_day,
    )
    if len(codes) > 1:
        statement = statement.where(_once(covered, None))
    return statement if as_of is None else statement.where(sealed_by(Fact.event_id, as_of))


def sealed_by(
    event_id: ColumnElement[Any] | InstrumentedAttribute[Any], as_of: datetime
) -> ColumnElement[bool]:
    """Whether an event was known (sealed) at an instant."""
    sealed = select(1).where(Seal.event_id == event_id, Seal.sealed_at <= as_of)
    return sealed.correlate_except(Seal).exists()


def _once(covered: ColumnElement[Any], actor: Actor | None) -> ColumnElement[bool]:
    return or_(Fact.role != FactRole.outbound.value, ~_arrived(actor, covered))


def _arrived(actor: Actor | None, covered: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the caller sees the same operation come in: where it does not, only the `out` fact tells it.

    None: a caller from whom nothing is hidden.
    """
    other = aliased(Fact)
    return (
        select(1)
        .where(
            other.event_id == Fact.event_id,
            other.role == FactRole.inbound.value,
            other.district_code == any_(covered),
            other.measure == Fact.measure,
            other.source_id == Fact.source_id,
            other.occurred_on == Fact.occurred_on,
            other.value == Fact.value,
            true() if actor is None else visible(actor, other),
        )
        .correlate(Fact)
        .exists()
    )


async def cells(
    session: AsyncSession, facts: Select[Fact], grouping: Grouping, slices: Sequence[str]
) -> list[Cell]:
    """The selection summed by period and slice values, in that order."""
    keys = [func.to_char(Fact.occurred_on, _FORMAT[grouping]).label("period")]
    keys += [dimension(name).label(f"slice_{place}") for place, name in enumerate(slices)]
    rows = facts.with_only_columns(*keys, Fact.value).subquery()
    by = [rows.c[key.name] for key in keys]
    statement = select(*by, func.sum(rows.c.value), func.count()).group_by(*by).order_by(*by)
    return [
        Cell(period, tuple(values), int(total), count)
        for period, *values, total, count in await session.execute(statement)
    ]


async def newest(session: AsyncSession, facts: Select[Fact]) -> datetime | None:
    """When the youngest fact of the selection became known."""
    statement = facts.with_only_columns(func.max(Fact.recorded_at))
    return await session.scalar(statement)


async def knowledge(
    session: AsyncSession, facts: Select[Fact], as_of: datetime | None, codes: Sequence[str], now: datetime
) -> Knowledge:
    """The last seal the answer includes in each stream it may draw on.

    These are its districts', the register's, and whatever others its facts came from.
    """
    sources = facts.with_only_columns(Fact.event_id).distinct().subquery()
    contributing = select(Event.stream).join(sources, sources.c.event_id == Event.id).distinct()
    streams = {*codes, NATIONAL, *await session.scalars(contributing)}
    names = select(func.unnest(literal(sorted(streams), ARRAY(Text))).label("stream")).subquery()
    known = select(Seal.seq).where(Seal.stream == names.c.stream)
    if as_of is not None:
        known = known.where(Seal.sealed_at <= as_of)
    last = known.order_by(Seal.sealed_at.desc(), Seal.seq.desc()).limit(1).scalar_subquery()
    seals = {
        stream: seq for stream, seq in await session.execute(select(names.c.stream, last)) if seq is not None
    }
    return Knowledge(seals, await _settled(session, as_of, now))


async def _settled(session: AsyncSession, as_of: datetime | None, now: datetime) -> bool:
    """Seal times only grow from one sealing transaction to the next, so a younger seal settles the past."""
    if as_of is None:
        return False
    if now - as_of > SETTLED_AFTER:
        return True
    last = select(Seal.sealed_at).order_by(Seal.position.desc()).limit(1)
    sealed_at = await session.scalar(last)
    return sealed_at is not None and sealed_at > as_of
