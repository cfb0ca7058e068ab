"""`/v1/observations` over HTTP: reported, checked by another, superseded (STA-16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.permission import Role
from app.infra.security import new_secret, secret_digest
from app.services import clients
from app.services.sandbox import SampleClient
from tests.factories.clock import now
from tests.factories.plans import make_evidence, make_plans, sample_indicator, small_plan
from tests.factories.scoreboards import seal
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import pointers, told
from tests.support.samples import actor_of

PATH = "/v1/observations"


@dataclass
class World:
    """Two plans and what a test needs around them."""

    api: Api
    database: SavepointDatabase
    plans: dict[str, str]
    evidence: dict[str, str]

    async def reported(self, role: str = "ip_office_a", **changes: Any) -> dict[str, Any]:
        return await self.api.made(role, PATH, self.body(role, **changes))

    def body(self, role: str = "ip_office_a", **changes: Any) -> dict[str, Any]:
        """A well-formed value with evidence."""
        told_of: dict[str, Any] = {"plan": "DL", "indicator": "DL-02", "year": 2020, "value": "7"}
        return told_of | {"document_id": self.evidence[role]} | changes

    async def decided(self, one: dict[str, Any], role: str = "ip_office", **changes: Any) -> Any:
        body = {"decision": "approved"} | changes
        return await self.api.post(role, f"{PATH}/{one['id']}/decision", body)

    async def statuses(self) -> list[tuple[int, str]]:
        """Revision and status of everything the office sees, in order."""
        rows = (await self.api.get("ip_office", PATH)).json()["items"]
        return [(row["revision"], row["status"]) for row in rows]


@pytest.fixture
async def world(api: Api, database: SavepointDatabase) -> World:
    """The office has a second client, `ip_office_a`, who reports; the first one checks."""
    async with database.write() as unit:
        office = api.samples["ip_office"]
        second = await clients.issue(
            unit.session,
            actor=actor_of(api.samples, "ip_office"),
            moment=now(),
            organisation_id=office.organisation.id,
            client_id="test-ip-office-a",
            secret_sha256=secret_digest(new_secret()),
            roles=[Role.ip_office],
        )
    added = SampleClient("ip_office_a", office.organisation, second, "")
    api.samples = {**api.samples, "ip_office_a": added}
    plans = await make_plans(api, database)
    roles = ("ip_office_a", "department", "finance_office", "department_bh")
    return World(api, database, plans, {role: await make_evidence(api, role) for role in roles})


async def test_a_value_is_reported_checked_by_another_and_superseded_by_the_next(world: World) -> None:
    """STA-16, ST-07: what was known when can be told by the events that decided and superseded it."""
    first = await world.reported()
    assert (first["status"], first["revision"], first["value"], first["unit"]) == ("submitted", 1, "7", "个")
    approved = (await world.decided(first)).json()
    assert (approved["status"], approved["decided_on"]) == ("approved", now().today.isoformat())
    second = await world.reported(value="8.5")
    assert (second["revision"], await world.statuses()) == (2, [(1, "approved"), (2, "submitted")])
    assert (await world.decided(second)).json()["value"] == "8.5"
    assert await world.statuses() == [(1, "superseded"), (2, "approved")]
    assert world.database.connection is not None
    rows = await world.database.connection.execute(
        text(
            "SELECT a.revision, b.revision AS by FROM observations a"
            " JOIN observations b ON b.decided_event_id = a.superseded_event_id"
        )
    )
    assert [tuple(row) for row in rows] == [(1, 2)]
    again = await world.decided(second)
    assert told(again) == (409, "state.illegal_transition")


async def test_a_ratio_changes_with_a_new_vintage_of_its_denominator_and_not_before(world: World) -> None:
    """AST-15 (I15): the residents are a series of vintages; a board of yesterday keeps yesterday's vintage.

    A vintage that is only submitted, or was rejected, changes nothing; nor does one of another year.
    """
    per_residents = sample_indicator(
        kind="stock",
        source="external",
        measures=[],
        base_year=None,
        unit="件/万人",
        components=["valid_inventions", "resident_population_wan"],
        target={"comparator": "at_least", "value": "60"},
    )
    plan = await world.api.made("ip_office", "/v1/plans", small_plan(indicators=[per_residents]))

    async def told_of(component: str, value: str, year: int = 2025, decision: str = "approved") -> None:
        place: dict[str, Any] = {"plan": "XX", "indicator": "XX-01", "component": component, "year": year}
        one = await world.reported(value=value, **place)
        if decision != "submitted":
            reason = "依据不足" if decision == "rejected" else None
            answer = await world.decided(one, decision=decision, reason=reason)
            assert answer.status_code == 200, answer.text

    async def ratio(**params: str) -> tuple[Any, str]:
        path = f"/v1/plans/{plan['id']}/scoreboard"
        board = (await world.api.get("auditor", path, on="2025-12-31", **params)).json()
        [line] = board["indicators"]
        return line["value"], line["status"]

    async def instant() -> str:
        await seal(world.database)
        async with world.database.read() as unit:
            last = text("SELECT to_json(max(sealed_at)) #>> '{}' FROM seals")
            return str(await unit.session.scalar(last))

    await told_of("valid_inventions", "12000")
    await told_of("resident_population_wan", "200")
    first = await instant()
    assert await ratio() == await ratio(as_of=first) == ("60", "met")
    await told_of("resident_population_wan", "240", decision="rejected")
    await told_of("resident_population_wan", "300", year=2024)
    await told_of("resident_population_wan", "250", decision="submitted")
    assert await ratio() == ("60", "met")
    await told_of("resident_population_wan", "240")
    second = await instant()
    assert await ratio() == await ratio(as_of=second) == ("50", "missed")
    assert await ratio(as_of=first) == ("60", "met")


async def test_nobody_checks_what_it_reported_itself(world: World) -> None:
    """RB-02: the office may report too, but then another client of it checks."""
    one = await world.reported()
    assert told(await world.decided(one, "ip_office_a")) == (409, "approval.same_person")
    assert (await world.decided(one, "ip_office")).status_code == 200


async def test_a_number_without_evidence_is_not_approved(world: World) -> None:
    """STA-16: it can be reported, and rejected."""
    one = await world.reported(document_id=None)
    assert told(await world.decided(one)) == (409, "observation.evidence_missing")
    assert told(await world.decided(one, decision="rejected")) == (422, "observation.reason_missing")
    rejected = (await world.decided(one, decision="rejected", reason="请附验收材料")).json()
    assert (rejected["status"], rejected["reason"]) == ("rejected", "请附验收材料")


async def test_only_the_office_of_the_district_checks(world: World) -> None:
    one = await world.reported("department", indicator="DL-14")
    assert told(await world.decided(one, "finance_office")) == (403, "auth.denied")
    assert told(await world.decided(one, "ip_office_bh")) == (404, "observation.not_found")
    await world.decided(one)
    assert told(await world.decided(one, "ip_office_bh")) == (403, "observation.not_checker")


async def test_a_value_is_reported_by_its_departments_and_the_office_only(world: World) -> None:
    """ST-07: 市场监管局 keeps the enforcement cases, and answers for nothing of 金融局."""
    await world.reported("department", indicator="DL-14")
    refused = await world.api.post("department", PATH, world.body("department", indicator="DL-09", year=2018))
    assert told(refused) == (403, "observation.not_responsible")
    foreign = await world.api.post("department_bh", PATH, world.body("department_bh", indicator="DL-14"))
    assert told(foreign) == (403, "observation.not_responsible")
    await world.reported("department_bh", plan="BH", indicator="BH-27", component="gdp_growth", value="103.2")
    assert told(await world.api.post("sme", PATH, world.body())) == (403, "auth.denied")


async def test_what_is_not_checked_yet_is_between_the_reporter_and_the_district(world: World) -> None:
    one = await world.reported("department", indicator="DL-14")
    path = f"{PATH}/{one['id']}"
    roles = ("department", "ip_office", "auditor", "sme", "ip_office_bh")
    seen = {role: (await world.api.get(role, path)).status_code for role in roles}
    assert seen == {"department": 200, "ip_office": 200, "auditor": 200, "sme": 404, "ip_office_bh": 404}
    await world.decided(one)
    later = await world.reported("department", indicator="DL-14", value="9")
    await world.decided(later)
    assert (await world.api.get("sme", path)).json()["status"] == "superseded"
    assert len((await world.api.get("sme", PATH)).json()["items"]) == 2


FAULTS = [
    ({"indicator": "DL-99"}, ("", "indicator.not_found")),
    ({"indicator": None}, ("", "observation.indicator_unnamed")),
    ({"component": "revenue_wan"}, ("/component", "observation.component_unknown")),
    ({"subject": "示例机构"}, ("/subject", "observation.subject_unexpected")),
    ({"indicator": "DL-01", "component": "revenue_wan"}, ("/subject", "observation.subject_missing")),
    ({"year": 2018}, ("/year", "observation.year_outside")),
    ({"year": 2023}, ("/year", "observation.year_outside")),
    ({"indicator": "DL-07"}, ("", "observation.from_operations")),
    ({"indicator": "DL-09", "year": 2019}, ("/year", "observation.year_outside")),
    ({"indicator": "DL-M1", "value": "2"}, ("/value", "observation.flag_expected")),
    ({"value": "1.1234567"}, ("/value", "indicator.value_invalid")),
    ({"value": "-1"}, ("/value", "indicator.value_invalid")),
    ({"value": 7}, ("/value", "request.malformed")),
]


@pytest.mark.parametrize(("changes", "expected"), FAULTS)
async def test_a_value_that_does_not_belong_there_is_refused(
    world: World, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    """ST-02, ST-06: years of the indicator, its components, objects where objects are counted."""
    response = await world.api.post("ip_office_a", PATH, world.body(**changes))
    assert response.status_code in {404, 422}
    assert [(one["pointer"], one["code"]) for one in response.json()["violations"]] == [expected]


async def test_the_base_year_of_a_growth_may_lie_before_the_plan(world: World) -> None:
    """ST-02: 2018 of what grows from 2018, reported or told by operations."""
    await world.reported("department", indicator="DL-14", year=2018)
    await world.reported("finance_office", indicator="DL-09", year=2018, value="12500.55")


async def test_a_year_is_not_reported_before_it_has_begun(world: World) -> None:
    assert world.database.connection is not None
    await world.database.connection.execute(text("UPDATE instance SET business_date = '2020-12-31'"))
    refused = await world.api.post("ip_office_a", PATH, world.body(year=2021))
    assert told(refused) == (422, "observation.year_not_begun")
    await world.reported(year=2020)


async def test_a_return_is_entered_as_a_whole_or_every_fault_of_every_row_is_told(world: World) -> None:
    """STA-16: departments return many values at once."""
    rows = [
        world.body(indicator="DL-01", component="revenue_wan", subject=f"示例机构{n}", value="1000.5")
        for n in range(3)
    ]
    wrong = [rows[0], {**rows[0], "subject": " 示例机构０ "}, {**rows[1], "year": 1999, "value": "x"}]
    refused = await world.api.post("ip_office_a", f"{PATH}/batch", {"rows": wrong})
    assert set(
        zip(pointers(refused), [one["code"] for one in refused.json()["violations"]], strict=True)
    ) == {
        ("/rows/1", "observation.place_twice"),
        ("/rows/2/value", "indicator.value_invalid"),
    }
    assert await world.statuses() == []
    made = (await world.api.made("ip_office_a", f"{PATH}/batch", {"rows": rows}))["items"]
    assert [one["subject"] for one in made] == ["示例机构0", "示例机构1", "示例机构2"]
    ids = [one["id"] for one in made]
    decision = {"observation_ids": ids, "decision": "approved"}
    assert told(await world.api.post("ip_office_a", f"{PATH}/decisions", decision)) == (
        409,
        "approval.same_person",
    )
    twice = await world.api.post(
        "ip_office", f"{PATH}/decisions", decision | {"observation_ids": [*ids, ids[0], world.plans["DL"]]}
    )
    assert pointers(twice) == ["/observation_ids/3", "/observation_ids/4"]
    decided = await world.api.made("ip_office", f"{PATH}/decisions", decision)
    assert {one["status"] for one in decided["items"]} == {"approved"}


async def test_an_earlier_revision_does_not_take_the_place_of_a_later_one(world: World) -> None:
    """ST-07: corrections go forward."""
    first, second = await world.reported(), await world.reported(value="8")
    both = {"observation_ids": [first["id"], second["id"]], "decision": "approved"}
    assert told(await world.api.post("ip_office", f"{PATH}/decisions", both)) == (
        422,
        "observation.place_twice",
    )
    await world.decided(second)
    assert told(await world.decided(first)) == (409, "observation.outdated")
    rejected = await world.decided(first, decision="rejected", reason="已有更正")
    assert rejected.json()["status"] == "rejected"


async def test_the_list_is_narrowed_by_plan_indicator_year_and_status(world: World) -> None:
    await world.reported()
    await world.reported(indicator="DL-03", year=2021)
    approved = await world.reported("department", indicator="DL-14")
    await world.decided(approved)

    async def found(**filters: Any) -> list[str]:
        rows = (await world.api.get("ip_office", PATH, **filters)).json()["items"]
        return [row["indicator"] for row in rows]

    assert await found() == ["DL-02", "DL-03", "DL-14"]
    assert await found(plan_id=world.plans["BH"]) == []
    assert await found(plan_id=world.plans["DL"], indicator="DL-03") == ["DL-03"]
    assert await found(year=2020) == ["DL-02", "DL-14"]
    assert await found(status="approved") == ["DL-14"]
    assert await found(mine=True) == ["DL-02", "DL-03"]


async def test_the_office_is_told_what_waits_and_the_reporter_what_came_of_it(world: World) -> None:
    """STA-16: one notice per indicator of a return, not one per row."""
    rows = [world.body("department", indicator="DL-14", year=year) for year in (2018, 2019, 2020)]
    made = (await world.api.made("department", f"{PATH}/batch", {"rows": rows}))["items"]
    ids = [one["id"] for one in made]
    decision = {"observation_ids": ids, "decision": "approved"}
    await world.api.made("ip_office", f"{PATH}/decisions", decision)
    assert world.database.connection is not None
    rows_of = await world.database.connection.execute(
        text(
            "SELECT kind, organisation_id, facts ->> 'code' FROM notices WHERE noun = 'observation' ORDER BY id"
        )
    )
    organisations = {key: one.organisation.id for key, one in world.api.samples.items()}
    assert [tuple(row) for row in rows_of] == [
        ("observation_to_check", organisations["ip_office"], "DL-14"),
        ("observation_decided", organisations["department"], "DL-14"),
    ]
