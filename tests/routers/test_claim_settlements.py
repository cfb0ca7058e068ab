"""Claims whose pool is short, and payouts that are demanded back: by the rule of the scheme, and to the fen."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.domain.permission import Permission, Role
from app.errors import database_fault
from app.models.fact import Fact
from tests.factories.assets import make_asset
from tests.factories.claims import (
    TODAY,
    balance,
    capacity,
    claiming,
    classification,
    document,
    make_claim,
    make_cover,
    make_loan,
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


async def two_claims(
    api: Api, database: SavepointDatabase, paid_in: str, **terms: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A pool of so much with two public claims of 200,000.00 each, the first published first."""
    pool, pledge = await make_cover(api, database, paid_in=paid_in, **terms)
    async with database.write() as unit:
        owner = api.samples["sme"].organisation.party_id
        right = (await make_asset(unit.session, owners=[owner])).id
    other = await make_loan(api, pool, right)
    made = [await make_claim(api, one) for one in (pledge, other)]
    return pool, [await publicise(api, one) for one in made]


async def payable(api: Api, claim: dict[str, Any]) -> tuple[str, bool]:
    found = (await api.get("bank_a", f"/v1/claims/{claim['id']}/settlement")).json()
    return found["payable"]["amount"], found["queued"]


async def test_short_money_is_shared_by_what_is_due(api: Api, database: SavepointDatabase) -> None:
    """POL-16, RP-10: two claims and one and a half in the pool: three quarters each, whoever is paid first."""
    pool, (first, second) = await two_claims(api, database, "300000.00", shortage="pro_rata")
    assert (await capacity(api, pool))[0] == "0.00"
    assert {await payable(api, one) for one in (first, second)} == {("150000.00", False)}
    for claim in (second, first):
        paid = await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
        assert (paid["paid"]["amount"], paid["shortfall_reason"]) == ("150000.00", "balance")
    assert await balance(api, pool, "compensation") == ("300000.00", "0.00")


async def test_in_a_queue_each_is_paid_in_full_and_in_its_turn(api: Api, database: SavepointDatabase) -> None:
    """POL-16, RP-10: who came second waits for the first, and then for the money."""
    pool, (first, second) = await two_claims(api, database, "150000.00", shortage="queue")
    more = {"source": "city", "amount": money("150000.00"), "occurred_on": str(TODAY)}
    refused = [await step(api, "treasury", one, "payment") for one in (second, first)]
    assert {told(answer) for answer in refused} == {(409, "claim.queued")}
    assert refused[1].json()["violations"][0]["facts"] == {
        "entitled": "200000.00",
        "available": "150000.00",
    }
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", more)
    assert [await payable(api, one) for one in (first, second)] == [
        ("200000.00", False),
        ("100000.00", True),
    ]
    assert told(await step(api, "treasury", second, "payment")) == (409, "claim.queued")
    await api.made("treasury", f"/v1/claims/{first['id']}/payment", {})
    assert told(await step(api, "treasury", second, "payment")) == (409, "claim.queued")
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", more)
    paid = await api.made("treasury", f"/v1/claims/{second['id']}/payment", {})
    assert (paid["paid"]["amount"], paid["shortfall_reason"]) == ("200000.00", None)


@pytest.mark.parametrize(("shortage", "left"), [("pro_rata", "100000.00"), ("queue", "100000.00")])
async def test_what_an_objection_gives_back_goes_to_those_who_wait_first(
    api: Api, database: SavepointDatabase, *, shortage: str, left: str
) -> None:
    """POL-16, RP-05: the other public claim has its share set aside in full; only the rest is free."""
    pool, (first, second) = await two_claims(api, database, "300000.00", shortage=shortage)
    await api.made("ip_office", f"/v1/claims/{first['id']}/objection", {"reason": "有异议"})
    assert (await capacity(api, pool))[0] == left
    assert await payable(api, second) == ("200000.00", False)
    for office in ("finance_office", "ip_office"):
        await api.made(office, f"/v1/claims/{first['id']}/approval", {"decision": "approved"})
    assert (await capacity(api, pool))[0] == "0.00"
    await api.made("treasury", f"/v1/claims/{second['id']}/payment", {})
    paid_out = {"pro_rata": "150000.00", "queue": "200000.00"}[shortage]
    assert await balance(api, pool, "compensation") == (paid_out, "0.00")


async def test_three_claims_share_to_the_fen_in_whatever_order_they_are_paid(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-16, RP-11: 200,000.00 for three of 200,000.00 each; nothing is lost and nothing made."""
    owner = api.samples["sme"].organisation.party_id
    pool, first = await make_cover(api, database, paid_in="200000.00", shortage="pro_rata")
    pledges = [first]
    for _ in range(2):
        async with database.write() as unit:
            right = (await make_asset(unit.session, owners=[owner])).id
        pledges.append(await make_loan(api, pool, right))
    made = [await publicise(api, await make_claim(api, one)) for one in pledges]
    assert sorted([(await payable(api, one))[0] for one in made]) == [
        "66666.66",
        "66666.67",
        "66666.67",
    ]
    for place in (1, 2, 0):
        await api.made("treasury", f"/v1/claims/{made[place]['id']}/payment", {})
    assert await balance(api, pool, "compensation") == ("200000.00", "0.00")
    assert await balance(api, pool, "cash") == ("200000.00", "200000.00")


async def test_the_caps_of_a_year_begin_anew_on_its_first_day(api: Api, database: SavepointDatabase) -> None:
    """RP-10: the bank's and the pool's, by the day of payment: 31 December counts, 1 January is another year."""
    _, (first, second) = await two_claims(
        api, database, "1000000.00", bank_year_cap_bp=3_000, pool_year_cap=money("350000.00")
    )
    last = date(TODAY.year, 12, 31)
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(last)})
    await api.made("treasury", f"/v1/claims/{first['id']}/payment", {})
    assert await payable(api, second) == ("100000.00", False)
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(last + timedelta(days=1))})
    assert await payable(api, second) == ("200000.00", False)
    paid = await api.made("treasury", f"/v1/claims/{second['id']}/payment", {})
    assert (paid["paid"]["amount"], paid["shortfall_reason"]) == ("200000.00", None)


async def test_who_became_public_first_is_first_though_submitted_last(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-10: of one day the approvals decide; nobody overtakes a claim that has its money set aside."""
    owner = api.samples["sme"].organisation.party_id
    pool, pledge = await make_cover(api, database, paid_in="200000.00", shortage="queue")
    async with database.write() as unit:
        right = (await make_asset(unit.session, owners=[owner])).id
    other = await make_loan(api, pool, right)
    early, late = [await make_claim(api, one) for one in (pledge, other)]
    for one in (late, early):
        await publicise(api, one)
    assert await payable(api, late) == ("200000.00", False)
    assert told(await step(api, "treasury", early, "payment")) == (409, "claim.queued")
    await api.made("treasury", f"/v1/claims/{late['id']}/payment", {})


CAPPED: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "enterprise": ({"enterprise_cap": money("250000.00")}, ["200000.00", "50000.00"], "enterprise_cap"),
    "bank and year": ({"bank_year_cap_bp": 3_000}, ["200000.00", "100000.00"], "bank_year_cap"),
    "pool and year": ({"pool_year_cap": money("250000.01")}, ["200000.00", "50000.01"], "pool_year_cap"),
    "all paid in": (
        {"liability_limit": "total", "paid_in": "350000.00"},
        ["200000.00", "150000.00"],
        "liability",
    ),
}


@pytest.mark.parametrize(("terms", "paid", "reason"), CAPPED.values(), ids=CAPPED.keys())
async def test_a_cap_over_several_claims_is_used_up_in_their_order(
    api: Api, database: SavepointDatabase, *, terms: dict[str, Any], paid: list[str], reason: str
) -> None:
    """RP-10: what the first was paid counts, paid or still public."""
    _, claims = await two_claims(api, database, terms.pop("paid_in", "1000000.00"), **terms)
    assert [(await payable(api, one))[0] for one in claims] == paid
    shown = [await api.made("treasury", f"/v1/claims/{one['id']}/payment", {}) for one in claims]
    assert [one["paid"]["amount"] for one in shown] == paid
    assert [one["shortfall_reason"] for one in shown] == [None, reason]


async def test_a_dry_run_tells_what_would_be_paid_and_keeps_nothing(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-27: before a claim is made, and again before it is paid; then there is nothing to preview."""
    _, pledge = await make_cover(api, database, paid_in="150000.00")
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification())
    assert await subjects(api, "bank_a", "claim_possible") == [pledge["id"]]
    answer = await api.http.post(
        "/v1/claims?dry_run=true", json=claiming(pledge), headers=api.headers("bank_a")
    )
    previewed = answer.json()["settlement"]
    assert (previewed["payable"]["amount"], previewed["shortfall_reason"]) == ("150000.00", "balance")
    assert (await api.get("bank_a", "/v1/claims")).json()["items"] == []
    claim = await api.made("bank_a", "/v1/claims", claiming(pledge))
    assert claim["settlement"] == previewed
    paid = await pay(api, claim)
    assert {party: one["amount"] for party, one in previewed["borne"].items()} == parts(paid, "borne")
    gone = await api.get("bank_a", f"/v1/claims/{claim['id']}/settlement")
    assert told(gone) == (409, "claim.settled")


async def test_what_the_measures_do_not_ask_for_is_refused_with_the_claim(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-02, RP-07, RP-14: interest comes with its days, proceeds in net schemes only; cover is beyond doubt."""
    _, pledge = await make_cover(api, database)
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification())
    await run(database, "UPDATE commitments SET status = 'anomaly'")
    body = claiming(pledge, interest=money("10.00"), realised=money("10.00"))
    refused = await api.post("bank_a", "/v1/claims", body)
    assert [one["code"] for one in refused.json()["violations"]] == [
        "claim.cover_in_doubt",
        "claim.interest_days",
        "claim.realised_ahead",
    ]


async def test_costs_interest_and_lateness_of_a_recovery_follow_the_scheme(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-14, RP-15: costs stay with the bank, its documented interest follows principal, and once only."""
    _, pledge = await make_cover(
        api, database, recovery_cost_first=False, recovery_order="pool_first", remit_days=5
    )
    claim = await pay(api, await make_claim(api, pledge))
    path = f"/v1/claims/{claim['id']}/recoveries"
    some = {"source": "debtor", "gross": money("210000.00"), "occurred_on": str(TODAY)}
    shown = await api.made("bank_a", path, some | {"cost": money("1000.00")})
    assert parts(shown, "recovered")["pool"] == "200000.00"
    assert (shown["recoveries"][0]["cost"]["amount"], shown["recoveries"][0]["late_days"]) == ("0.00", 0)
    rest = some | {"gross": money("390000.00"), "interest": money("40000.00")}
    assert told(await step(api, "bank_a", claim, "recoveries", rest)) == (
        422,
        "recovery.interest_undocumented",
    )
    proven = rest | {"document_id": await document(api, "bank_a")}
    last = (await api.made("bank_a", path, proven))["recoveries"][1]
    assert (last["interest"]["amount"], last["surplus"]["amount"]) == ("40000.00", "60000.00")
    shares = []
    for documented in ("40000.00", "40000.01"):
        again = proven | {"gross": money("1.00"), "interest": money(documented)}
        got = (await api.made("bank_a", path, again))["recoveries"][-1]
        shares.append((got["interest"]["amount"], got["surplus"]["amount"]))
    assert shares == [("0.00", "1.00"), ("0.01", "0.99")]


async def test_the_pools_part_that_comes_late_is_flagged(api: Api, database: SavepointDatabase) -> None:
    """RP-15: by how many days, to the bank and the pool's manager."""
    _, pledge = await make_cover(api, database, remit_days=0)
    claim = await pay(api, await make_claim(api, pledge))
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=3))})
    some = {"source": "debtor", "gross": money("10.00"), "occurred_on": str(TODAY)}
    (made,) = (await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", some))["recoveries"]
    assert (made["remit_by"], made["late_days"]) == (str(TODAY), 3)
    for role in ("bank_a", "pool_manager"):
        assert await subjects(api, role, "remittance_late") == [claim["id"]]


async def test_a_payout_is_demanded_back_and_the_pool_is_whole_again(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-17, UNI-17: the finance office demands what recoveries have not brought; its receipt closes the claim."""
    pool, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    some = {"source": "debtor", "gross": money("100000.00"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", some)
    order = {
        "ground": "false_documents",
        "reason": "示例：合同虚假",
        "document_id": await document(api, "finance_office"),
        "due_on": str(TODAY + timedelta(days=30)),
        "excludes_bank": True,
    }
    for role in ("bank_a", "treasury", "pool_manager"):
        assert told(await step(api, role, claim, "clawback", order)) == (403, "auth.denied")
    early = order | {"due_on": str(TODAY - timedelta(days=1))}
    assert told(await step(api, "finance_office", claim, "clawback", early))[1] == "request.date_too_early"
    demanded = await api.made("finance_office", f"/v1/claims/{claim['id']}/clawback", order)
    assert (demanded["status"], demanded["clawback"]["amount"]["amount"]) == ("clawback", "160000.00")
    assert await subjects(api, "bank_a", "clawback_demanded") == [claim["id"]]
    again = await step(api, "finance_office", claim, "clawback", order)
    assert told(again) == (409, "state.illegal_transition")
    assert told(await step(api, "bank_a", claim, "recoveries", some)) == (409, "state.illegal_transition")
    receipt = {"received_on": str(TODAY)}
    assert told(await step(api, "bank_a", claim, "clawback/receipt", receipt)) == (403, "auth.denied")
    owing = api.actor("bank_a")
    token = api.tokens.issue(
        replace(owing, roles=owing.roles | {Role.treasury}), [Permission.ledger_post, Permission.claim_read]
    )
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    own = await api.http.post(f"/v1/claims/{claim['id']}/clawback/receipt", json=receipt, headers=headers)
    assert told(own) == (403, "claim.own_claim")
    closed = await api.made("treasury", f"/v1/claims/{claim['id']}/clawback/receipt", receipt)
    assert (closed["status"], closed["clawback"]["received_on"]) == ("closed", str(TODAY))
    assert await balance(api, pool, "compensation") == ("200000.00", "160000.00")
    assert (await capacity(api, pool))[0] == "1000000.00"
    async with database.read() as unit:
        counted = await unit.session.scalars(select(Fact.value).where(Fact.measure == "claim_payout_amount"))
        assert sorted(counted) == [-16_000_000, 20_000_000]


async def test_what_the_pool_has_back_is_not_demanded(api: Api, database: SavepointDatabase) -> None:
    """RP-17: a pool that is whole asks for nothing."""
    _, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    all_of_it = {"source": "debtor", "gross": money("500000.00"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", all_of_it)
    order = {
        "ground": "double_financing",
        "reason": "示例",
        "document_id": await document(api, "finance_office"),
        "due_on": str(TODAY),
    }
    refused = await step(api, "finance_office", claim, "clawback", order)
    assert told(refused) == (409, "claim.nothing_to_repay")


ORDERED = (
    "INSERT INTO clawbacks (id, district_code, claim_id, pool_id, ground, reason, document_id, amount_fen,"
    " excludes_bank, ordered_on, due_on, event_id, recorded_at) SELECT gen_random_uuid(), district_code, id,"
    " pool_id, 'bank_violation', 'x', '{document}', {amount}, false, paid_on, paid_on, event_id, recorded_at"
    " FROM claims"
)


async def run(database: SavepointDatabase, *statements: str) -> None:
    """Several statements in one transaction."""
    async with database.write() as unit:
        for statement in statements:
            await unit.session.execute(text(statement))


async def broken(database: SavepointDatabase, *statements: str) -> str | None:
    """The constraint that the statements break, at once or when the transaction ends."""
    with pytest.raises(DBAPIError) as raised:
        await run(database, *statements)
    return database_fault(raised.value)[1]


async def test_the_database_demands_back_what_the_pool_lacks_and_by_order_only(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-17: no clawback without its order and amount, no closing without its receipt."""
    _, pledge = await make_cover(api, database)
    await pay(api, await make_claim(api, pledge))
    proof = uuid.UUID(await document(api, "finance_office"))
    order = ORDERED.format(document=proof, amount=20_000_000)
    demand, close = (f"UPDATE claims SET status = '{status}'" for status in ("clawback", "closed"))
    assert await broken(database, demand) == "ck_clawbacks_backed"
    assert await broken(database, order) == "ck_clawbacks_backed"
    more = ORDERED.format(document=proof, amount=20_000_001)
    assert await broken(database, more, demand) == "ck_clawbacks_backed"
    assert await broken(database, close) == "ck_claims_paid_for_good"
    await run(database, order, demand)
    assert await broken(database, close) == "ck_clawbacks_backed"
    received = (
        "UPDATE clawbacks b SET received_on = b.due_on, transfer_id = c.transfer_id FROM claims c"
        " WHERE c.id = b.claim_id"
    )
    assert await broken(database, received, close) == "ck_clawbacks_backed"


async def test_the_database_keeps_a_public_claim_and_its_money_together(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-05: what is set aside is neither dropped nor swapped while the claim is public."""
    _, pledge = await make_cover(api, database)
    await publicise(api, await make_claim(api, pledge))
    assert await broken(database, "UPDATE claims SET transfer_id = NULL") == "ck_claims_set_aside"
    swapped = "UPDATE claims SET transfer_id = c.transfer_id FROM commitments c"
    assert await broken(database, swapped) == "ck_claims_set_aside"
