"""Figures against an oracle in plain Python: every cell, every slice, every caller, every instant."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.clock import Moment
from app.domain.errors import DomainError
from app.domain.fact import DEFINITIONS, FactRole, Measure, wan
from app.domain.identifiers import new_id
from app.domain.permission import Actor, Role, system_actor
from app.infra.db import Unit
from app.queries import statistics as queries
from app.queries.statistics import Grouping, Question
from app.services import events, seals
from tests.support.api import Api

ACTOR = system_actor("test")
TIANJIN = "120000"
IN_TIANJIN = ("120110", "120111", "120116")
DISTRICTS = (*IN_TIANJIN, "310115", "000000")
MEASURES = (Measure.transfer_count, Measure.transfer_amount)
FIRST, LAST = date(2019, 1, 1), date(2022, 12, 31)


@dataclass(frozen=True)
class Known:
    """A fact as the oracle keeps it."""

    fact: events.NewFact
    event: events.NewEvent
    batch: int


def happening(dice: random.Random, orgs: Sequence[uuid.UUID]) -> events.NewEvent:
    """A deal of two districts, or within one, or a correction of one: facts as deals write them."""
    source, sign = new_id(), dice.choice((1, 1, 1, -1))
    giving, taking = dice.choice(DISTRICTS), dice.choice(DISTRICTS)
    sides = [(giving, FactRole.outbound), (taking, FactRole.inbound)]
    if giving == taking:
        sides = [(giving, FactRole.internal)]
    occurred_on = FIRST + timedelta(days=dice.randrange((LAST - FIRST).days + 1))
    dimensions: dict[str, Any] = {"asset_kind": dice.choice(["patent", "trademark", "mixed"])}
    if dice.random() < 0.8:
        dimensions["recorded"] = dice.random() < 0.5
    values = {Measure.transfer_count: sign, Measure.transfer_amount: sign * dice.randrange(10**12)}
    return events.NewEvent(
        type="deal.recorded",
        noun="deal",
        subject_id=source,
        stream=dice.choice((giving, giving, *DISTRICTS)),  # a third district's agency may have drafted it
        audience=dice.sample(orgs, dice.randrange(len(orgs))),
        public=dice.random() < 0.1,
        payload={},
        facts=[
            events.NewFact(
                measure, district, role, value, occurred_on, "deal", source, dimensions, dice.random() < 0.2
            )
            for district, role in sides
            for measure, value in values.items()
        ],
    )


def counted(
    known: Sequence[Known], actor: Actor, question: Question, codes: Sequence[str], batch: int | None
) -> list[events.NewFact]:
    """What a figure sums, by the words of ST-08 and the visibility rules, not by the query's."""
    found = []
    for one in known:
        fact, event = one.fact, one.event
        public = event.public or actor.organisation_id in event.audience

        def seen(told: events.NewFact, event: events.NewEvent = event, *, public: bool = public) -> bool:
            return public or actor.regulates in {"000000", told.district_code, event.stream}

        together = [
            other
            for other in event.facts
            if other.role is FactRole.inbound
            and other.measure is fact.measure
            and other.district_code in codes
            and seen(other)
        ]
        once = (
            fact.role is FactRole.outbound
            and together
            and FactRole.inbound in question.roles
            and len(codes) > 1
        )
        if (
            fact.measure is question.measure
            and fact.district_code in codes
            and fact.role in question.roles
            and question.first_day <= fact.occurred_on <= question.last_day
            and (question.imported is None or fact.imported is question.imported)
            and seen(fact)
            and (batch is None or one.batch <= batch)
            and not once
        ):
            found.append(fact)
    return found


def shown(fact: events.NewFact, name: str) -> str | None:
    if name in {"district", "role"}:
        return {"district": fact.district_code, "role": fact.role.value}[name]
    value = fact.dimensions.get(name)
    return value if value is None or isinstance(value, str) else str(value).lower()


def cells(
    facts: Sequence[events.NewFact], grouping: Grouping, slices: Sequence[str]
) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Sum and count per period and slice values."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for fact in facts:
        period = {
            Grouping.year: str(fact.occurred_on.year),
            Grouping.month: fact.occurred_on.isoformat()[:7],
            Grouping.total: "total",
        }[grouping]
        groups[period, *(shown(fact, name) for name in slices)].append(fact.value)
    return {key: (sum(values), len(values)) for key, values in groups.items()}


def question(dice: random.Random, as_of: datetime | None = None) -> Question:
    roles = [set(FactRole), {FactRole.inbound, FactRole.internal}, {FactRole.outbound}, {FactRole.internal}]
    years = sorted(dice.choices(range(2019, 2023), k=2))
    return Question(
        measure=dice.choice(MEASURES),
        district_code=dice.choice((TIANJIN, *DISTRICTS)),
        first_day=date(years[0], 1, 1),
        last_day=date(years[1], 12, 31),
        roles=frozenset(dice.choice(roles)),
        imported=dice.choice((None, None, True, False)),
        where={},
        as_of=as_of,
    )


async def seal(unit: Unit, moment: Moment) -> None:
    await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
    while await seals.seal(unit.session, moment=moment):
        pass
    await unit.session.execute(text("SET LOCAL ROLE ipops_app"))


async def add(
    unit: Unit, dice: random.Random, orgs: Sequence[uuid.UUID], batch: int, count: int
) -> list[Known]:
    given = [happening(dice, orgs) for _ in range(count)]
    await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=given)
    return [Known(fact, event, batch) for event in given for fact in event.facts]


def everywhere(actor: Actor) -> Actor:
    return replace(actor, district_code="000000", roles=frozenset({Role.ip_office}))


@pytest.mark.parametrize("seed", range(4))
async def test_every_cell_is_the_sum_of_its_rows_and_what_the_rules_say(
    unit: Unit, api: Api, seed: int
) -> None:
    """STA-08, STA-17, ST-08: fuzzed questions of three callers; figures, slices and rows against the oracle."""
    dice = random.Random(seed)
    orgs = [api.actor(role).organisation_id for role in ("bank_a", "bank_b", "agency")]
    known = await add(unit, dice, orgs, 1, 120)
    actors = [api.actor("ip_office"), api.actor("bank_a"), everywhere(api.actor("ip_office"))]
    for _ in range(25):
        actor, asked = dice.choice(actors), question(dice)
        grouping = dice.choice(list(Grouping))
        slices = dice.sample(["district", "role", "asset_kind", "recorded", "nothing"], dice.randrange(3))
        codes = await queries.under(unit.session, asked.district_code)
        facts = queries.selection(actor, asked, codes)
        found = await queries.cells(unit.session, facts, grouping, slices)
        expected = cells(counted(known, actor, asked, codes, None), grouping, slices)
        assert {(cell.period, *cell.slices): (cell.value, cell.facts) for cell in found} == expected
        total = await queries.cells(unit.session, facts, Grouping.total, [])
        assert sum(cell.value for cell in found) == sum(cell.value for cell in total)
        for cell in found:
            drilled = replace(asked, where=dict(zip(slices, cell.slices, strict=True)))
            rows = await unit.session.scalars(queries.selection(actor, drilled, codes))
            summed = [
                row.value
                for row in rows
                if cell.period in {"total", str(row.occurred_on.year), row.occurred_on.isoformat()[:7]}
            ]
            assert (sum(summed), len(summed)) == (cell.value, cell.facts)


async def test_an_operation_between_two_districts_counts_once_in_their_sum(unit: Unit, api: Api) -> None:
    """ST-08: once in each district's own figure, once in the province's, and only by its role if asked."""
    source, day = new_id(), date(2021, 5, 6)
    event = events.NewEvent(
        type="deal.recorded",
        noun="deal",
        subject_id=source,
        stream="120110",
        payload={},
        facts=[
            events.NewFact(Measure.transfer_count, district, role, 1, day, "deal", source)
            for district, role in (("120110", FactRole.outbound), ("120111", FactRole.inbound))
        ],
    )
    await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=[event])
    actor = everywhere(api.actor("ip_office"))

    async def figure(code: str, *roles: FactRole) -> int:
        asked = Question(
            Measure.transfer_count, code, FIRST, LAST, frozenset(roles or FactRole), None, {}, None
        )
        codes = await queries.under(unit.session, code)
        found = await queries.cells(unit.session, queries.selection(actor, asked, codes), Grouping.total, [])
        return sum(cell.value for cell in found)

    assert [await figure(code) for code in ("120110", "120111", TIANJIN, "310000")] == [1, 1, 1, 0]
    assert await figure(TIANJIN, FactRole.outbound) == 1
    assert await figure("120110", FactRole.inbound) == 0


async def test_an_operation_whose_other_side_the_caller_does_not_see_still_counts(
    unit: Unit, api: Api
) -> None:
    """ST-08, RB-01: drafted in a third district, only the outgoing side is in what the caller regulates."""
    event = events.NewEvent(
        type="deal.recorded",
        noun="deal",
        subject_id=(source := new_id()),
        stream="310115",
        payload={},
        facts=[
            events.NewFact(Measure.transfer_count, district, role, 1, date(2021, 5, 6), "deal", source)
            for district, role in (("120110", FactRole.outbound), ("120111", FactRole.inbound))
        ],
    )
    await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=[event])
    asked = Question(Measure.transfer_count, TIANJIN, FIRST, LAST, frozenset(FactRole), None, {}, None)
    codes = await queries.under(unit.session, TIANJIN)
    facts = queries.selection(api.actor("ip_office"), asked, codes)
    found = await queries.cells(unit.session, facts, Grouping.total, [])
    assert [cell.value for cell in found] == [1]


async def test_an_answer_of_the_past_does_not_change(unit: Unit, api: Api) -> None:
    """STA-09: what was recorded at an instant is reproduced after many later facts and corrections."""
    dice = random.Random(9)
    orgs = [api.actor("bank_a").organisation_id]
    actor = everywhere(api.actor("ip_office"))
    known: list[Known] = []
    asked_at: list[tuple[int, Question, Any, Any]] = []

    async def answer(asked: Question, now: datetime) -> tuple[Any, Any]:
        codes = await queries.under(unit.session, asked.district_code)
        facts = queries.selection(actor, asked, codes)
        found = await queries.cells(unit.session, facts, Grouping.year, ["asset_kind"])
        expected = cells(counted(known, actor, asked, codes, batch), Grouping.year, ["asset_kind"])
        assert {(cell.period, *cell.slices): (cell.value, cell.facts) for cell in found} == expected
        knowledge = await queries.knowledge(unit.session, facts, asked.as_of, codes, now)
        return found, knowledge

    for batch in range(1, 5):
        known += await add(unit, dice, orgs, batch, 40)
        moment = Moment(unit.moment.now + timedelta(seconds=batch), unit.moment.today)
        await seal(unit, moment)
        for _ in range(5):
            asked = question(dice, as_of=moment.now)
            cells_then, knowledge = await answer(asked, moment.now)
            asked_at.append((batch, asked, cells_then, knowledge.seals))
    known += await add(unit, dice, orgs, 5, 40)  # the unsealed tail
    later = unit.moment.now + timedelta(seconds=30)
    for batch, asked, cells_then, seals_then in asked_at:  # noqa: B007 - the oracle reads `batch`
        cells_now, knowledge = await answer(asked, later)
        assert cells_now == cells_then
        assert dict(seals_then).items() <= dict(knowledge.seals).items()


async def test_an_answer_says_which_seals_it_rests_on_and_whether_it_can_still_change(unit: Unit) -> None:
    """STA-09, decisions §7: per stream the last seal before the instant; settled once a younger seal exists."""
    dice = random.Random(3)
    moments = [Moment(unit.moment.now + timedelta(seconds=n), unit.moment.today) for n in (1, 2)]
    actor = replace(ACTOR, district_code="120110")
    for moment in moments:
        event = replace(happening(dice, [new_id()]), stream="120110", facts=())
        await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=[event])
        await seal(unit, moment)
    last = await unit.session.scalar(text("SELECT max(seq) FROM seals WHERE stream = '120110'"))

    async def knowledge(as_of: datetime | None) -> queries.Knowledge:
        asked = Question(Measure.transfer_count, "120110", FIRST, LAST, frozenset(FactRole), None, {}, as_of)
        facts = queries.selection(actor, asked, ["120110"])
        return await queries.knowledge(unit.session, facts, as_of, ["120110"], moments[1].now)

    assert [(await knowledge(at)).seals.get("120110") for at in (moments[0].now, moments[1].now, None)] == [
        last - 1,
        last,
        last,
    ]
    assert [(await knowledge(at)).settled for at in (moments[0].now, moments[1].now, None)] == [
        True,
        False,
        False,
    ]
    assert (await knowledge(moments[1].now - timedelta(hours=1))).settled
    assert "120110" not in (await knowledge(moments[0].now - timedelta(hours=1))).seals


async def test_a_district_that_does_not_exist_is_refused(unit: Unit) -> None:
    """GB/T 2260; 000000 is the district outside every plan and stands for itself alone."""
    with pytest.raises(DomainError, match=r"district\.unknown"):
        await queries.under(unit.session, "999999")
    assert await queries.under(unit.session, "000000") == ["000000"]
    assert set(IN_TIANJIN) < set(await queries.under(unit.session, TIANJIN))


@pytest.mark.parametrize(
    ("fen", "shown_as"),
    [
        (0, "0.00"),
        (1_250_000_00, "125.00"),
        (4_999, "0.00"),
        (5_000, "0.01"),
        (-5_000, "-0.01"),
        (-4_999, "0.00"),
        (123_456_789, "123.46"),
    ],
)
def test_amounts_are_shown_in_wan_with_two_decimals(fen: int, shown_as: str) -> None:
    """ST-10."""
    assert wan(fen) == shown_as


def test_every_measure_is_defined() -> None:
    """STA-01: each figure names its definition in both languages and its rules."""
    assert set(DEFINITIONS) == set(Measure)
    assert all(one.zh and one.en and one.wording_zh and one.rules for one in DEFINITIONS.values())
