"""The agreements of `/v1/enrolments` over HTTP: their terms, renewals, changes of provider and ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.domain.permission import Role, system_actor
from app.services import enrolments
from tests.factories.clock import now
from tests.factories.enrolments import (
    SMALL,
    STOCK,
    agree,
    counted,
    enrol,
    evaluate,
    join,
    make_programme,
    make_provider,
    match,
    serve,
    signed_paper,
    step,
)
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase

CLOCK = "/v1/sandbox/clock"


async def act(api: Api, role: str, enrolment: dict[str, Any], what: str, body: Any) -> httpx.Response:
    return await api.post(role, f"/v1/enrolments/{enrolment['id']}/{what}", body)


async def test_a_change_of_provider_keeps_one_enrolment_and_what_was_served(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-04, TG-05: four months here and two there are six; the transfer is no exit and no new firm."""
    programme = await make_programme(api, database, deliverables=[])
    await join(api, database, "trustee_b", Role.trustee)
    first, second = [await make_provider(api, programme, role) for role in ("trustee", "trustee_b")]
    made = await match(api, programme, first)
    await agree(api, made)
    same = await act(api, "operator", made, "provider-change", {"provider_id": first["id"], "reason": "示例"})
    assert objections(same) == [("enrolment.provider_same", "/provider_id")]
    change = {"provider_id": second["id"], "reason": "原机构退出", "ended_on": "2020-04-30"}
    moved = await step(api, "operator", made, "provider-change", change)
    assert (moved["status"], moved["provider_id"], moved["agreement_no"]) == ("matched", second["id"], None)
    again = {"agreement_no": "乙-1", "active_from": "2020-04-30", "active_to": "2021-07-31"}
    denied = await act(api, "trustee", made, "agreement", again)
    assert denied.status_code == 404
    again["document_id"] = await signed_paper(api, "trustee_b")
    early = await act(api, "trustee_b", made, "agreement", again)
    assert objections(early) == [("request.date_too_early", "/active_from")]
    signed = await step(api, "trustee_b", made, "agreement", again | {"active_from": "2021-06-01"})
    assert (signed["active_from"], signed["active_to"]) == ("2020-01-01", "2021-07-31")
    done = {"kind": "visit", "summary": "示例", "occurred_on": "2020-02-01"}
    foreign = await act(api, "trustee_b", made, "service-records", done)
    assert objections(foreign) == [("service_record.outside_service", "/occurred_on")]
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
    await agree(api, made)
    ended = []
    for _ in range(2):
        async with database.write() as unit:
            ended.append(
                await enrolments.end_due(unit.session, actor=system_actor("job"), moment=unit.moment)
            )
    assert ended == [1, 0]
    shown = (await api.get("sme", f"/v1/enrolments/{made['id']}")).json()
    assert (shown["status"], shown["ended_on"]) == ("ended", "2020-12-31")
    wanted = {"agreement_no": "甲-2", "active_to": "2020-12-31"}
    backwards = await act(api, "trustee", made, "renewal", wanted)
    assert objections(backwards) == [
        ("enrolment.agreement_unproven", "/document_id"),
        ("enrolment.term_invalid", "/active_to"),
    ]
    wanted |= {"active_to": "2021-12-31", "document_id": await signed_paper(api)}
    renewed = await step(api, "trustee", made, "renewal", wanted)
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
    await agree(api, made)
    for day, code in (("2019-12-31", "request.date_too_early"), ("2021-01-01", "enrolment.term_exceeded")):
        refused = await act(api, "sme", made, "termination", {"reason": "停业", "ended_on": day})
        assert objections(refused) == [(code, "/ended_on")]
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
        (("2020-01-02", "2020-01-01"), [("enrolment.term_invalid", "/active_to")]),
    ],
)
async def test_an_agreement_lies_within_the_programme(
    api: Api, database: SavepointDatabase, term: tuple[str, str], faults: list[tuple[str, str]]
) -> None:
    """TG-05: service starts while the programme lasts, and not tomorrow."""
    programme = await make_programme(api, database, ends_on=str(now().today))
    made = await match(api, programme, await make_provider(api, programme))
    paper = await signed_paper(api)
    body = {"agreement_no": "甲-1", "active_from": term[0], "active_to": term[1], "document_id": paper}
    assert objections(await act(api, "trustee", made, "agreement", body)) == faults
    tomorrow = str(now().today + timedelta(days=1))
    future = await act(
        api, "trustee", made, "agreement", body | {"active_from": tomorrow, "active_to": "2099-01-01"}
    )
    assert objections(future) == [
        ("request.date_in_future", "/active_from"),
        ("enrolment.term_exceeded", "/active_from"),
    ]


async def test_a_service_from_before_anybody_knew_of_it_needs_the_signed_agreement(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-04: before the firm confirmed or its provider was selected, the provider's word is not enough."""
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    today = now().today
    late = {
        "agreement_no": "甲-1",
        "active_from": str(today - timedelta(days=1)),
        "active_to": str(today + timedelta(days=300)),
    }
    bare = await act(api, "trustee", made, "agreement", late)
    assert (bare.status_code, objections(bare)) == (409, [("enrolment.agreement_unproven", "/document_id")])
    hidden = await act(
        api, "trustee", made, "agreement", late | {"document_id": await signed_paper(api, "sme_b")}
    )
    assert (hidden.status_code, objections(hidden)) == (404, [("document.not_found", "/document_id")])
    paper = await signed_paper(api)
    before = late | {"active_from": "2018-12-31", "document_id": paper}
    assert objections(await act(api, "trustee", made, "agreement", before)) == [
        ("request.date_too_early", "/active_from")
    ]
    assert (await step(api, "trustee", made, "agreement", late | {"document_id": paper}))[
        "status"
    ] == "active"
    kept = "SELECT payload ->> 'document_id' FROM events WHERE subject_id = :id AND type = 'enrolment.signed'"
    async with database.read() as unit:
        assert await unit.session.scalar(text(kept), {"id": made["id"]}) == paper
    other = await match(api, programme, provider, "sme_b")
    on_the_day = late | {"active_from": str(today)}
    assert (await step(api, "trustee", other, "agreement", on_the_day))["status"] == "active"


async def test_what_was_selected_later_than_the_firm_confirmed_is_reckoned_from_the_selection(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-04: a provider that came afterwards enters nothing before its selection on its own word."""
    programme = await make_programme(api, database)
    made = await enrol(api, programme)
    await step(api, "operator", made, "check", {})
    tomorrow = now().today + timedelta(days=1)
    await api.put("operator", CLOCK, {"business_date": str(tomorrow)})
    provider = await make_provider(api, programme)
    await step(api, "operator", made, "match", {"provider_id": provider["id"]})
    agreed = {"agreement_no": "甲-1", "active_to": str(tomorrow + timedelta(days=300))}
    early = await act(api, "trustee", made, "agreement", agreed | {"active_from": str(now().today)})
    assert objections(early) == [("enrolment.agreement_unproven", "/document_id")]
    await step(api, "trustee", made, "agreement", agreed | {"active_from": str(tomorrow)})


async def test_a_programme_that_is_over_takes_no_firms_and_no_renewals(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-03, TG-05: from the day after its last one; nor may a renewal run past it before."""
    today = now().today
    programme = await make_programme(api, database, ends_on=str(today))
    provider = await make_provider(api, programme)
    made = await match(api, programme, provider)
    await serve(api, made)
    waiting = await enrol(api, programme, "sme_b")
    tomorrow = str(today + timedelta(days=1))
    wanted = {"agreement_no": "甲-2", "active_to": tomorrow, "document_id": await signed_paper(api)}
    past = await act(api, "trustee", made, "renewal", wanted)
    assert objections(past) == [("enrolment.term_exceeded", "/active_to")]
    await api.put("operator", CLOCK, {"business_date": tomorrow})
    await join(api, database, "late", Role.sme)
    enrolment = {"programme_id": programme["id"], "data_consent": True, **SMALL}
    row = {"party_id": str(api.samples["late"].organisation.party_id), **SMALL}
    for role, path, body in (
        ("late", "/v1/enrolments", enrolment),
        ("trustee", "/v1/enrolments/batch", {"programme_id": programme["id"], "rows": [row]}),
        ("operator", f"/v1/enrolments/{waiting['id']}/check", {}),
        ("trustee", f"/v1/enrolments/{made['id']}/renewal", wanted | {"active_to": str(today)}),
        ("trustee", f"/v1/programmes/{programme['id']}/providers", {}),
    ):
        refused = await api.post(role, path, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "programme.over"), path
    assert (await evaluate(api, made, "2021-01-15"))["status"] == "counted"


async def renewed_tomorrow(
    api: Api, database: SavepointDatabase
) -> tuple[dict[str, Any], dict[str, Any], date]:
    """A firm served up to today whose next term starts tomorrow, its programme, and that first day."""
    programme = await make_programme(api, database)
    made = await match(api, programme, await make_provider(api, programme))
    today = now().today
    await serve(api, made, term=("2020-01-01", str(today)))
    wanted = {"agreement_no": "甲-2", "active_to": str(today + timedelta(days=365))}
    return await step(api, "trustee", made, "renewal", wanted), programme, today + timedelta(days=1)


async def test_a_renewal_given_up_before_its_first_day_leaves_what_was_served_to_be_counted(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-05, TRU-02: the last day served is the one before, and the first term counts."""
    made, programme, first = await renewed_tomorrow(api, database)
    today = str(first - timedelta(days=1))
    earlier = await act(
        api, "sme", made, "termination", {"reason": "停业", "ended_on": str(first - timedelta(days=2))}
    )
    assert objections(earlier) == [("request.date_too_early", "/ended_on")]
    left = await step(api, "sme", made, "termination", {"reason": "停业"})
    assert (left["status"], left["ended_on"], left["reason"]) == ("ended", today, "停业")
    found = await evaluate(api, made, today)
    assert (found["status"], found["covered"]) == ("counted", "first")
    stock = await counted(database, STOCK, programme["plan_id"])
    assert stock[2:] == [(str(first), 1, "start", "renewal"), (str(first), -1, "end", "termination")]


async def test_a_renewed_service_given_up_half_way_can_still_be_counted(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-05: the months of both terms; without a renewal giving up counts for nothing."""
    programme = await make_programme(api, database)
    made = await match(api, programme, await make_provider(api, programme))
    await serve(api, made, term=("2020-01-01", "2020-05-31"))
    wanted = {"agreement_no": "甲-2", "active_to": "2021-12-31", "document_id": await signed_paper(api)}
    await step(api, "trustee", made, "renewal", wanted)
    left = await step(api, "sme", made, "termination", {"reason": "停业", "ended_on": "2020-06-30"})
    assert (left["status"], left["ended_on"]) == ("ended", "2020-06-30")
    assert (await evaluate(api, made, "2020-06-30"))["status"] == "counted"
    assert (await counted(database, STOCK, programme["plan_id"]))[-1] == (
        "2020-07-01",
        -1,
        "end",
        "termination",
    )


async def test_a_renewed_firm_that_leaves_before_its_next_provider_served_is_counted_with_the_last(
    api: Api, database: SavepointDatabase
) -> None:
    """TRU-04, TG-05: a change on the day before the renewal starts; who never served gets no credit."""
    made, programme, first = await renewed_tomorrow(api, database)
    await join(api, database, "trustee_b", Role.trustee)
    second = await make_provider(api, programme, "trustee_b")
    change = {"provider_id": second["id"], "reason": "原机构退出"}
    moved = await step(api, "operator", made, "provider-change", change)
    assert (moved["status"], moved["provider_id"]) == ("matched", second["id"])
    left = await step(api, "sme", made, "termination", {"reason": "停业"})
    today = str(first - timedelta(days=1))
    assert (left["status"], left["provider_id"], left["ended_on"]) == ("ended", made["provider_id"], today)
    assert (await evaluate(api, made, today))["covered"] == "first"
