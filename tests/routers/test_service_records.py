"""`/v1/service-records` over HTTP: what a provider did, and the firm's acceptance."""

from __future__ import annotations

from typing import Any

import httpx

from tests.factories.enrolments import evaluate, make_programme, make_provider, match, serve, step
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase


async def act(api: Api, role: str, enrolment: dict[str, Any], what: str, body: Any) -> httpx.Response:
    return await api.post(role, f"/v1/enrolments/{enrolment['id']}/{what}", body)


async def test_a_service_counts_only_once_the_firm_has_accepted_it(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-05: a provider does not accept its own service, and accepts nothing after the evaluation."""
    programme = await make_programme(api, database, deliverables=["visit"])
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    done = {"kind": "visit", "summary": "上门一次", "occurred_on": "2020-02-01"}
    early = await act(api, "trustee", made, "service-records", done)
    assert (early.status_code, early.json()["code"]) == (409, "service_record.not_in_service")
    await serve(api, made, kinds=())
    outside = await act(api, "trustee", made, "service-records", {**done, "occurred_on": "2021-01-01"})
    assert objections(outside) == [("service_record.outside_service", "/occurred_on")]
    record = await step(api, "trustee", made, "service-records", done)
    path = f"/v1/service-records/{record['id']}"
    for role, what in (("trustee", "acceptance"), ("operator", "proxy-acceptance")):
        refused = await api.post(role, f"{path}/{what}", {"accepted_on": "2020-02-01"})
        assert (refused.status_code, refused.json()["code"]) == (403, "enrolment.not_firm")
    assert (await api.get("sme_b", path)).status_code == 404
    early_acceptance = await api.post("sme", f"{path}/acceptance", {"accepted_on": "2020-01-31"})
    assert objections(early_acceptance) == [("request.date_too_early", "/accepted_on")]
    dry = await api.post(
        "ip_office",
        f"/v1/enrolments/{made['id']}/evaluation?dry_run=true",
        {"score": 90, "evaluated_on": "2021-01-15"},
    )
    assert dry.json()["status"] == "not_counted"
    accepted = await api.made("sme", f"{path}/acceptance", {"accepted_on": "2020-02-02"})
    assert (accepted["accepted_on"], accepted["version"]) == ("2020-02-02", 2)
    again = await api.post("sme", f"{path}/acceptance", {"accepted_on": "2020-02-02"})
    assert again.json()["code"] == "service_record.already_accepted"
    other = await step(api, "trustee", made, "service-records", {**done, "kind": "training"})
    assert (await evaluate(api, made, "2021-01-15"))["status"] == "counted"
    late = await api.post(
        "sme", f"/v1/service-records/{other['id']}/acceptance", {"accepted_on": "2020-02-02"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "service_record.evaluated")
    listed = await api.get("sme", f"/v1/enrolments/{made['id']}/service-records")
    assert [row["kind"] for row in listed.json()["items"]] == ["visit", "training"]
