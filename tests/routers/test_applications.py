"""`/v1/applications` over HTTP: an enterprise asks, one bank reviews, decides and contracts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.clock import now
from tests.factories.finance import application, organisation_id, owned, party_id, yuan
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import MALFORMED, pointers, told

PATH = "/v1/applications"
NOBODY = "00000000-0000-0000-0000-000000000009"


async def applied(api: Api, database: SavepointDatabase, **changes: Any) -> tuple[str, str]:
    """The address of an application, and the right it offers."""
    asset = await owned(api, database)
    made = await api.made("sme", PATH, application(api, asset, **changes))
    return f"{PATH}/{made['id']}", asset


async def approved(api: Api, database: SavepointDatabase, amount: str = "600000.00") -> tuple[str, str]:
    """The same, approved for that amount."""
    path, asset = await applied(api, database)
    await api.made("bank_a", f"{path}/review", None)
    await api.made("bank_a", f"{path}/decision", {"decision": "approved", "approved_amount": yuan(amount)})
    return path, asset


async def kinds(api: Api, role: str) -> list[tuple[str, str]]:
    """Kind and Chinese words of the notices of a sample organisation."""
    return [(one["kind"], one["message_zh"]) for one in (await api.get(role, "/v1/notices")).json()["items"]]


async def test_an_application_reaches_its_bank_and_comes_back_with_an_answer(
    api: Api, database: SavepointDatabase
) -> None:
    """§9.2 pledge financing: applied, bank review, approved in part; each side is told."""
    mine, others = await owned(api, database), await owned(api, database, "sme_b")
    response = await api.post("sme", PATH, application(api, mine, others))
    made = response.json()
    assert response.status_code == 201
    assert (made["status"], made["borrower_id"]) == ("applied", party_id(api, "sme"))
    assert made["applied_on"] == str(now().today)
    assert [(one["asset_id"], one["third_party"]) for one in made["assets"]] == [
        (mine, False),
        (others, True),
    ], "PL-30"
    [(kind, words)] = await kinds(api, "bank_a")
    assert (kind, words) == (
        "application_received",
        f"收到融资申请 {made['number']}，金额 1000000.00 CNY",
    )
    path = f"{PATH}/{made['id']}"
    assert (await api.made("bank_a", f"{path}/review", None))["status"] == "bank_review"
    decision = {"decision": "approved", "approved_amount": yuan("600000.00"), "reason": "押品充足"}
    decided = await api.made("bank_a", f"{path}/decision", decision)
    assert (decided["status"], decided["approved_amount"]) == ("approved", yuan("600000.00"))
    assert (decided["reason"], decided["decided_on"]) == ("押品充足", str(now().today))
    assert await kinds(api, "sme") == [("application_decided", f"融资申请 {made['number']} 的审批结果：批准")]


async def test_an_approval_without_an_amount_is_of_all_that_was_asked(
    api: Api, database: SavepointDatabase
) -> None:
    path, _ = await applied(api, database)
    await api.made("bank_a", f"{path}/review", None)
    decided = await api.made("bank_a", f"{path}/decision", {"decision": "approved"})
    assert decided["approved_amount"] == yuan("1000000.00")


DECISIONS: dict[str, tuple[dict[str, Any], tuple[int, str], list[str]]] = {
    "a rejection without a reason, but with an amount": (
        {"decision": "rejected", "approved_amount": yuan("1.00")},
        (422, "application.reason_missing"),
        ["/reason", "/approved_amount"],
    ),
    "more than was asked, in another currency": (
        {"decision": "approved", "approved_amount": yuan("1000000.01", "USD")},
        (422, "application.currency_unsupported"),
        ["/approved_amount/currency", "/approved_amount/amount"],
    ),
    "nothing": (
        {"decision": "approved", "approved_amount": yuan("0.00")},
        MALFORMED,
        ["/approved_amount"],
    ),
}


@pytest.mark.parametrize(("body", "expected", "at"), DECISIONS.values(), ids=DECISIONS.keys())
async def test_an_answer_that_makes_no_sense_is_refused(
    api: Api, database: SavepointDatabase, body: dict[str, Any], expected: tuple[int, str], at: list[str]
) -> None:
    """API-10: every fault at once; the application stays under review."""
    path, _ = await applied(api, database)
    await api.made("bank_a", f"{path}/review", None)
    refused = await api.post("bank_a", f"{path}/decision", body)
    assert (told(refused), pointers(refused)) == (expected, at)
    shown = (await api.get("bank_a", path)).json()
    assert (shown["status"], shown["approved_amount"]) == ("bank_review", None)
    assert await kinds(api, "sme") == []


async def test_a_rejected_application_is_over(api: Api, database: SavepointDatabase) -> None:
    path, _ = await applied(api, database)
    early = await api.post("bank_a", f"{path}/decision", {"decision": "rejected", "reason": "示例"})
    assert told(early) == (409, "state.illegal_transition")
    await api.made("bank_a", f"{path}/review", None)
    await api.made("bank_a", f"{path}/decision", {"decision": "rejected", "reason": "还款来源不足"})
    assert told(await api.post("sme", f"{path}/withdrawal", None)) == (409, "state.illegal_transition")


async def test_an_approved_application_is_contracted_with_the_pledge_the_bank_filed(
    api: Api, database: SavepointDatabase
) -> None:
    """§9.2: approved, then contracted; the pledge may be for less, and cannot be withdrawn from."""
    path, asset = await approved(api, database)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    contracted = await api.made("bank_a", f"{path}/contract", {"pledge_id": pledge["id"]})
    assert (contracted["status"], contracted["pledge_id"]) == ("contracted", pledge["id"])
    assert told(await api.post("sme", f"{path}/withdrawal", None)) == (409, "state.illegal_transition")


async def test_a_pledge_serves_one_application(api: Api, database: SavepointDatabase) -> None:
    first, asset = await approved(api, database)
    second, _ = await approved(api, database)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    await api.made("bank_a", f"{first}/contract", {"pledge_id": pledge["id"]})
    refused = await api.post("bank_a", f"{second}/contract", {"pledge_id": pledge["id"]})
    assert told(refused) == (409, "application.pledge_taken")
    assert (await api.get("bank_a", second)).json()["status"] == "approved"


async def test_only_a_standing_pledge_of_that_bank_borrower_and_amount_is_contracted(
    api: Api, database: SavepointDatabase
) -> None:
    """What the bank approved is what it lends at most; a refused pledge secures nothing."""
    path, asset = await approved(api, database, "400000.00")
    elsewhere = await owned(api, database)
    others = await owned(api, database, "sme_b")
    refused_one = await owned(api, database)
    mine = party_id(api, "sme")
    too_much = await api.made("bank_a", "/v1/pledges", filing(mine, [asset]))
    of_bank_b = await api.made("bank_b", "/v1/pledges", filing(mine, [elsewhere]))
    of_sme_b = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme_b"), [others]))
    over = await api.made("bank_a", "/v1/pledges", filing(mine, [refused_one], principal=yuan("100000.00")))
    refusal = {"reason": "示例", "refused_on": str(now().today)}
    await api.made("bank_a", f"/v1/pledges/{over['id']}/refusals", refusal)
    expected = {
        too_much["id"]: (409, "application.principal_exceeds_approved"),
        of_bank_b["id"]: (409, "application.pledge_mismatch"),
        of_sme_b["id"]: (409, "application.pledge_mismatch"),
        over["id"]: (409, "application.pledge_mismatch"),
        NOBODY: (409, "application.pledge_mismatch"),
    }
    told_of = {
        pledge_id: told(await api.post("bank_a", f"{path}/contract", {"pledge_id": pledge_id}))
        for pledge_id in expected
    }
    assert told_of == expected
    assert (await api.get("bank_a", path)).json()["status"] == "approved"


async def test_each_side_does_its_own_part_only(api: Api, database: SavepointDatabase) -> None:
    """RB-01, RB-03: no other bank sees it, the applicant does not decide, the bank does not withdraw."""
    path, _ = await applied(api, database)
    assert told(await api.post("bank_b", f"{path}/review", None)) == (404, "application.not_found")
    assert told(await api.post("sme", f"{path}/review", None)) == (403, "auth.denied")
    assert told(await api.post("bank_a", f"{path}/withdrawal", None)) == (403, "auth.denied")
    assert told(await api.post("sme_b", f"{path}/withdrawal", None)) == (404, "application.not_found")
    assert (await api.made("sme", f"{path}/withdrawal", None))["status"] == "withdrawn"


SEEN = {"sme": 200, "bank_a": 200, "bank_b": 404, "sme_b": 404, "operator": 200, "insurer": 404}


@pytest.mark.parametrize("role", SEEN)
async def test_an_application_is_between_applicant_bank_and_district(
    api: Api, database: SavepointDatabase, role: str
) -> None:
    """SEC-12: other banks do not learn that an enterprise looks for money."""
    path, asset = await applied(api, database)
    assert (await api.get(role, path)).status_code == SEEN[role]
    listed = (await api.get(role, PATH, status="applied", asset_id=asset)).json()["items"]
    assert len(listed) == (SEEN[role] == 200)


FAULTS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "in another's name": ({"borrower_id": NOBODY}, (403, "application.borrower_foreign")),
    "to nobody": ({"bank_id": NOBODY}, (422, "application.bank_unknown")),
    "for nothing": ({"amount": yuan("0.00")}, MALFORMED),
    "in another currency": ({"amount": yuan("1.00", "USD")}, (422, "application.currency_unsupported")),
    "for ever": ({"term_months": 361}, MALFORMED),
    "without a right": ({"asset_ids": []}, (422, "application.assets_missing")),
    "with a right that there is not": ({"asset_ids": [NOBODY]}, (404, "asset.not_found")),
    "with a right twice": ({"asset_ids": [NOBODY, NOBODY]}, (422, "application.asset_twice")),
}


@pytest.mark.parametrize(("changes", "expected"), FAULTS.values(), ids=FAULTS.keys())
async def test_an_application_that_makes_no_sense_is_refused(
    api: Api, database: SavepointDatabase, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    asset = await owned(api, database)
    assert told(await api.post("sme", PATH, application(api, asset, **changes))) == expected
    assert await kinds(api, "bank_a") == []


async def test_an_organisation_that_is_no_bank_gets_no_application(
    api: Api, database: SavepointDatabase
) -> None:
    asset = await owned(api, database)
    body = application(api, asset, bank_id=organisation_id(api, "guarantor"))
    assert told(await api.post("sme", PATH, body)) == (422, "application.bank_unknown")
