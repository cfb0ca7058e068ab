"""The scoreboard against an oracle in plain Python, which reads the exported rows and the plan's words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from app.domain.fact import Measure
from app.domain.identifiers import new_id
from app.infra.db import Unit
from app.models.plan import Indicator, Plan
from tests.factories.scoreboards import (
    fact,
    happened,
    indicators_of,
    make_document,
    make_plan,
    observation,
)
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.recomputed import answers, exported


async def fill(unit: Unit, dice: random.Random, plan: Plan, named: Mapping[str, Indicator], api: Api) -> None:
    """Random facts of the operations from 2017 on, and random observations with gaps."""
    district, scale = plan.district_code, dice.choice([1, 1, 30])
    facts = [
        fact(
            measure,
            dice.choice([1, 1, 1, -1])
            * (dice.randrange(1, 10**9) if measure.unit == "fen" else dice.randrange(scale)),
            date(2017, 1, 1) + timedelta(days=dice.randrange(2600)),
            district_code=dice.choice([district, district, "310115"]),
            plan_id=dice.choice([plan.id, plan.id, new_id(), None]),
        )
        for measure in Measure
        for _ in range(dice.choice([0, 12, 40]))
    ]
    decided = await happened(unit, district, facts)
    document = await make_document(unit, api.actor("department").organisation_id)
    full = dice.random() < 0.5
    for indicator in named.values():
        subjects = [f"示例{n}" for n in range(8)] if indicator.kind == "qualified_count" else [""]
        size = dice.choice([3, 60, 2500, 100_000])
        places = [
            (year, component, subject)
            for year in range(2018, 2023)
            for component in indicator.components
            for subject in subjects
        ]
        for year, component, subject in places:
            if dice.random() < (0.97 if full else 0.6):
                micro = dice.randrange(1, size * 10**6)
                unit.session.add(
                    observation(
                        unit,
                        indicator,
                        document,
                        year,
                        micro,
                        component=component,
                        subject=subject,
                        decided=decided,
                    )
                )
    await unit.session.flush()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("name", "district"), [("dongli", "120110"), ("binhai", "120116")])
async def test_every_value_and_status_is_what_the_exported_rows_come_to(
    api: Api, database: SavepointDatabase, name: str, district: str, seed: int
) -> None:
    """STA-05, STA-06, STA-08, ST-01 to ST-06: recomputed by hand, on days before, within and after."""
    dice = random.Random(f"{name}{seed}")
    async with database.write() as unit:
        plan = await make_plan(unit, name)
        await fill(unit, dice, plan, await indicators_of(unit, plan), api)
    async with database.read() as unit:
        indicators, facts, observations = await exported(unit, plan.id, district)
    statuses: Counter[str] = Counter()
    for on in (date(2019, 5, 1), date(2020, 2, 1), date(2021, 6, 30), date(2022, 12, 31), date(2023, 6, 1)):
        told = (await api.get("sme", f"/v1/plans/{plan.id}/scoreboard", on=on.isoformat())).json()
        answered = {one["code"]: (one["status"], one["value"]) for one in told["indicators"]}
        assert answered == answers(indicators, facts, observations, on)
        counts = Counter(status for status, _ in answered.values())
        assert {status: count for status, count in told["summary"].items() if count} == dict(counts)
        statuses += counts
    assert len(statuses) >= 5, statuses
