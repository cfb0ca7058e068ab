"""`/v1/plans` and `/v1/tasks` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.factories.clock import now
from tests.factories.plans import make_evidence, make_plans, sample_indicator, small_plan
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import pointers, told

PATH = "/v1/plans"


@pytest.fixture
async def plans(api: Api, database: SavepointDatabase) -> dict[str, str]:
    """Both districts' plans by code, their departments assigned."""
    return await make_plans(api, database)


def organisation(api: Api, role: str) -> str:
    return str(api.samples[role].organisation.id)


def report(**changes: Any) -> dict[str, Any]:
    """A well-formed report on a task."""
    return {"progress": "under_way", "percent": 40, "note": "示例进展", "occurred_on": "2020-06-30"} | changes


async def task_of(api: Api, plan_id: str, number: int) -> dict[str, Any]:
    tasks = (await api.get("sme", f"{PATH}/{plan_id}/tasks")).json()["items"]
    found: dict[str, Any] = next(task for task in tasks if task["number"] == number)
    return found


async def test_a_plan_is_entered_with_all_it_holds_and_told_to_every_caller(
    api: Api, database: SavepointDatabase
) -> None:
    """STA-02: plans are data; the office of the district enters one in a single request."""
    made = await api.made("ip_office", PATH, small_plan())
    assert (made["task_count"], made["indicator_count"], made["version"]) == (1, 1, 1)
    assert made["departments"] == [
        {"name": "知识产权局", "organisation_id": None},
        {"name": "金融局", "organisation_id": None},
    ]
    seen = await api.get("sme", f"{PATH}/{made['id']}")
    assert (seen.status_code, seen.json(), seen.headers["etag"]) == (200, made, '"1"')
    (listed,) = (await api.get("bank_a", PATH)).json()["items"]
    assert listed == {name: value for name, value in made.items() if name != "departments"}
    assert database.connection is not None
    rows = await database.connection.execute(
        text("SELECT type, public, stream FROM events WHERE noun = 'plan'")
    )
    assert [tuple(row) for row in rows] == [("plan.created", True, "120110")]


async def test_a_code_is_used_once(api: Api) -> None:
    await api.made("ip_office", PATH, small_plan())
    assert told(await api.post("ip_office", PATH, small_plan())) == (409, "plan.code_taken")


@pytest.mark.parametrize(
    ("role", "code"), [("ip_office_bh", "plan.district_foreign"), ("department", "auth.denied")]
)
async def test_only_the_office_of_the_district_enters_a_plan(api: Api, role: str, code: str) -> None:
    assert told(await api.post(role, PATH, small_plan())) == (403, code)


async def test_every_fault_of_a_plan_is_told_at_once(api: Api) -> None:
    """C-rule of all violations at once, at their places in the body."""
    body = small_plan(
        ends_on="2025-06-30", indicators=[sample_indicator(base_year=None, departments=["不存在的局"])]
    )
    response = await api.post("ip_office", PATH, body)
    assert told(response) == (422, "plan.years_not_whole")
    assert set(pointers(response)) == {
        "/ends_on",
        "/indicators/0/departments/0",
        "/indicators/0/base_year",
    }


async def test_numbers_of_a_plan_are_strings(api: Api) -> None:
    target = {"comparator": "at_least", "value": 12.5}
    response = await api.post("ip_office", PATH, small_plan(indicators=[sample_indicator(target=target)]))
    assert (told(response), pointers(response)) == (
        (422, "request.malformed"),
        ["/indicators/0/target/value"],
    )


async def test_the_dictionary_tells_what_an_indicator_means_sums_and_asks(
    api: Api, plans: dict[str, str]
) -> None:
    """STA-01: code, names, unit, formula, sources, departments, the plan's words and the version."""
    entries = (await api.get("sme", f"{PATH}/{plans['DL']}/indicators")).json()["items"]
    by_code = {entry["code"]: entry for entry in entries}
    assert list(by_code) == [f"DL-{n:02d}" for n in range(1, 19)] + [f"DL-M{n}" for n in range(1, 7)]
    entry = by_code["DL-13"]
    assert [one["measure"] for one in entry["measures"]] == ["transfer_amount", "licence_amount"]
    assert entry["measures"][0]["unit"] == "fen"
    assert "ST-10" in entry["measures"][0]["definition"]["rules"]
    assert entry["target"] == {"comparator": "at_least", "value": "20", "upper": None, "thresholds": {}}
    assert (entry["wording"], entry["tasks"], entry["definition_version"]) == (
        "知识产权交易、许可额年均增幅20%以上",
        [1],
        1,
    )
    assert by_code["DL-04"]["target"]["thresholds"] == {"inventions": "50", "pct_applications": "10"}
    assert by_code["DL-M1"]["target"] is None
    binhai = (await api.get("sme", f"{PATH}/{plans['BH']}/indicators")).json()["items"]
    assert next(one["target"]["upper"] for one in binhai if one["code"] == "BH-17") == "5"


async def test_a_department_is_assigned_to_an_organisation_of_the_district_that_may_report(
    api: Api,
) -> None:
    """STA-02: 牵头 and 责任单位 are answered for by organisations."""
    made = await api.made("ip_office", PATH, small_plan())
    path = f"{PATH}/{made['id']}/departments/assignment"
    body = {"name": "金融局", "organisation_id": organisation(api, "finance_office")}
    after = await api.made("ip_office", path, body)
    assert after["departments"][1] == body
    assert after["version"] == 2
    unfit = [{**body, "organisation_id": organisation(api, role)} for role in ("sme", "department_bh")]
    for wrong in unfit:
        assert told(await api.post("ip_office", path, wrong)) == (422, "plan.organisation_unfit")
    assert told(await api.post("ip_office", path, body | {"name": "别的局"})) == (
        422,
        "plan.department_unknown",
    )
    assert told(await api.post("ip_office_bh", path, body)) == (403, "plan.district_foreign")
    emptied = await api.made("ip_office", path, body | {"organisation_id": None})
    assert emptied["departments"][1]["organisation_id"] is None


async def test_a_task_stands_where_its_latest_day_says(api: Api, plans: dict[str, str]) -> None:
    """STA-02: reports are added, never changed; one for an earlier day does not move the task."""
    task = await task_of(api, plans["DL"], 8)
    assert (task["lead"], task["supporting"], task["last_report"]) == (
        ["金融局"],
        ["财政局", "知识产权局"],
        None,
    )
    path = f"/v1/tasks/{task['id']}/reports"
    await api.made("finance_office", path, report(percent=60, occurred_on="2021-06-30"))
    await api.made("treasury", path, report(percent=10, progress="delayed"))
    last = (await task_of(api, plans["DL"], 8))["last_report"]
    assert last == {
        "progress": "under_way",
        "percent": 60,
        "note": "示例进展",
        "reported_on": "2021-06-30",
        "organisation_id": organisation(api, "finance_office"),
    }
    listed = (await api.get("sme", path)).json()["items"]
    assert [one["percent"] for one in listed] == [60, 10]


async def test_a_task_is_reported_by_its_own_departments_only(api: Api, plans: dict[str, str]) -> None:
    task = await task_of(api, plans["DL"], 8)
    path = f"/v1/tasks/{task['id']}/reports"
    assert told(await api.post("department", path, report())) == (403, "task.not_responsible")
    assert told(await api.post("ip_office_bh", path, report())) == (403, "task.not_responsible")
    assert told(await api.post("bank_a", path, report())) == (403, "auth.denied")
    assert told(await api.post("ip_office", f"/v1/tasks/{plans['DL']}/reports", report())) == (
        404,
        "task.not_found",
    )


@pytest.mark.parametrize(
    ("progress", "percent", "sound"),
    [
        ("done", 100, True),
        ("done", 99, False),
        ("under_way", 100, False),
        ("under_way", 0, True),
        ("delayed", 100, False),
        ("not_started", 0, True),
        ("not_started", 1, False),
    ],
)
async def test_done_is_a_hundred_percent_and_nothing_else_is(
    api: Api, plans: dict[str, str], progress: str, percent: int, sound: bool
) -> None:
    task = await task_of(api, plans["DL"], 1)
    response = await api.post(
        "ip_office", f"/v1/tasks/{task['id']}/reports", report(progress=progress, percent=percent)
    )
    if sound:
        assert response.status_code == 201
    else:
        assert told(response) == (422, "task.percent_mismatch")


async def test_a_report_is_of_a_day_within_the_plan_and_shows_a_document_of_its_reporter(
    api: Api, plans: dict[str, str]
) -> None:
    path = f"/v1/tasks/{(await task_of(api, plans['DL'], 1))['id']}/reports"
    early = await api.post("ip_office", path, report(occurred_on="2018-12-31", percent=100))
    assert told(early) == (422, "task.percent_mismatch")
    assert pointers(early) == ["/percent", "/occurred_on"]
    tomorrow = now().today.replace(year=now().today.year + 1).isoformat()
    assert told(await api.post("ip_office", path, report(occurred_on=tomorrow))) == (
        422,
        "request.date_in_future",
    )
    foreign = await make_evidence(api, "ip_office_bh")
    assert told(await api.post("ip_office", path, report(document_id=foreign))) == (
        404,
        "document.not_found",
    )
    own = await make_evidence(api, "ip_office")
    made = await api.made("ip_office", path, report(document_id=own))
    assert made["document_id"] == own
