"""`/v1/enrolments` and `/v1/service-records` over HTTP: the course of a trusteeship."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.permission import Role, system_actor
from app.services import enrolments
from tests.factories.clock import now
from tests.factories.enrolments import (
    COVERED,
    SMALL,
    STOCK,
    counted,
    enrol,
    evaluate,
    join,
    make_document,
    make_programme,
    make_provider,
    match,
    serve,
    step,
)
from tests.factories.parties import make_party
from tests.support.api import Api
from tests.support.database import SavepointDatabase


def codes(response: httpx.Response) -> list[tuple[str, str | None]]:
    return [(found["code"], found["pointer"]) for found in response.json()["violations"]]


async def act(api: Api, role: str, enrolment: dict[str, Any], what: str, body: Any) -> httpx.Response:
    return await api.post(role, f"/v1/enrolments/{enrolment['id']}/{what}", body)


async def firm_without_account(database: SavepointDatabase, **where: Any) -> str:
    async with database.write() as unit:
        return str((await make_party(unit.session, **where)).id)


async def test_a_firm_enrols_itself_and_is_classed_by_the_table_of_the_day(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-01, TRU-06: its own word is its confirmation; the rule that classed it is kept."""
    programme = await make_programme(api, database)
    made = await enrol(api, programme)
    assert (made["size_class"], made["size_rule"], made["status"]) == ("small", "300-2011", "applied")
    assert made["confirmed_on"] == made["data_consent_on"] == str(now().today)
    twice = await api.post(
        "sme", "/v1/enrolments", {"programme_id": programme["id"], "data_consent": True, **SMALL}
    )
    assert (twice.status_code, codes(twice)) == (409, [("enrolment.already_enrolled", "/party_id")])
    for changes, status in (({"party_id": str(api.samples["sme"].organisation.party_id)}, 403), ({}, 201)):
        body = {"programme_id": programme["id"], "data_consent": True, **SMALL, **changes}
        assert (await api.post("sme_b", "/v1/enrolments", body)).status_code == status
    without = {"programme_id": programme["id"], **SMALL, "data_consent": False}
    assert (await api.post("sme_b", "/v1/enrolments", without)).status_code == 422


async def test_an_enrolment_is_seen_by_the_firm_its_provider_and_the_district_only(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-01: the provider sees it from the match on."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await enrol(api, programme)
    path = f"/v1/enrolments/{made['id']}"
    roles = ("sme", "operator", "ip_office", "auditor", "sme_b", "bank_a", "trustee")
    before = {role: (await api.get(role, path)).status_code for role in roles}
    assert before == dict.fromkeys(roles[:4], 200) | dict.fromkeys(roles[4:], 404)
    await step(api, "operator", made, "check", {})
    await step(api, "operator", made, "match", {"provider_id": provider["id"]})
    assert (await api.get("trustee", path)).status_code == 200
    listed = await api.get("trustee", "/v1/enrolments", programme_id=programme["id"], status="matched")
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    assert (await api.get("sme_b", "/v1/enrolments", programme_id=programme["id"])).json()["items"] == []


async def test_a_provider_enters_firms_at_once_and_hears_of_every_fault_at_its_row(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-06: nothing is entered unless all rows are good."""
    programme = await make_programme(api, database)
    row = {"party_id": await firm_without_account(database), **SMALL}
    body = {"programme_id": programme["id"], "rows": [row]}
    refused = await api.post("trustee", "/v1/enrolments/batch", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "enrolment.not_provider")
    await make_provider(api, programme)
    await enrol(api, programme)
    enrolled = str(api.samples["sme"].organisation.party_id)
    rows = [row, {**row, "party_id": enrolled}, row, {**row, "party_id": str(uuid.uuid4())}]
    refused = await api.post("trustee", "/v1/enrolments/batch", {**body, "rows": rows})
    assert codes(refused) == [
        ("enrolment.already_enrolled", "/rows/1/party_id"),
        ("enrolment.party_twice", "/rows/2/party_id"),
        ("party.not_found", "/rows/3/party_id"),
    ]
    others = [await firm_without_account(database) for _ in range(3)]
    rows = [row, *({**row, "party_id": party_id, "employees": 9} for party_id in others)]
    made = (await api.made("trustee", "/v1/enrolments/batch", {**body, "rows": rows}))["enrolments"]
    assert [one["party_id"] for one in made] == [one["party_id"] for one in rows]
    assert [one["size_class"] for one in made] == ["small", "micro", "micro", "micro"]
    assert {(one["confirmed_on"], one["data_consent_on"]) for one in made} == {(None, None)}
    assert len({one["number"] for one in made}) == 4


async def test_a_row_that_an_agency_entered_waits_for_the_firms_own_word(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-06: unconfirmed rows do not go on; the firm is asked, and nobody answers in its place."""
    programme = await make_programme(api, database)
    await make_provider(api, programme)
    party_id = str(api.samples["sme"].organisation.party_id)
    body = {"programme_id": programme["id"], "rows": [{"party_id": party_id, **SMALL}]}
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["enrolments"]
    notices = (await api.get("sme", "/v1/notices")).json()["items"]
    assert [(one["kind"], one["subject_id"]) for one in notices] == [("enrolment_to_confirm", made["id"])]
    refused = await act(api, "operator", made, "check", {})
    assert (refused.status_code, codes(refused)) == (409, [("enrolment.not_confirmed", None)])
    async with database.write() as unit:
        paper = str(await make_document(unit.session, api.samples["operator"].organisation.id))
    consent = {"data_consent": True}
    for role, what, body in (
        ("trustee", "confirmation", consent),
        ("operator", "proxy-confirmation", {**consent, "document_id": paper}),
    ):
        foreign = await act(api, role, made, what, body)
        assert (foreign.status_code, foreign.json()["code"]) == (403, "enrolment.not_firm")
    confirmed = await step(api, "sme", made, "confirmation", {"data_consent": True})
    assert confirmed["confirmed_on"] == confirmed["data_consent_on"] == str(now().today)
    again = await act(api, "sme", made, "confirmation", {"data_consent": True})
    assert (again.status_code, again.json()["code"]) == (409, "enrolment.already_confirmed")
    assert (await step(api, "operator", made, "check", {}))["status"] == "checked"


async def test_for_a_firm_without_an_account_the_operator_answers_on_its_document(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-06, RB-05: on the firm's paper only."""
    programme = await make_programme(api, database)
    await make_provider(api, programme)
    row = {"party_id": await firm_without_account(database), **SMALL}
    body = {"programme_id": programme["id"], "rows": [row]}
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["enrolments"]
    unknown = {"data_consent": True, "document_id": str(uuid.uuid4())}
    bare = await act(api, "operator", made, "proxy-confirmation", unknown)
    assert (bare.status_code, codes(bare)) == (404, [("document.not_found", "/document_id")])
    async with database.write() as unit:
        document_id = str(await make_document(unit.session, api.samples["operator"].organisation.id))
    paper = {"data_consent": True, "document_id": document_id}
    assert (await step(api, "operator", made, "proxy-confirmation", paper))["confirmed_on"]
    await step(api, "operator", made, "check", {})
    [provider] = (await api.get("operator", "/v1/providers", programme_id=programme["id"])).json()["items"]
    await step(api, "operator", made, "match", {"provider_id": provider["id"]})
    agreed = {"agreement_no": "甲-1", "active_from": "2020-01-01", "active_to": "2020-12-31"}
    await step(api, "trustee", made, "agreement", agreed)
    done = {"kind": "visit", "summary": "示例", "occurred_on": "2020-02-01"}
    async with database.write() as unit:
        signed = str(await make_document(unit.session, api.samples["trustee"].organisation.id))
    for body, status in ((done, 409), ({**done, "document_id": signed}, 200)):
        record = await step(api, "trustee", made, "service-records", body)
        path = f"/v1/service-records/{record['id']}/proxy-acceptance"
        accepted = await api.post("operator", path, {"accepted_on": "2020-02-02"})
        assert accepted.status_code == status, accepted.text
    withdrawn = {"document_id": paper["document_id"]}
    forgotten = await step(api, "operator", made, "proxy-consent-withdrawal", withdrawn)
    assert (forgotten["employees"], forgotten["data_consent_on"]) == (None, None)


async def test_a_firm_entered_against_its_will_can_leave_and_enrol_itself(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-06: an agency's row does not lock a firm up."""
    programme = await make_programme(api, database)
    await make_provider(api, programme)
    party_id = str(api.samples["sme"].organisation.party_id)
    body = {"programme_id": programme["id"], "rows": [{"party_id": party_id, **SMALL}]}
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["enrolments"]
    foreign = await act(api, "sme_b", made, "termination", {"reason": "示例"})
    assert foreign.status_code == 404
    left = await step(api, "sme", made, "termination", {"reason": "未委托该机构"})
    assert (left["status"], left["reason"]) == ("terminated", "未委托该机构")
    assert (await enrol(api, programme))["status"] == "applied"


async def test_a_large_firm_from_elsewhere_is_told_both_reasons(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-04, TRU-01: ineligible, with every condition it failed, and free to enrol again."""
    programme = await make_programme(api, database)
    await join(api, database, "far", Role.sme, district_code="120116")
    made = await enrol(api, programme, "far", employees=300, revenue_wan=10_000)
    judged = await step(api, "operator", made, "check", {})
    assert (judged["status"], judged["size_class"]) == ("ineligible", "large")
    assert [found["code"] for found in judged["findings"]] == [
        "enrolment.not_in_district",
        "enrolment.too_large",
    ]
    assert judged["findings"][0]["facts"] == {"registered_in": "120116", "district_code": "120110"}
    assert (await api.get("far", f"/v1/enrolments/{made['id']}")).json()["findings"] == judged["findings"]
    assert (await enrol(api, programme, "far"))["status"] == "applied"


async def test_a_firm_the_table_cannot_class_is_classed_by_the_operator_with_a_reason(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-08: unknown is neither eligible nor ineligible; a known size is not overruled."""
    programme = await make_programme(api, database)
    made = await enrol(api, programme, industry="excluded")
    assert made["size_class"] == "unknown"
    for body, code in (
        ({}, "enrolment.size_unknown"),
        ({"size_class": "small"}, "enrolment.reason_missing"),
    ):
        refused = await act(api, "operator", made, "check", body)
        assert refused.json()["code"] == code
    judged = await step(api, "operator", made, "check", {"size_class": "small", "reason": "年报已核"})
    assert (judged["status"], judged["size_class"], judged["size_rule"], judged["reason"]) == (
        "checked",
        "small",
        "manual",
        "年报已核",
    )
    known = await enrol(api, programme, "sme_b")
    refused = await act(api, "operator", known, "check", {"size_class": "micro", "reason": "示例"})
    assert codes(refused) == [("enrolment.size_known", "/size_class")]


async def test_a_match_needs_a_selected_provider_of_the_programme_with_room(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-03: over the quota is refused, and so are strangers, applicants and who has left."""
    programme = await make_programme(api, database)
    other = await make_programme(api, database)
    await join(api, database, "trustee_b", Role.trustee)
    provider = await make_provider(api, programme, quota=1)
    foreign = await make_provider(api, other)
    applicant = await api.made("trustee_b", f"/v1/programmes/{programme['id']}/providers", {})
    matched = await match(api, programme, provider)
    assert (matched["status"], matched["provider_id"]) == ("matched", provider["id"])
    made = await enrol(api, programme, "sme_b")
    early = await act(api, "operator", made, "match", {"provider_id": provider["id"]})
    assert (early.status_code, early.json()["code"]) == (409, "state.illegal_transition")
    await step(api, "operator", made, "check", {})
    for one, status, code in (
        (provider, 409, "enrolment.quota_exceeded"),
        (foreign, 404, "provider.not_found"),
        (applicant, 409, "provider.not_selected"),
    ):
        refused = await act(api, "operator", made, "match", {"provider_id": one["id"]})
        assert (refused.status_code, codes(refused)) == (status, [(code, "/provider_id")])
    shown = (await api.get("sme", f"/v1/providers/{provider['id']}")).json()
    assert (shown["quota"], shown["serving"]) == (1, 1)
    await step(api, "sme", matched, "termination", {"reason": "示例"})
    assert (await step(api, "operator", made, "match", {"provider_id": provider["id"]}))[
        "status"
    ] == "matched"


async def test_service_that_meets_every_condition_counts_and_covers_the_firm(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-05, TG-07, TRU-02: the stock goes up and down, the plan covers one firm more."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    ended = await serve(api, made)
    assert (ended["status"], ended["active_from"], ended["ended_on"]) == ("ended", "2020-01-01", "2020-12-31")
    found = await evaluate(api, made, "2021-01-15")
    assert (found["status"], found["covered"], found["counted_on"]) == ("counted", "first", "2021-01-15")
    plan_id = programme["plan_id"]
    assert await counted(database, COVERED, plan_id) == [("2021-01-15", 1)]
    assert await counted(database, STOCK, plan_id) == [
        ("2020-01-01", 1, "start", "agreement"),
        ("2021-01-01", -1, "end", "term_end"),
    ]


async def test_service_that_falls_short_is_not_counted_and_every_condition_is_told(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-05, TG-07: months, deliverables and score at once; no fact is written."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    await serve(api, made, term=("2020-01-01", "2020-06-29"), kinds=("visit",))
    found = await evaluate(api, made, "2021-01-15", score=59)
    assert (found["status"], found["covered"], found["counted_on"]) == ("not_counted", None, None)
    assert [(one["code"], one["facts"]) for one in found["findings"]] == [
        ("enrolment.service_too_short", {"months": 5, "required": 6}),
        ("enrolment.deliverable_missing", {"kind": "inventory"}),
        ("enrolment.deliverable_missing", {"kind": "report"}),
        ("enrolment.score_too_low", {"score": 59, "required": 60}),
    ]
    assert await counted(database, COVERED, programme["plan_id"]) == []


async def test_who_served_does_not_evaluate(api: Api, database: SavepointDatabase) -> None:
    """RB-02, domain §9.1: nobody counts its own service, and nothing is counted before it has ended."""
    await join(api, database, "both", Role.trustee, Role.ip_office)
    await join(api, database, "ip_b", Role.ip_office, district_code="120116")
    programme = await make_programme(api, database)
    made = await match(api, programme, await make_provider(api, programme, "both"))
    body = {"score": 80, "evaluated_on": "2021-01-15"}
    running = await act(api, "ip_office", made, "evaluation", body)
    assert (running.status_code, running.json()["code"]) == (409, "state.illegal_transition")
    await serve(api, made, "both")
    own = await act(api, "both", made, "evaluation", body)
    assert (own.status_code, own.json()["code"]) == (409, "enrolment.same_organisation")
    assert (await act(api, "ip_b", made, "evaluation", body)).status_code == 404
    for role in ("operator", "sme"):
        assert (await act(api, role, made, "evaluation", body)).status_code == 403
    early = await act(api, "ip_office", made, "evaluation", body | {"evaluated_on": "2020-12-30"})
    assert codes(early) == [("request.date_too_early", "/evaluated_on")]
    assert (await evaluate(api, made, "2021-01-15"))["status"] == "counted"


async def test_one_firm_in_three_years_with_two_providers_is_covered_once(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-06, TRU-02: 1 firm × 3 years × 2 providers = 1; each year is active again."""
    programme = await make_programme(api, database)
    await join(api, database, "trustee_b", Role.trustee)
    providers = {role: await make_provider(api, programme, role) for role in ("trustee", "trustee_b")}
    outcomes = []
    for year, role in ((2019, "trustee"), (2020, "trustee_b"), (2021, "trustee")):
        made = await match(api, programme, providers[role])
        await serve(api, made, role, term=(f"{year}-01-01", f"{year}-12-31"))
        outcomes.append((await evaluate(api, made, f"{year + 1}-01-15"))["covered"])
    assert outcomes == ["first", "already", "already"]
    assert await counted(database, COVERED, programme["plan_id"]) == [("2020-01-15", 1)]
    stock = await counted(database, STOCK, programme["plan_id"])
    assert sum(value for _, value, _, change in stock if change == "agreement") == 3
    assert sum(value for _, value, *_ in stock) == 0


async def test_a_change_of_provider_keeps_one_enrolment_and_what_was_served(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-04, TG-05: four months here and two there are six; the transfer is no exit and no new firm."""
    programme = await make_programme(api, database, deliverables=[])
    await join(api, database, "trustee_b", Role.trustee)
    first, second = [await make_provider(api, programme, role) for role in ("trustee", "trustee_b")]
    made = await match(api, programme, first)
    agreed = {"agreement_no": "甲-1", "active_from": "2020-01-01", "active_to": "2020-12-31"}
    await step(api, "trustee", made, "agreement", agreed)
    same = await act(api, "operator", made, "provider-change", {"provider_id": first["id"], "reason": "示例"})
    assert codes(same) == [("enrolment.provider_same", "/provider_id")]
    change = {"provider_id": second["id"], "reason": "原机构退出", "ended_on": "2020-04-30"}
    moved = await step(api, "operator", made, "provider-change", change)
    assert (moved["status"], moved["provider_id"], moved["agreement_no"]) == ("matched", second["id"], None)
    denied = await act(api, "trustee", made, "agreement", agreed)
    assert denied.status_code == 404
    again = {"agreement_no": "乙-1", "active_from": "2020-04-30", "active_to": "2021-07-31"}
    early = await act(api, "trustee_b", made, "agreement", again)
    assert codes(early) == [("request.date_too_early", "/active_from")]
    signed = await step(api, "trustee_b", made, "agreement", again | {"active_from": "2021-06-01"})
    assert (signed["active_from"], signed["active_to"]) == ("2020-01-01", "2021-07-31")
    done = {"kind": "visit", "summary": "示例", "occurred_on": "2020-02-01"}
    foreign = await act(api, "trustee_b", made, "service-records", done)
    assert codes(foreign) == [("service_record.outside_service", "/occurred_on")]
    await step(api, "trustee_b", made, "end", {"ended_on": "2021-07-31"})
    assert (await evaluate(api, made, "2021-08-15"))["covered"] == "first"
    assert await counted(database, STOCK, programme["plan_id"]) == [
        ("2020-01-01", 1, "start", "agreement"),
        ("2020-05-01", -1, "end", "provider_change"),
        ("2021-06-01", 1, "start", "provider_change"),
        ("2021-08-01", -1, "end", "term_end"),
    ]


async def test_a_term_that_has_passed_ends_by_itself_and_is_renewed_without_a_gap(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-05, TRU-04: the job ends it once; a renewal joins on and counts no new firm."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    agreed = {"agreement_no": "甲-1", "active_from": "2020-01-01", "active_to": "2020-12-31"}
    await step(api, "trustee", made, "agreement", agreed)
    ended = []
    for _ in range(2):
        async with database.write() as unit:
            ended.append(
                await enrolments.end_due(unit.session, actor=system_actor("job"), moment=unit.moment)
            )
    assert ended == [1, 0]
    shown = (await api.get("sme", f"/v1/enrolments/{made['id']}")).json()
    assert (shown["status"], shown["ended_on"]) == ("ended", "2020-12-31")
    backwards = await act(
        api, "trustee", made, "renewal", {"agreement_no": "甲-2", "active_to": "2020-12-31"}
    )
    assert codes(backwards) == [("enrolment.term_invalid", "/active_to")]
    renewed = await step(api, "trustee", made, "renewal", {"agreement_no": "甲-2", "active_to": "2021-12-31"})
    assert (renewed["status"], renewed["active_from"], renewed["ended_on"]) == ("active", "2020-01-01", None)
    assert await counted(database, STOCK, programme["plan_id"]) == [
        ("2020-01-01", 1, "start", "agreement"),
        ("2021-01-01", -1, "end", "term_end"),
        ("2021-01-01", 1, "start", "renewal"),
    ]


async def test_a_terminated_service_leaves_the_stock_and_is_never_counted(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-02: an exit, on the day after the last one served."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    agreed = {"agreement_no": "甲-1", "active_from": "2020-01-01", "active_to": "2020-12-31"}
    await step(api, "trustee", made, "agreement", agreed)
    for day, code in (("2019-12-31", "request.date_too_early"), ("2021-01-01", "enrolment.term_exceeded")):
        refused = await act(api, "sme", made, "termination", {"reason": "停业", "ended_on": day})
        assert codes(refused) == [(code, "/ended_on")]
    await step(api, "sme", made, "termination", {"reason": "停业", "ended_on": "2020-03-31"})
    assert (await counted(database, STOCK, programme["plan_id"]))[1:] == [
        ("2020-04-01", -1, "end", "termination")
    ]
    refused = await act(api, "ip_office", made, "evaluation", {"score": 80, "evaluated_on": "2021-01-15"})
    assert (refused.status_code, refused.json()["code"]) == (409, "state.illegal_transition")


@pytest.mark.parametrize(
    ("term", "faults"),
    [
        (("2018-12-31", "2019-12-31"), [("request.date_too_early", "/active_from")]),
        (("2023-01-01", "2023-12-31"), [("enrolment.term_exceeded", "/active_from")]),
        (("2020-01-02", "2020-01-01"), [("enrolment.term_invalid", "/active_to")]),
    ],
)
async def test_an_agreement_lies_within_the_programme(
    api: Api, database: SavepointDatabase, term: tuple[str, str], faults: list[tuple[str, str]]
) -> None:
    """TG-05: service starts while the programme lasts, and not tomorrow."""
    programme = await make_programme(api, database)
    made = await match(api, programme, await make_provider(api, programme))
    body = {"agreement_no": "甲-1", "active_from": term[0], "active_to": term[1]}
    assert codes(await act(api, "trustee", made, "agreement", body)) == faults
    tomorrow = str(now().today + timedelta(days=1))
    future = await act(
        api, "trustee", made, "agreement", body | {"active_from": tomorrow, "active_to": "2099-01-01"}
    )
    assert codes(future)[0] == ("request.date_in_future", "/active_from")


async def test_a_withdrawn_consent_takes_the_figures_and_leaves_the_count(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-09: nobody sees the firm's figures any more; its size class and its count stay."""
    programme = await make_programme(api, database)
    made = await match(api, programme, await make_provider(api, programme))
    await serve(api, made)
    await evaluate(api, made, "2021-01-15")
    foreign = await act(api, "trustee", made, "consent-withdrawal", {})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "enrolment.not_firm")
    assert (await step(api, "sme", made, "consent-withdrawal", {}))["data_consent_on"] is None
    for role in ("sme", "trustee", "operator", "ip_office"):
        shown = (await api.get(role, f"/v1/enrolments/{made['id']}")).json()
        assert (shown["employees"], shown["revenue_wan"], shown["assets_wan"]) == (None, None, None)
        assert (shown["size_class"], shown["status"]) == ("small", "counted")
    again = await act(api, "sme", made, "consent-withdrawal", {})
    assert (again.status_code, again.json()["code"]) == (409, "enrolment.consent_withdrawn")
    assert await counted(database, COVERED, programme["plan_id"]) == [("2021-01-15", 1)]
