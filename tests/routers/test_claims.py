"""`/v1/claims` over HTTP: assembled from the record, reviewed by four hands, paid once."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.domain.asset import AssetStatus
from app.domain.permission import Permission, Role
from app.models.claim import Claim
from app.models.fact import Fact
from app.services import assets, commitments
from tests.factories.claims import (
    APPROVED,
    TODAY,
    balance,
    capacity,
    claiming,
    classification,
    document,
    make_claim,
    make_cover,
    money,
    parts,
    pay,
    publicise,
    step,
    subjects,
)
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def test_a_claim_goes_from_default_to_payout(api: Api, database: SavepointDatabase) -> None:
    """RP-07, RP-10, RP-18, UNI-10: the bank names the default; loss, shares and payout follow from the record."""
    pool, pledge = await make_cover(api, database, pledge={"ip_share_bp": 6_000}, publicity_days=5)
    claim = await make_claim(api, pledge, "400000.00")
    assert (claim["status"], claim["principal"]["amount"], claim["loss"]["amount"]) == (
        "submitted",
        "400000.00",
        "240000.00",
    )
    assert parts(claim, "due") == {
        "bank": "72000.00",
        "guarantor": "48000.00",
        "insurer": "24000.00",
        "pool": "96000.00",
    }
    assert set(parts(claim, "borne").values()) == {"0.00"}
    assert await subjects(api, "pool_manager", "claim_to_check") == [claim["id"]]
    assert await capacity(api, pool) == ("1000000.00", "240000.00")

    public = await publicise(api, claim)
    assert (public["status"], public["publicised_on"]) == ("publicised", str(TODAY))
    assert await capacity(api, pool) == ("904000.00", "240000.00")
    assert await subjects(api, "treasury", "claim_to_release") == [claim["id"]]
    for day in (TODAY, TODAY + timedelta(days=5)):
        await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(day)})
        early = await step(api, "treasury", claim, "payment")
        assert told(early) == (409, "claim.publicity_running")
    assert public["payable_from"] == str(TODAY + timedelta(days=6))
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": public["payable_from"]})
    paid = await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    assert (paid["status"], paid["paid"]["amount"], paid["shortfall_reason"]) == ("paid", "96000.00", None)
    assert parts(paid, "borne") == parts(claim, "due")
    assert await balance(api, pool, "compensation") == ("96000.00", "0.00")
    assert await capacity(api, pool) == ("904000.00", "0.00")
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()["covered"] is None
    assert await subjects(api, "bank_a", "claim_decided") == [claim["id"]] * 2
    async with database.read() as unit:
        counted = (
            await unit.session.scalars(select(Fact).where(Fact.measure == "claim_payout_amount"))
        ).all()
    assert [(fact.value, fact.district_code) for fact in counted] == [(9_600_000, "120110")]
    assert told(await step(api, "treasury", claim, "payment")) == (409, "state.illegal_transition")


async def test_everything_that_speaks_against_a_claim_comes_at_once(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-02, RP-04, RP-08: one answer with every ground and where it is."""
    _, pledge = await make_cover(api, database, claim_window_days=10)
    path = f"/v1/pledges/{pledge['id']}"
    await api.made(
        "bank_a", f"{path}/classifications", classification(overdue_days=59, loan_class="attention")
    )
    body = claiming(pledge, default_on=str(TODAY - timedelta(days=11)))
    refused = await api.post("bank_a", "/v1/claims", body)
    assert [(one["code"], one["pointer"]) for one in refused.json()["violations"]] == [
        ("claim.enrolled_late", "/default_on"),
        ("claim.window_closed", "/default_on"),
        ("claim.trigger_not_met", "/trigger"),
    ]
    tomorrow = claiming(pledge, default_on=str(TODAY + timedelta(days=1)), trigger="bankruptcy")
    refused = await api.post("bank_a", "/v1/claims", tomorrow)
    assert [one["code"] for one in refused.json()["violations"]] == [
        "request.date_in_future",
        "claim.proof_missing",
    ]
    assert (await api.get("bank_a", "/v1/claims")).json()["items"] == []


TRIGGERS = {
    "overdue long enough": ("overdue", "attention", 60, 201),
    "not overdue long enough": ("overdue", "loss", 59, 409),
    "substandard": ("downgraded", "substandard", 0, 201),
    "attention only": ("downgraded", "attention", 60, 409),
}


@pytest.mark.parametrize(("trigger", "loan_class", "days", "status"), TRIGGERS.values(), ids=TRIGGERS.keys())
async def test_a_claim_needs_its_trigger(
    api: Api, database: SavepointDatabase, *, trigger: str, loan_class: str, days: int, status: int
) -> None:
    """RP-08: overdue as long as the scheme says, or classed 次级 or worse, at the default."""
    _, pledge = await make_cover(api, database)
    path = f"/v1/pledges/{pledge['id']}/classifications"
    await api.made("bank_a", path, classification(loan_class=loan_class, overdue_days=days))
    answer = await api.post("bank_a", "/v1/claims", claiming(pledge, trigger=trigger))
    assert answer.status_code == status, answer.text


async def test_a_bankruptcy_is_claimed_with_its_proof_though_the_loan_was_never_classified(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-08, RP-09: what a document proves needs no days overdue."""
    _, pledge = await make_cover(api, database)
    proof = await document(api, "bank_a")
    body = claiming(pledge, trigger="bankruptcy", document_id=proof)
    claim = await api.made("bank_a", "/v1/claims", body)
    assert (claim["principal"]["amount"], claim["document_id"]) == ("500000.00", proof)


async def test_the_last_day_of_the_window_is_in_it(api: Api, database: SavepointDatabase) -> None:
    """RP-08: a default of today can be claimed on the last day, and not on the day after."""
    _, pledge = await make_cover(api, database, claim_window_days=10)
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification())
    statuses = []
    for days in (10, 11):
        await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=days))})
        answer = await api.http.post(
            "/v1/claims?dry_run=true", json=claiming(pledge), headers=api.headers("bank_a")
        )
        statuses.append((answer.status_code, answer.json().get("code")))
    assert statuses == [(200, None), (409, "claim.window_closed")]


async def test_what_was_repaid_since_the_default_is_no_loss(api: Api, database: SavepointDatabase) -> None:
    """RP-07: the loss is what is outstanding when it is claimed."""
    _, pledge = await make_cover(api, database)
    path = f"/v1/pledges/{pledge['id']}/classifications"
    await api.made("bank_a", path, classification("500000.00"))
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=3))})
    later = classification("350000.00", occurred_on=TODAY + timedelta(days=2))
    await api.made("bank_a", path, later)
    claim = await api.made("bank_a", "/v1/claims", claiming(pledge))
    assert claim["principal"]["amount"] == "350000.00"
    await api.made(
        "pool_manager", f"/v1/claims/{claim['id']}/check", {"decision": "rejected", "reason": "示例"}
    )
    await api.made("bank_a", path, later | {"outstanding": money("0.00")})
    assert told(await api.post("bank_a", "/v1/claims", claiming(pledge))) == (409, "claim.no_loss")


async def test_only_a_covered_registered_pledge_is_claimed_and_by_its_own_bank(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-02, RB-01: without a commitment there is no claim; another bank does not find the pledge."""
    _, pledge = await make_cover(api, database)
    path = f"/v1/pledges/{pledge['id']}"
    await api.made("bank_a", f"{path}/classifications", classification())
    assert told(await api.post("bank_b", "/v1/claims", claiming(pledge))) == (404, "pledge.not_found")
    ending = {"reason": "debt_paid", "deregistered_on": str(TODAY)}
    await api.made("bank_a", f"{path}/deregistrations", ending)
    assert told(await api.post("bank_a", "/v1/claims", claiming(pledge))) == (409, "claim.not_covered")


async def test_a_pledge_under_an_open_claim_stays(api: Api, database: SavepointDatabase) -> None:
    """RP-04: it is deregistered once the claim on it is rejected, not before; the refusal names the claim."""
    pool, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    path = f"/v1/pledges/{pledge['id']}/deregistrations"
    ending = {"reason": "realised", "deregistered_on": str(TODAY)}
    refused = await api.post("bank_a", path, ending)
    assert told(refused) == (409, "pledge.claimed")
    assert refused.json()["violations"][0]["facts"] == {"claim": claim["number"]}
    await publicise(api, claim)
    assert told(await api.post("bank_a", path, ending)) == (409, "pledge.claimed")
    await api.made("ip_office", f"/v1/claims/{claim['id']}/objection", {"reason": "质押将注销"})
    rejected = {"decision": "rejected", "reason": "质押将注销"}
    await api.made("ip_office", f"/v1/claims/{claim['id']}/approval", rejected)
    await api.made("bank_a", path, ending)
    assert await capacity(api, pool) == ("1000000.00", "0.00")


async def test_cover_that_ends_under_way_is_not_paid(api: Api, database: SavepointDatabase) -> None:
    """RP-02: whatever ended the commitment, its claim is neither made public nor paid."""
    pool, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    await publicise(api, claim)
    async with database.write() as unit:
        await commitments.release(
            unit.session,
            moment=unit.moment,
            pledge_id=uuid.UUID(pledge["id"]),
            event_id=(await unit.session.scalars(select(Claim.event_id))).one(),
            released_on=TODAY,
        )
    assert told(await step(api, "treasury", claim, "payment")) == (409, "claim.not_covered")
    await api.made("ip_office", f"/v1/claims/{claim['id']}/objection", {"reason": "承诺已终止"})
    assert await capacity(api, pool) == ("1000000.00", "0.00")
    await api.made("ip_office", f"/v1/claims/{claim['id']}/approval", APPROVED)
    last = await step(api, "finance_office", claim, "approval", APPROVED)
    assert told(last) == (409, "claim.not_covered")


async def reject(api: Api, claim: dict[str, Any]) -> None:
    body = {"decision": "rejected", "reason": "示例"}
    await api.made("pool_manager", f"/v1/claims/{claim['id']}/check", body)


async def test_what_was_repaid_since_the_claim_is_not_paid(api: Api, database: SavepointDatabase) -> None:
    """RP-07: neither made public nor paid; its rejection is no appeal, and the claim on what is left is paid."""
    pool, pledge = await make_cover(api, database)
    path = f"/v1/pledges/{pledge['id']}/classifications"
    claim = await make_claim(api, pledge)
    await publicise(api, claim)
    await api.made("bank_a", path, classification("499999.99"))
    assert told(await step(api, "treasury", claim, "payment")) == (409, "claim.repaid_since")
    await api.made("ip_office", f"/v1/claims/{claim['id']}/objection", {"reason": "部分清偿"})
    await api.made("ip_office", f"/v1/claims/{claim['id']}/approval", APPROVED)
    last = await step(api, "finance_office", claim, "approval", APPROVED)
    assert told(last) == (409, "claim.repaid_since")
    assert await capacity(api, pool) == ("1000000.00", "499999.99")
    rejected = {"decision": "rejected", "reason": "部分清偿"}
    await api.made("finance_office", f"/v1/claims/{claim['id']}/approval", rejected)

    await reject(api, await api.made("bank_a", "/v1/claims", claiming(pledge)))
    third = await api.made("bank_a", "/v1/claims", claiming(pledge))
    assert (third["default_no"], third["principal"]["amount"]) == (1, "499999.99")
    assert (await pay(api, third))["status"] == "paid"


async def test_another_day_is_no_other_default(api: Api, database: SavepointDatabase) -> None:
    """RP-12: rejections count until the loan has performed again, whatever day the bank names."""
    _, pledge = await make_cover(api, database)
    path = f"/v1/pledges/{pledge['id']}/classifications"

    async def on(day: date, **changes: Any) -> None:
        await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(day)})
        await api.made("bank_a", path, classification(occurred_on=day, **changes))

    await reject(api, await make_claim(api, pledge))
    days = [TODAY + timedelta(days=after) for after in range(1, 4)]
    await on(days[0], loan_class="attention", overdue_days=61)
    second = await api.made("bank_a", "/v1/claims", claiming(pledge, default_on=str(days[0])))
    assert second["default_no"] == 1
    await reject(api, second)
    again = claiming(pledge, default_on=str(days[0]))
    assert told(await api.post("bank_a", "/v1/claims", again)) == (409, "claim.appeal_spent")
    await on(days[1], loan_class="normal", overdue_days=0)
    await on(days[2])
    assert told(await api.post("bank_a", "/v1/claims", again)) == (409, "claim.appeal_spent")
    new = await api.made("bank_a", "/v1/claims", claiming(pledge, default_on=str(days[2])))
    assert new["default_no"] == 2


async def test_a_default_is_claimed_once_and_appealed_once(api: Api, database: SavepointDatabase) -> None:
    """RP-12, §9.2: a rejected claim may be made again, once; a live or paid one not at all."""
    _, pledge = await make_cover(api, database)
    rejected = {"decision": "rejected", "reason": "材料不实"}
    claim = await make_claim(api, pledge)
    assert told(await api.post("bank_a", "/v1/claims", claiming(pledge))) == (409, "claim.already_claimed")
    assert told(await step(api, "pool_manager", claim, "check", {"decision": "rejected"})) == (
        422,
        "claim.reason_missing",
    )
    shown = await api.made("pool_manager", f"/v1/claims/{claim['id']}/check", rejected)
    assert (shown["status"], shown["reason"]) == ("rejected", "材料不实")
    appeal = await api.made("bank_a", "/v1/claims", claiming(pledge))
    assert (appeal["default_no"], appeal["status"]) == (1, "submitted")
    await api.made("pool_manager", f"/v1/claims/{appeal['id']}/check", APPROVED)
    shown = await api.made("ip_office", f"/v1/claims/{appeal['id']}/approval", rejected)
    assert shown["status"] == "rejected"
    assert told(await step(api, "finance_office", appeal, "approval", APPROVED))[0] == 409
    assert told(await api.post("bank_a", "/v1/claims", claiming(pledge))) == (409, "claim.appeal_spent")


async def test_a_paid_default_is_not_claimed_again(api: Api, database: SavepointDatabase) -> None:
    """RP-12: its cover has ended with the payout."""
    _, pledge = await make_cover(api, database)
    await pay(api, await make_claim(api, pledge))
    assert told(await api.post("bank_a", "/v1/claims", claiming(pledge))) == (409, "claim.already_claimed")


async def test_a_supplement_begins_another_round(api: Api, database: SavepointDatabase) -> None:
    """§9.2: the manager asks, the bank adds, the same hands check again."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    ask = {"decision": "supplement", "reason": "请补充催收记录"}
    asked = await api.made("pool_manager", f"/v1/claims/{claim['id']}/check", ask)
    assert (asked["status"], asked["reason"]) == ("supplement", "请补充催收记录")
    added = {"note": "催收记录两份", "document_id": await document(api, "bank_a")}
    assert told(await step(api, "pool_manager", claim, "supplement", added)) == (403, "auth.denied")
    again = await api.made("bank_a", f"/v1/claims/{claim['id']}/supplement", added)
    assert (again["status"], again["round"]) == ("submitted", 2)
    assert (await pay(api, claim))["status"] == "paid"


async def test_an_objection_gives_the_money_back_and_asks_the_offices_anew(
    api: Api, database: SavepointDatabase
) -> None:
    """§9.2: published, objected, back to review; the second approval is a new one and pays once."""
    pool, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    assert told(await step(api, "ip_office", claim, "objection", {"reason": "示例"})) == (
        409,
        "state.illegal_transition",
    )
    await publicise(api, claim)
    objected = await api.made("finance_office", f"/v1/claims/{claim['id']}/objection", {"reason": "有异议"})
    assert (objected["status"], objected["round"], objected["publicised_on"]) == ("review", 2, None)
    assert await capacity(api, pool) == ("1000000.00", "500000.00")
    assert told(await step(api, "treasury", claim, "payment")) == (409, "state.illegal_transition")
    for office in ("finance_office", "ip_office"):
        await api.made(office, f"/v1/claims/{claim['id']}/approval", APPROVED)
    paid = await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    assert paid["paid"]["amount"] == "200000.00"
    assert await balance(api, pool, "compensation") == ("200000.00", "0.00")


async def as_both(api: Api, role: str, claim: dict[str, Any], *extra: Role) -> httpx.Response:
    """An approval by the client of `role` whose organisation held further roles."""
    actor = api.actor(role)
    held = replace(actor, roles=actor.roles | set(extra))
    token = api.tokens.issue(held, [Permission.claim_approve, Permission.claim_release])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    name = "payment" if Role.treasury in extra else "approval"
    return await api.http.post(f"/v1/claims/{claim['id']}/{name}", json=APPROVED, headers=headers)


async def test_a_payout_passes_four_different_hands(api: Api, database: SavepointDatabase) -> None:
    """RB-02, SEC-04, POL-21: a client with every role still takes one step only, and the claimant none."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    assert told(await step(api, "ip_office", claim, "approval", APPROVED)) == (
        409,
        "state.illegal_transition",
    )
    await api.made("pool_manager", f"/v1/claims/{claim['id']}/check", APPROVED)
    own = await as_both(api, "bank_a", claim, Role.ip_office, Role.finance_office)
    assert told(own) == (403, "claim.own_claim")
    borrower = await as_both(api, "sme", claim, Role.ip_office)
    assert told(borrower)[0] in {403, 404}
    checker = await as_both(api, "pool_manager", claim, Role.ip_office)
    assert told(checker) == (409, "approval.same_person")
    first = await as_both(api, "ip_office", claim, Role.finance_office)
    assert first.json()["status"] == "review"
    second = await as_both(api, "ip_office", claim, Role.finance_office)
    assert told(second) == (409, "approval.same_person")
    assert told(await step(api, "ip_office", claim, "approval", APPROVED)) == (409, "approval.step_taken")
    await api.made("finance_office", f"/v1/claims/{claim['id']}/approval", APPROVED)
    assert told(await as_both(api, "finance_office", claim, Role.treasury)) == (409, "approval.same_person")
    assert (await step(api, "treasury", claim, "payment")).json()["status"] == "paid"
    taken = (await api.get("auditor", "/v1/approvals", subject_id=claim["id"])).json()["items"]
    assert [one["step"] for one in taken] == [
        "make",
        "formal_check",
        "ip_approval",
        "finance_approval",
        "release",
    ]
    assert len({one["client_id"] for one in taken}) == 5


SEEN = {
    # By role what reading, checking, approving, paying and recovering answer.
    "bank_a": (200, 403, 403, 403, 409),
    "bank_b": (404, 403, 403, 403, 404),
    "pool_manager": (200, 200, 403, 403, 403),
    "ip_office": (200, 403, 409, 403, 403),
    "finance_office": (200, 403, 409, 403, 403),
    "treasury": (200, 403, 403, 409, 403),
    "operator": (200, 403, 403, 403, 403),
    "auditor": (200, 403, 403, 403, 403),
    "sme": (404, 403, 403, 403, 403),
    "guarantor": (404, 403, 403, 403, 403),
    "insurer": (404, 403, 403, 403, 403),
    "agency": (404, 403, 403, 403, 403),
}


@pytest.mark.parametrize("role", SEEN)
async def test_each_role_sees_and_does_what_its_office_is(
    api: Api, database: SavepointDatabase, role: str
) -> None:
    """SEC-12, RB-01: the bank its own, the pool's manager and the offices of its district all."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    received = {"source": "debtor", "gross": money("1.00"), "occurred_on": str(TODAY)}
    answers = (
        await api.get(role, f"/v1/claims/{claim['id']}"),
        await step(api, role, claim, "check", {"decision": "supplement", "reason": "示例"}),
        await step(api, role, claim, "approval", APPROVED),
        await step(api, role, claim, "payment"),
        await step(api, role, claim, "recoveries", received),
    )
    assert tuple(answer.status_code for answer in answers) == SEEN[role]
    listed = (await api.get(role, "/v1/claims")).json()["items"]
    assert [one["id"] for one in listed] == ([claim["id"]] if SEEN[role][0] == 200 else [])
    assert (await api.get(role, f"/v1/claims/{claim['id']}/evidence")).status_code == SEEN[role][0]


async def value(api: Api, bank: str, asset_id: uuid.UUID, yuan: str) -> None:
    """The bank's own valuation of a right, signed as of today."""
    asked = {
        "asset_id": str(asset_id),
        "appraiser_id": str(api.samples[bank].organisation.id),
        "mode": "bank_internal",
    }
    made = await api.made(bank, "/v1/valuations", asked)
    signed = {"base_on": str(TODAY), "signed_on": str(TODAY), "value": money(yuan)}
    signed |= {"methods": ["income"], "signatories": ["示例评估员"]}
    await api.made(bank, f"/v1/valuations/{made['id']}/signature", signed)


async def test_the_evidence_is_as_of_the_default_and_reproducible(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-10: what happens later to the right and the loan changes neither the evidence nor its hash."""
    _, pledge = await make_cover(api, database)
    asset_id = uuid.UUID(pledge["items"][0]["asset_id"])
    for bank in ("bank_a", "bank_b"):
        await value(api, bank, asset_id, "900000.00")
    claim = await make_claim(api, pledge)
    path = f"/v1/claims/{claim['id']}/evidence"
    before = (await api.get("auditor", path)).json()
    evidence = before["evidence"]
    canonical = json.dumps(evidence, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == before["sha256"] == claim["evidence_sha256"]
    assert evidence["items"][0]["status"]["status"] == "granted"
    # Another bank's opinion of the right is none of the claimant's business.
    own = str(api.samples["bank_a"].organisation.id)
    valued = [(one["value_fen"], one["appraiser_id"]) for one in evidence["items"][0]["valuations"]]
    assert valued == [(90_000_000, own)]
    assert evidence["classifications"][0]["overdue_days"] == 95
    assert evidence["scheme"]["tiers"][0]["shares_bp"]["pool"] == 4_000

    await value(api, "bank_a", asset_id, "1.00")
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=365))})
    async with database.write() as unit:
        await assets.change_status(
            unit.session,
            actor=api.actor("ip_office"),
            moment=unit.moment,
            asset_id=asset_id,
            expect_version=lambda _: None,
            new=assets.NewStatus(
                status=AssetStatus.late_fee,
                effective_on=TODAY,
                as_of=unit.moment.today,
                source="登记簿副本",
            ),
        )
    later = classification(
        "499999.00", overdue_days=400, loan_class="loss", occurred_on=TODAY + timedelta(days=300)
    )
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", later)
    after = (await api.get("auditor", path)).json()
    assert after == before
    assert after["reproduced"] is True
