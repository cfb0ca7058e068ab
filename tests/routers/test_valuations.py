"""`/v1/valuations` over HTTP: who may ask and value, what a report needs, and that it is never altered."""

from __future__ import annotations

import base64
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.domain.money import Money
from app.domain.term import add_years
from app.domain.valuation import Report, ValuationMethod
from tests.factories.assets import make_asset, pass_title
from tests.factories.clock import now
from tests.factories.finance import application, organisation_id, owned, party_id, yuan
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase
from tests.support.edges import MALFORMED, pointers, told

PATH = "/v1/valuations"
NOBODY = "00000000-0000-0000-0000-000000000009"
TODAY = now().today


def request(api: Api, asset_id: str, **changes: Any) -> dict[str, Any]:
    """The sample appraiser is to value the right."""
    return {
        "asset_id": asset_id,
        "appraiser_id": organisation_id(api, "appraiser"),
        "mode": "agency",
    } | changes


def report(**changes: Any) -> dict[str, Any]:
    """An agency's report that nothing speaks against."""
    return {
        "base_on": "2024-02-29",
        "value": yuan("2000000.00"),
        "methods": ["income", "market"],
        "signatories": ["示例评估师甲", "示例评估师乙"],
        "signed_on": "2024-03-20",
    } | changes


async def applied(api: Api, asset_id: str) -> str:
    """An application of the sample enterprise to bank A that offers the right."""
    made = await api.made("sme", "/v1/applications", application(api, asset_id))
    return str(made["id"])


async def test_an_owner_asks_an_appraiser_signs(api: Api, database: SavepointDatabase) -> None:
    """PL-26: asked for, told, signed; in use for a year from its base date."""
    asset = await owned(api, database)
    response = await api.post("sme", PATH, request(api, asset))
    made = response.json()
    assert response.status_code == 201
    assert (made["status"], made["value"], made["expires_on"]) == ("requested", None, None)
    [notice] = (await api.get("appraiser", "/v1/notices")).json()["items"]
    assert notice["message_zh"] == f"收到评估请求 {made['number']}，标的权利 {made['asset_number']}"
    document = {"name": "评估报告.pdf", "media_type": "application/pdf"}
    document["content_base64"] = base64.b64encode(b"1").decode()
    evidence = await api.made("appraiser", "/v1/documents", document)
    path = f"{PATH}/{made['id']}"
    signed = await api.made("appraiser", f"{path}/signature", report(document_id=evidence["id"]))
    assert (signed["status"], signed["value"]) == ("signed", yuan("2000000.00"))
    assert (signed["base_on"], signed["expires_on"]) == ("2024-02-29", "2025-02-28")
    assert signed["methods"] == ["income", "market"]
    assert signed["document_id"] == evidence["id"]
    assert (await api.get("sme", path)).json() == signed


async def test_a_signed_valuation_is_never_altered(api: Api, database: SavepointDatabase) -> None:
    """§9.1 VALUER: not by the appraiser, not by who asked, and not in the database either."""
    asset = await owned(api, database)
    made = await api.made("sme", PATH, request(api, asset))
    path = f"{PATH}/{made['id']}"
    await api.made("appraiser", f"{path}/signature", report())
    again = await api.post("appraiser", f"{path}/signature", report(value=yuan("9.00")))
    assert told(again) == (409, "state.illegal_transition")
    assert told(await api.post("sme", f"{path}/withdrawal", None)) == (409, "state.illegal_transition")
    for change in ("UPDATE valuations SET value_fen = 1", "UPDATE valuations SET status = 'requested'"):
        with pytest.raises(IntegrityError, match="signed for good"):
            async with database.write() as unit:
                await unit.session.execute(text(f"{change} WHERE id = '{made['id']}'"))
    assert (await api.get("sme", path)).json()["value"] == yuan("2000000.00")


async def test_an_expired_valuation_supports_no_new_pledge_unless_the_pool_says_so(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-12, PL-26: a year from its base date, that day included; the pool's scheme may let it pass."""
    asset, other = await owned(api, database), await owned(api, database)
    year_ago = add_years(TODAY, -1)

    async def valued(of: str, base_on: date | None) -> str:
        made = await api.made("bank_a", PATH, request(api, of))
        if base_on is not None:
            body = report(base_on=str(base_on), signed_on=str(base_on))
            await api.made("appraiser", f"{PATH}/{made['id']}/signature", body)
        return str(made["id"])

    async def file(valuation: str, pool_id: str | None = None) -> Any:
        body = filing(party_id(api, "sme"), [asset], pool_id=pool_id)
        body["items"][0]["valuation_id"] = valuation
        return await api.post("bank_a", "/v1/pledges", body)

    async def refused(valuation: str, pool_id: str | None = None) -> list[tuple[str, str | None]]:
        answer = await file(valuation, pool_id)
        assert answer.status_code in {404, 409}, answer.text
        return objections(answer)

    at = "/items/0/valuation_id"
    expired = await valued(asset, year_ago - timedelta(days=1))
    strict = (await make_pool(api))["id"]
    lenient = (await make_pool(api, accepts_expired_valuations=True))["id"]
    for pool_id in (None, strict):
        assert await refused(expired, pool_id) == [("valuation.expired", at)]
    assert await refused(await valued(asset, None), lenient) == [("valuation.unfit", at)]
    assert await refused(await valued(other, TODAY), lenient) == [("valuation.unfit", at)]
    assert await refused(NOBODY) == [("valuation.not_found", at)]
    foreign = await api.made("sme", PATH, request(api, asset))
    assert await refused(foreign["id"]) == [("valuation.not_found", at)]
    fresh = await valued(asset, year_ago)
    for valuation, pool_id in ((fresh, strict), (expired, lenient)):
        answer = await file(valuation, pool_id)
        assert answer.status_code == 201, answer.text
        filed = answer.json()
        assert filed["items"][0]["valuation_id"] == valuation
        kept = (await api.get("bank_a", f"/v1/pledges/{filed['id']}")).json()
        assert kept["items"] == filed["items"]
        over = {"reason": "示例", "refused_on": str(TODAY)}
        await api.made("bank_a", f"/v1/pledges/{filed['id']}/refusals", over)
    misplaced = (
        "UPDATE pledge_items SET valuation_id = (SELECT id FROM valuations WHERE asset_id = :other LIMIT 1)"
    )
    with pytest.raises(IntegrityError, match="fk_pledge_items_valuation_id_asset_id"):
        async with database.write() as unit:
            await unit.session.execute(text(misplaced), {"other": uuid.UUID(other)})


async def test_a_request_is_withdrawn_by_who_made_it(api: Api, database: SavepointDatabase) -> None:
    asset = await owned(api, database)
    made = await api.made("sme", PATH, request(api, asset))
    path = f"{PATH}/{made['id']}"
    assert told(await api.post("appraiser", f"{path}/withdrawal", None)) == (403, "valuation.not_requester")
    assert told(await api.post("sme", f"{path}/signature", report())) == (403, "valuation.not_appraiser")
    assert (await api.made("sme", f"{path}/withdrawal", None))["status"] == "withdrawn"
    late = await api.post("appraiser", f"{path}/signature", report())
    assert told(late) == (409, "state.illegal_transition")


REPORTS: dict[str, tuple[dict[str, Any], tuple[int, str], list[str]]] = {
    "one method without a reason, one hand": (
        {"methods": ["income", "income"], "signatories": ["示例评估师甲", "示例评估师甲 "]},
        (422, "valuation.one_method"),
        ["/methods", "/signatories"],
    ),
    "no method, nobody, another currency, days in disorder": (
        {
            "methods": [],
            "method_reason": "示例",
            "signatories": [],
            "value": yuan("1.00", "USD"),
            "base_on": "2999-01-01",
            "signed_on": str(TODAY + timedelta(days=1)),
        },
        (422, "request.date_in_future"),
        ["/signed_on", "/base_on", "/value/currency", "/methods", "/signatories"],
    ),
    "a base date after its signing": (
        {"base_on": "2024-03-21"},
        (422, "valuation.base_after_signing"),
        ["/base_on"],
    ),
    "a worthless right": ({"value": yuan("0.00")}, MALFORMED, ["/value"]),
    "a document nobody has": ({"document_id": NOBODY}, (404, "document.not_found"), ["/document_id"]),
}


@pytest.mark.parametrize(("changes", "expected", "at"), REPORTS.values(), ids=REPORTS.keys())
async def test_a_report_that_the_law_does_not_know_is_refused(
    api: Api, database: SavepointDatabase, changes: dict[str, Any], expected: tuple[int, str], at: list[str]
) -> None:
    """PL-26, 资产评估法第26、27条, API-10: every fault at once, and nothing is signed."""
    asset = await owned(api, database)
    path = f"{PATH}/{(await api.made('sme', PATH, request(api, asset)))['id']}"
    refused = await api.post("appraiser", f"{path}/signature", report(**changes))
    assert (told(refused), pointers(refused)) == (expected, at)
    assert (await api.get("appraiser", path)).json()["status"] == "requested"


async def test_one_method_will_do_with_a_reason(api: Api, database: SavepointDatabase) -> None:
    """资产评估法第26条: where only one method fits, the report says why."""
    asset = await owned(api, database)
    path = f"{PATH}/{(await api.made('sme', PATH, request(api, asset)))['id']}"
    alone = report(methods=["cost"], method_reason="无可比交易且未来收益无法预测")
    signed = await api.made("appraiser", f"{path}/signature", alone)
    assert (signed["methods"], signed["method_reason"]) == (["cost"], "无可比交易且未来收益无法预测")


def test_methods_and_signatories_count_once_however_they_are_written() -> None:
    """The database counts what is stored, so what is stored is told apart first."""
    given = Report(
        TODAY,
        Money(1),
        TODAY,
        methods=[ValuationMethod.market, ValuationMethod.income, ValuationMethod.market],
        signatories=["Ｌｉ Ｌｅｉ", "Han Meimei", "li lei"],
    )
    assert given.distinct_methods() == ["market", "income"]
    assert given.distinct_signatories() == ["Ｌｉ Ｌｅｉ", "Han Meimei"]


async def test_a_bank_values_for_itself_and_keeps_its_opinion(api: Api, database: SavepointDatabase) -> None:
    """PL-26: an internal valuation is lawful, needs no two hands, and stays with the bank."""
    asset = await owned(api, database)
    application_id = await applied(api, asset)
    body = request(
        api,
        asset,
        mode="bank_internal",
        appraiser_id=organisation_id(api, "bank_a"),
        application_id=application_id,
    )
    made = await api.made("bank_a", PATH, body)
    path = f"{PATH}/{made['id']}"
    signed = await api.made("bank_a", f"{path}/signature", report(methods=[], signatories=[]))
    assert signed["status"] == "signed"
    assert told(await api.get("sme", path)) == (404, "valuation.not_found")
    agreed = await api.made("sme", PATH, body | {"mode": "negotiated"})
    await api.made("bank_a", f"{PATH}/{agreed['id']}/signature", report(methods=[], signatories=[]))
    assert (await api.get("sme", f"{PATH}/{agreed['id']}")).json()["value"] == yuan("2000000.00")


async def test_an_application_shows_its_bank_what_the_enterprise_had_valued(
    api: Api, database: SavepointDatabase
) -> None:
    asset = await owned(api, database)
    application_id = await applied(api, asset)
    made = await api.made("sme", PATH, request(api, asset, application_id=application_id))
    statuses = {}
    for role in ("sme", "appraiser", "bank_a", "ip_office", "bank_b", "sme_b", "insurer"):
        answer = await api.get(role, f"{PATH}/{made['id']}")
        listed = (await api.get(role, PATH, application_id=application_id)).json()["items"]
        assert len(listed) == (answer.status_code == 200)
        statuses[role] = answer.status_code
    assert statuses == {
        "sme": 200,
        "appraiser": 200,
        "bank_a": 200,
        "ip_office": 200,
        "bank_b": 404,
        "sme_b": 404,
        "insurer": 404,
    }


async def test_who_has_a_part_in_the_matter_does_not_value(api: Api, database: SavepointDatabase) -> None:
    """RB-03: neither an owner, nor the borrower, nor the bank, whatever roles they hold besides."""
    appraiser = party_id(api, "appraiser")
    async with database.write() as unit:
        shared = [uuid.UUID(party_id(api, "sme")), uuid.UUID(appraiser)]
        co_owned = str((await make_asset(unit.session, owners=shared)).id)
        of_bank = str((await make_asset(unit.session, owners=[uuid.UUID(party_id(api, "bank_a"))])).id)
    refused = await api.post("sme", PATH, request(api, co_owned))
    assert told(refused) == (409, "valuation.conflict_of_interest")
    own = request(api, of_bank, mode="bank_internal", appraiser_id=organisation_id(api, "bank_a"))
    assert told(await api.post("bank_a", PATH, own)) == (409, "valuation.conflict_of_interest")


async def test_who_has_come_to_own_the_right_does_not_sign(api: Api, database: SavepointDatabase) -> None:
    """RB-03: judged again when it is signed."""
    asset = await owned(api, database)
    path = f"{PATH}/{(await api.made('sme', PATH, request(api, asset)))['id']}"
    async with database.write() as unit:
        await pass_title(unit.session, uuid.UUID(asset), uuid.UUID(party_id(api, "appraiser")))
    refused = await api.post("appraiser", f"{path}/signature", report())
    assert told(refused) == (409, "valuation.conflict_of_interest")


async def test_a_lending_bank_that_is_also_an_appraiser_is_no_agency_for_its_own_loan(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-03: an organisation may hold both roles, not both parts."""
    asset = await owned(api, database)
    application_id = await applied(api, asset)
    bank = organisation_id(api, "bank_a")
    async with database.write() as unit:
        await unit.session.execute(
            text("UPDATE organisations SET roles = '{bank,appraiser}' WHERE id = :id"), {"id": bank}
        )
    body = request(api, asset, appraiser_id=bank)
    for_loan = await api.post("sme", PATH, body | {"application_id": application_id})
    assert told(for_loan) == (409, "valuation.conflict_of_interest")
    assert told(await api.post("bank_a", PATH, body)) == (409, "valuation.conflict_of_interest")
    assert (await api.post("sme", PATH, body)).status_code == 201


async def test_a_request_that_makes_no_sense_is_refused(api: Api, database: SavepointDatabase) -> None:
    """§9.1: owners, applicants and banks ask; appraisers appraise, banks value for themselves alone."""
    mine, other = await owned(api, database), await owned(api, database, "sme_b")
    application_id = await applied(api, mine)
    guarantor, bank_b = organisation_id(api, "guarantor"), organisation_id(api, "bank_b")
    cases: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
        ("sme", request(api, other), (403, "valuation.not_entitled")),
        ("appraiser", request(api, mine), (403, "valuation.not_entitled")),
        ("sme", request(api, NOBODY), (404, "asset.not_found")),
        ("sme", request(api, mine, appraiser_id=NOBODY), (422, "valuation.appraiser_unknown")),
        ("sme", request(api, mine, appraiser_id=guarantor), (422, "valuation.appraiser_unknown")),
        (
            "bank_a",
            request(api, mine, mode="bank_internal", appraiser_id=bank_b),
            (422, "valuation.bank_required"),
        ),
        (
            "sme",
            request(api, mine, mode="negotiated", appraiser_id=bank_b),
            (422, "valuation.bank_required"),
        ),
        ("sme", request(api, other, application_id=application_id), (409, "valuation.asset_not_offered")),
        ("sme_b", request(api, other, application_id=application_id), (404, "application.not_found")),
        ("insurer", request(api, mine), (403, "auth.denied")),
    ]
    answers = [told(await api.post(role, PATH, body)) for role, body, _ in cases]
    assert answers == [expected for _, _, expected in cases]
    assert (await api.get("auditor", PATH)).json()["items"] == []
