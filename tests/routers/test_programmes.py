"""`/v1/programmes` and `/v1/providers` over HTTP."""

from __future__ import annotations

import pytest

from app.domain.permission import Role
from tests.factories.clock import now
from tests.factories.enrolments import join, make_plan, make_programme, make_provider
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase


async def test_a_programme_says_when_a_service_counts_unless_it_says_otherwise(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-05: six months, an inventory, a visit and a report, sixty points."""
    made = await make_programme(api, database)
    assert (made["min_service_months"], made["pass_score"]) == (6, 60)
    assert made["deliverables"] == ["inventory", "visit", "report"]
    assert made["number"].startswith("TG-120110-")
    other = await make_programme(api, database, deliverables=["training", "training"], min_service_months=0)
    assert (other["deliverables"], other["min_service_months"]) == (["training"], 0)
    shown = await api.get("sme", f"/v1/programmes/{made['id']}")
    assert shown.json() == made
    listed = (await api.get("bank_a", "/v1/programmes", plan_id=made["plan_id"])).json()["items"]
    assert listed == [made]


async def test_a_programme_belongs_to_a_plan_of_its_district_and_not_before_it(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-06: coverage is counted from the start of the plan."""
    async with database.write() as unit:
        plan = await make_plan(unit.session, district_code="120116")
    body = {"name": "示例", "plan_id": str(plan.id), "starts_on": "2018-12-31", "ends_on": "2018-01-01"}
    refused = await api.post("ip_office", "/v1/programmes", body)
    assert objections(refused) == [
        ("programme.plan_elsewhere", "/plan_id"),
        ("programme.period_invalid", "/ends_on"),
        ("programme.before_plan", "/starts_on"),
    ]
    body["plan_id"] = api.samples["sme"].organisation.id.hex
    unknown = await api.post("ip_office", "/v1/programmes", body)
    assert (unknown.status_code, objections(unknown)) == (404, [("plan.not_found", "/plan_id")])
    assert (await api.post("operator", "/v1/programmes", body)).status_code == 403


async def test_a_provider_applies_once_is_selected_with_a_quota_and_leaves(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-03, TRU-03: applicants are between them and the district until they are selected."""
    programme = await make_programme(api, database)
    path = f"/v1/programmes/{programme['id']}/providers"
    applied = await api.made("trustee", path, {})
    assert (applied["status"], applied["quota"]) == ("applied", None)
    again = await api.post("trustee", path, {})
    assert (again.status_code, again.json()["code"]) == (409, "provider.already_applied")
    one = f"/v1/providers/{applied['id']}"
    assert (await api.get("sme", one)).status_code == 404
    assert (await api.get("operator", one)).status_code == 200
    selected = await api.made("ip_office", f"{one}/selection", {"quota": 3, "contract_no": "采购-1"})
    assert (selected["status"], selected["quota"], selected["serving"]) == ("selected", 3, 0)
    assert (await api.get("sme", one)).json()["contract_no"] is None
    assert (await api.get("trustee", one)).json()["contract_no"] == "采购-1"
    late = await api.post("ip_office", f"{one}/refusal", {"reason": "迟"})
    assert (late.status_code, late.json()["code"]) == (409, "state.illegal_transition")
    today = str(now().today)
    left = await api.made("ip_office", f"{one}/exit", {"exited_on": today, "reason": "合同期满"})
    assert (left["status"], left["exited_on"]) == ("exited", today)
    found = await api.get("sme", "/v1/providers", programme_id=programme["id"], status="exited")
    assert [row["id"] for row in found.json()["items"]] == [applied["id"]]


async def test_another_office_decides_nothing_and_closing_takes_nothing_new(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-03: the office that buys decides; a closed programme is closed once and for all."""
    programme = await make_programme(api, database)
    await join(api, database, "ip_b", Role.ip_office, district_code="120116")
    await join(api, database, "trustee_b", Role.trustee)
    applied = await api.made("trustee", f"/v1/programmes/{programme['id']}/providers", {})
    refused = await api.post("ip_b", f"/v1/programmes/{programme['id']}/closure", None)
    assert (refused.status_code, refused.json()["code"]) == (403, "programme.not_holder")
    hidden = await api.post("ip_b", f"/v1/providers/{applied['id']}/refusal", {"reason": "示例"})
    assert (hidden.status_code, hidden.json()["code"]) == (404, "provider.not_found")
    closed = await api.made("ip_office", f"/v1/programmes/{programme['id']}/closure", None)
    assert (closed["status"], closed["version"]) == ("closed", 2)
    for role, path in (
        ("ip_office", f"/v1/programmes/{programme['id']}/closure"),
        ("trustee_b", f"/v1/programmes/{programme['id']}/providers"),
    ):
        late = await api.post(role, path, {} if role == "trustee_b" else None)
        assert (late.status_code, late.json()["code"]) == (409, "programme.closed")


@pytest.mark.parametrize(
    "body", [{"quota": 0, "contract_no": "x"}, {"quota": "3", "contract_no": "x"}, {"quota": 3}]
)
async def test_a_selection_needs_a_quota_and_a_contract(
    api: Api, database: SavepointDatabase, body: dict[str, object]
) -> None:
    """TRU-03: the quota is what the purchase contract says."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    assert (await api.post("ip_office", f"/v1/providers/{provider['id']}/selection", body)).status_code == 422
