"""`/v1/plans/{id}/scoreboard` over HTTP: both plans' indicators from facts and observations."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.observation import ObservationEvent
from app.models.observation import Observation
from app.models.plan import Plan
from tests.factories.enrolments import evaluate, make_programme, make_provider, match, serve
from tests.factories.scoreboards import (
    fact,
    happened,
    indicators_of,
    make_document,
    make_plan,
    observe,
    seal,
)
from tests.support.api import Api
from tests.support.counter import statements
from tests.support.database import SavepointDatabase

END = "2022-12-31"
M = Measure


def path(plan: Plan) -> str:
    return f"/v1/plans/{plan.id}/scoreboard"


async def board(api: Api, plan: Plan, role: str = "ip_office", **params: Any) -> dict[str, Any]:
    answer = await api.get(role, path(plan), **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def last_seal(database: SavepointDatabase) -> str:
    async with database.read() as unit:
        return str(await unit.session.scalar(text("SELECT to_json(max(sealed_at)) #>> '{}' FROM seals")))


def line(told: dict[str, Any], code: str) -> dict[str, Any]:
    [found] = [one for one in told["indicators"] if one["code"] == code]
    return dict(found)


@pytest.mark.parametrize(
    ("name", "indicators", "trends", "milestones"), [("dongli", 18, 0, 6), ("binhai", 27, 4, 0)]
)
async def test_every_indicator_of_a_plan_has_its_place_in_seven_statements(
    *, api: Api, database: SavepointDatabase, name: str, indicators: int, trends: int, milestones: int
) -> None:
    """STA-02, STA-05: plan, indicators, districts, facts, observations, streams, seals; however many."""
    async with database.write() as unit:
        plan = await make_plan(unit, name)
    await board(api, plan)  # the driver learns types once
    assert database.connection is not None
    async with statements(database.connection) as seen:
        told = await board(api, plan, on=END)
    assert len(seen.work) == 7, seen.work
    assert (len(told["indicators"]), len(told["trends"]), len(told["milestones"])) == (
        indicators,
        trends,
        milestones,
    )
    assert (told["judged_year"], told["ended"], told["on"]) == (2022, True, END)
    assert sum(told["summary"].values()) == indicators
    # Without a fact or a report nothing is met; growths lack their base, other reports their data.
    expected = {
        "growth": {"needs_baseline"},
        "cumulative": {"no_data", "missed"},
        "qualified_count": {"no_data", "missed"},
    }
    for one in told["indicators"]:
        operational = one["source"] == "operational" and one["kind"] != "growth"
        assert one["status"] in expected.get(one["kind"], {"no_data"}), one
        assert (one["status"] == "missed") == operational == (one["value"] == "0")
        assert (one["reason_zh"] is None) == (one["status"] == "missed")
        assert one["target"]["text"].startswith((">", "≥"))


async def test_a_growth_of_the_operations_is_told_with_base_path_and_rows(
    api: Api, database: SavepointDatabase
) -> None:
    """DL-09, ST-05: 285.60 万元 from 100 shows as 30.00 % and misses 30 %; one fen-exact fact more meets it."""
    async with database.write() as unit:
        plan = await make_plan(unit, "dongli")
        await happened(
            unit,
            "120110",
            [
                fact(M.pledge_financing_amount, 100_000_000, date(2018, 12, 31)),
                fact(M.pledge_financing_amount, 285_600_000, date(2022, 1, 1)),
                fact(M.pledge_financing_amount, 9, date(2022, 12, 31), district_code="120116"),
            ],
        )
    failed = line(await board(api, plan, on=END), "DL-09")
    assert {
        key: failed[key] for key in ("status", "value", "display", "path", "path_display", "unit", "facts")
    } == {
        "status": "missed",
        "value": "29.998862",
        "display": "30.00 %",
        "path": "285.61",
        "path_display": "285.61 万元 (30.00 %)",
        "unit": "万元",
        "facts": 1,
    }
    assert failed["target"] == {
        "comparator": "at_least",
        "value": "30",
        "upper": None,
        "thresholds": {},
        "text": "≥ 30.00 %",
    }
    assert failed["base"] == {"year": 2018, "value": "100", "source": "facts"}
    assert failed["years"][-1] == {"year": 2022, "value": "285.6", "path": "285.61", "closed": True}
    async with database.write() as unit:
        await happened(unit, "120110", [fact(M.pledge_financing_amount, 10_000, date(2022, 12, 31))])
    met = line(await board(api, plan, on=END), "DL-09")
    assert (met["status"], met["value"], met["facts"]) == ("met", "30", 2)


async def test_every_figure_of_the_operations_leads_to_the_rows_it_sums(
    api: Api, database: SavepointDatabase
) -> None:
    """STA-08: the rows behind each link are as many as the figure says, also in the middle of a year."""
    async with database.write() as unit:
        plan = await make_plan(unit, "dongli")
        told = [
            fact(measure, 10_000, date(2018, 3, 1) + timedelta(days=97 * step), plan_id=named)
            for measure in Measure
            for step in range(18)
            for named in (plan.id, new_id())
        ]
        await happened(unit, "120110", told)
    for on in ("2021-06-30", END):
        found = await board(api, plan, on=on)
        followed = 0
        for one in found["indicators"]:
            rows = []
            for link in one["drill"]:
                query = dict(parse_qsl(urlsplit(link).query))
                page = (await api.get("ip_office", urlsplit(link).path, **query, limit=100)).json()
                rows += page["items"]
            assert len(rows) == one["facts"], one
            assert all(row["occurred_on"] <= on for row in rows)
            if one["kind"] == "cumulative" and rows:
                assert sum(row["value"] for row in rows) == int(one["value"])
            followed += bool(rows)
        assert followed == 7  # DL-04, DL-07, DL-09 to DL-13


async def test_a_deal_between_two_districts_below_the_plan_counts_once(
    api: Api, database: SavepointDatabase
) -> None:
    """ST-08, DL-13: in the plan of each district, and once in that of the city above both."""
    async with database.write() as unit:
        plans = [
            await make_plan(unit, "dongli", district_code=code) for code in ("120000", "120110", "120116")
        ]
        for on, value in ((date(2018, 1, 1), 100_000_000), (date(2022, 1, 1), 300_000_000)):
            source = new_id()
            sides = (("120110", FactRole.outbound), ("120116", FactRole.inbound))
            told = [
                fact(M.transfer_amount, value, on, district_code=code, role=role, source_id=source)
                for code, role in sides
            ]
            await happened(unit, "120110", told)
    for plan in plans:
        one = line(await board(api, plan, on=END), "DL-13")
        assert (one["status"], one["facts"], one["years"][-1]["value"]) == ("met", 1, "300"), (
            plan.district_code
        )


async def test_a_firm_covered_under_two_plans_counts_once_in_each(
    api: Api, database: SavepointDatabase
) -> None:
    """DL-07, TG-06: not twice in one, nor in a plan without a programme or in that of the city above."""
    async with database.write() as unit:
        old, new, idle = [await make_plan(unit, "dongli") for _ in range(3)]
        city = await make_plan(unit, "dongli", district_code="120000")
    for plan in (old, new):
        programme = await make_programme(api, database, plan_id=str(plan.id))
        matched = await match(api, programme, await make_provider(api, programme))
        await serve(api, matched)
        assert (await evaluate(api, matched, "2021-01-15"))["covered"] == "first"
    for plan, covered in ((old, 1), (new, 1), (idle, 0), (city, 0)):
        one = line(await board(api, plan, on=END), "DL-07")
        assert (one["value"], one["facts"]) == (str(covered), covered)
        [link] = one["drill"]
        query = dict(parse_qsl(urlsplit(link).query))
        rows = (await api.get("ip_office", urlsplit(link).path, **query)).json()["items"]
        assert [row["dimensions"]["plan_id"] for row in rows] == [str(plan.id)] * covered


async def test_a_board_is_told_as_it_was_known_at_an_instant(api: Api, database: SavepointDatabase) -> None:
    """STA-09: facts and observations by their seals, one superseded later included; only approved ones count."""
    async with database.write() as unit:
        plan = await make_plan(unit, "dongli")
        named = await indicators_of(unit, plan)
        document = await make_document(unit, api.actor("department").organisation_id)
        await observe(unit, named["DL-16"], document, 2022, 79_500_000, status="submitted")
        await observe(unit, named["DL-16"], document, 2022, 79_000_000, status="rejected", revision=2)
        first = await observe(unit, named["DL-16"], document, 2022, 81_250_000, revision=3)
        withdrawn = await observe(unit, named["DL-15"], document, 2019, 99_000_000)
        await happened(unit, "120110", [fact(M.pledge_mixed_count, 1, date(2020, 1, 1))])
    await seal(database)
    as_of = await last_seal(database)

    async def values(**params: Any) -> list[Any]:
        told = await board(api, plan, on=END, **params)
        return [
            (line(told, code)["value"], line(told, code)["status"]) for code in ("DL-16", "DL-12", "DL-15")
        ]

    then = await board(api, plan, on=END, as_of=as_of)
    assert (
        await values() == await values(as_of=as_of) == [("81.25", "met"), ("1", "missed"), ("99", "missed")]
    )
    async with database.write() as unit:
        for key in (first.id, withdrawn.id):
            old = await unit.session.get_one(Observation, key)
            old.superseded_event_id = await happened(unit, "120110")
            old.advance(ObservationEvent.supersede)
            await unit.session.flush()
        await observe(unit, named["DL-16"], document, 2022, 79_999_999, revision=4)
        await happened(unit, "120110", [fact(M.pledge_mixed_count, 1, date(2020, 1, 1))])
    assert await values(as_of=as_of) == [("81.25", "met"), ("1", "missed"), ("99", "missed")]
    assert await values() == [("79.999999", "missed"), ("2", "missed"), (None, "no_data")]
    await seal(database)
    again = await board(api, plan, on=END, as_of=as_of)
    now = await board(api, plan, on=END)
    assert again["known_through"] == then["known_through"]
    assert now["known_through"]["120110"] > then["known_through"]["120110"]
    assert await values(as_of=as_of) == [("81.25", "met"), ("1", "missed"), ("99", "missed")]
    assert await values(as_of=await last_seal(database)) == await values()
    # Before anything was sealed nothing was known.
    assert await values(as_of="2020-01-01T00:00:00Z") == [
        (None, "no_data"),
        ("0", "missed"),
        (None, "no_data"),
    ]


async def test_all_callers_see_the_same_figures_and_only_regulators_the_objects(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-01, DL-01: a figure is published; which institutions reach their revenue is for the district."""
    async with database.write() as unit:
        plan = await make_plan(unit, "dongli")
        named = await indicators_of(unit, plan)
        document = await make_document(unit, api.actor("department").organisation_id)
        for subject, revenue in (("示例运营一", 1_000), ("示例运营二", 999), ("示例运营三", 2_000)):
            await observe(
                unit,
                named["DL-01"],
                document,
                2022,
                revenue * 10**6,
                component="revenue_wan",
                subject=subject,
            )
        await happened(unit, "120110", [fact(M.pledge_financing_amount, 77, date(2022, 1, 1))])
    boards = {
        role: await board(api, plan, role, on=END) for role in ("ip_office", "sme", "bank_a", "department")
    }
    for role, told in boards.items():
        subjects = [one.pop("subjects") for one in told["indicators"] + told["milestones"]]
        assert told["indicators"] == boards["ip_office"]["indicators"]
        assert (line(told, "DL-01")["value"], line(told, "DL-01")["status"]) == ("2", "missed")
        assert subjects[0] == (["示例运营一", "示例运营三"] if role == "ip_office" else None)


async def test_a_board_that_cannot_be_told_is_refused(api: Api, database: SavepointDatabase) -> None:
    """API-10: with the reason."""
    async with database.write() as unit:
        plan = await make_plan(unit, "binhai")
    unknown = await api.get("sme", f"/v1/plans/{uuid.uuid4()}/scoreboard")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "plan.not_found")
    for params, code in (
        ({"on": "2999-01-01"}, "scoreboard.on_in_future"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "statistic.as_of_in_future"),
        ({"on": "2022"}, "request.malformed"),
    ):
        answer = await api.get("sme", path(plan), **params)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
