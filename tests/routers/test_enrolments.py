"""`/v1/enrolments` and `/v1/service-records` over HTTP: the course of a trusteeship."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from app.domain.permission import Role
from tests.factories.clock import now
from tests.factories.enrolments import (
    COVERED,
    SMALL,
    STOCK,
    agree,
    counted,
    enrol,
    evaluate,
    join,
    make_document,
    make_programme,
    make_provider,
    match,
    serve,
    signed_paper,
    step,
)
from tests.factories.parties import make_party
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase


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
    assert (twice.status_code, objections(twice)) == (409, [("enrolment.already_enrolled", "/party_id")])
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
    assert objections(refused) == [
        ("enrolment.already_enrolled", "/rows/1/party_id"),
        ("enrolment.party_twice", "/rows/2/party_id"),
        ("party.not_found", "/rows/3/party_id"),
    ]
    others = [await firm_without_account(database) for _ in range(3)]
    rows = [row, *({**row, "party_id": party_id, "employees": 9} for party_id in others)]
    made = (await api.made("trustee", "/v1/enrolments/batch", {**body, "rows": rows}))["items"]
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
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["items"]
    notices = (await api.get("sme", "/v1/notices")).json()["items"]
    assert [(one["kind"], one["subject_id"]) for one in notices] == [("enrolment_to_confirm", made["id"])]
    refused = await act(api, "operator", made, "check", {})
    assert (refused.status_code, objections(refused)) == (409, [("enrolment.not_confirmed", None)])
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
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["items"]
    unknown = {"data_consent": True, "document_id": str(uuid.uuid4())}
    bare = await act(api, "operator", made, "proxy-confirmation", unknown)
    assert (bare.status_code, objections(bare)) == (404, [("document.not_found", "/document_id")])
    async with database.write() as unit:
        document_id = str(await make_document(unit.session, api.samples["operator"].organisation.id))
    paper = {"data_consent": True, "document_id": document_id}
    assert (await step(api, "operator", made, "proxy-confirmation", paper))["confirmed_on"]
    await step(api, "operator", made, "check", {})
    [provider] = (await api.get("operator", "/v1/providers", programme_id=programme["id"])).json()["items"]
    await step(api, "operator", made, "match", {"provider_id": provider["id"]})
    await agree(api, made)
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
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["items"]
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
    assert objections(refused) == [("enrolment.size_known", "/size_class")]


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
        assert (refused.status_code, objections(refused)) == (status, [(code, "/provider_id")])
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
    assert objections(early) == [("request.date_too_early", "/evaluated_on")]
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


async def test_nothing_new_is_done_without_the_firms_consent_until_it_consents_again(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-09: check, match and agreement wait; the day of the first confirmation stays."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await enrol(api, programme)
    agreed = {"agreement_no": "甲-1", "active_from": str(now().today), "active_to": "2099-01-01"}
    for role, what, body in (
        ("operator", "check", {}),
        ("operator", "match", {"provider_id": provider["id"]}),
        ("trustee", "agreement", agreed),
    ):
        await step(api, "sme", made, "consent-withdrawal", {})
        refused = await act(api, role, made, what, body)
        assert (refused.status_code, objections(refused)) == (409, [("enrolment.consent_withdrawn", None)]), (
            what
        )
        again = await step(api, "sme", made, "confirmation", {"data_consent": True})
        assert again["confirmed_on"] == again["data_consent_on"] == str(now().today)
        await step(api, role, made, what, body)
    twice = await act(api, "sme", made, "confirmation", {"data_consent": True})
    assert (twice.status_code, twice.json()["code"]) == (409, "enrolment.already_confirmed")


async def test_rows_that_the_firm_did_not_confirm_block_nobody(api: Api, database: SavepointDatabase) -> None:
    """TRU-06, TG-04: neither rivals nor the firm nor its renewal; of two rows the firm confirms one."""
    programme = await make_programme(api, database)
    await join(api, database, "trustee_b", Role.trustee)
    provider = await make_provider(api, programme)
    await make_provider(api, programme, "trustee_b")
    party_id = str(api.samples["sme"].organisation.party_id)
    body = {"programme_id": programme["id"], "rows": [{"party_id": party_id, **SMALL}]}
    [mine] = (await api.made("trustee", "/v1/enrolments/batch", body))["items"]
    [rival] = (await api.made("trustee_b", "/v1/enrolments/batch", body))["items"]
    repeated = await api.post("trustee", "/v1/enrolments/batch", body)
    assert objections(repeated) == [("enrolment.already_enrolled", "/rows/0/party_id")]
    await step(api, "sme", mine, "confirmation", {"data_consent": True})
    second = await act(api, "sme", rival, "confirmation", {"data_consent": True})
    assert (second.status_code, second.json()["code"]) == (409, "enrolment.already_enrolled")
    await step(api, "operator", mine, "check", {})
    await step(api, "operator", mine, "match", {"provider_id": provider["id"]})
    await serve(api, mine)
    wanted = {"agreement_no": "甲-2", "active_to": "2021-12-31", "document_id": await signed_paper(api)}
    assert (await step(api, "trustee", mine, "renewal", wanted))["status"] == "active"


async def test_the_operator_clears_away_what_no_firm_ever_confirmed(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-06: with a reason, and nothing that a firm did confirm."""
    programme = await make_programme(api, database)
    await make_provider(api, programme)
    await join(api, database, "operator_b", Role.operator, district_code="120116")
    row = {"party_id": await firm_without_account(database), **SMALL}
    body = {"programme_id": programme["id"], "rows": [row]}
    [made] = (await api.made("trustee", "/v1/enrolments/batch", body))["items"]
    reason = {"reason": "企业否认"}
    for role, status in (("trustee", 403), ("operator_b", 404)):
        assert (await act(api, role, made, "proxy-termination", reason)).status_code == status
    assert (await act(api, "operator", made, "proxy-termination", {})).status_code == 422
    cleared = await step(api, "operator", made, "proxy-termination", reason)
    assert (cleared["status"], cleared["reason"]) == ("terminated", "企业否认")
    own = await enrol(api, programme)
    refused = await act(api, "operator", own, "proxy-termination", reason)
    assert (refused.status_code, refused.json()["code"]) == (409, "enrolment.already_confirmed")
