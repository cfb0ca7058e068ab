"""`/v1/claims/{id}/recoveries` over HTTP, and the money of claims: paid within limits, given back, written off."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.domain.claim_settlement import Limit, Settlement, settle
from app.domain.pool import SharingParty
from app.errors import database_fault
from app.models.fact import Fact
from app.services import claims
from tests.factories.claims import (
    TODAY,
    balance,
    capacity,
    document,
    make_claim,
    make_cover,
    money,
    parts,
    pay,
    publicise,
    step,
)
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def test_a_recovery_flows_back_until_everybody_is_whole(api: Api, database: SavepointDatabase) -> None:
    """RP-14, UNI-11, POL-17: pro rata to what was borne, the pool's part into its account, the surplus to the pledgor."""
    pool, pledge = await make_cover(api, database, principal="1000000.00")
    claim = await pay(api, await make_claim(api, pledge, "1000000.00"))
    path = f"/v1/claims/{claim['id']}/recoveries"
    received = {
        "source": "debtor",
        "gross": money("300000.01"),
        "cost": money("50000.00"),
        "occurred_on": str(TODAY),
    }
    first = await api.made("bank_a", path, received)
    assert first["status"] == "recovering"
    (recovery,) = first["recoveries"]
    assert (recovery["net"]["amount"], recovery["surplus"]["amount"]) == ("250000.01", "0.00")
    assert {share["party"]: share["amount"]["amount"] for share in recovery["shares"]} == {
        "bank": "75000.00",
        "guarantor": "50000.00",
        "insurer": "25000.00",
        "pool": "100000.01",
    }
    assert await balance(api, pool, "recovered") == ("0.00", "100000.01")
    assert (await capacity(api, pool))[0] == "700000.01"

    rest = {"source": "pledge_realisation", "gross": money("800000.00"), "occurred_on": str(TODAY)}
    whole = await api.made("bank_a", path, rest)
    assert whole["status"] == "recovered"
    assert parts(whole, "recovered") == parts(whole, "borne")
    assert whole["recoveries"][1]["surplus"]["amount"] == "50000.01"
    assert (await capacity(api, pool))[0] == "1000000.00"
    async with database.read() as unit:
        counted = await unit.session.scalars(select(Fact.value).where(Fact.measure == "recovery_amount"))
        assert sum(counted) == 40_000_000
    late = await api.made("bank_a", path, rest)
    assert (late["status"], late["recoveries"][2]["surplus"]["amount"]) == ("recovered", "800000.00")
    assert {share["amount"]["amount"] for share in late["recoveries"][2]["shares"]} == {"0.00"}
    assert (await capacity(api, pool))[0] == "1000000.00"


async def test_a_written_off_claim_still_shares_what_comes_back(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-16: the treasury writes off on a document; recoveries are shared, the state stays (账销案存)."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    ending = {"reason": "终结执行", "document_id": await document(api, "treasury")}
    assert told(await step(api, "treasury", claim, "write-off", ending)) == (409, "state.illegal_transition")
    await pay(api, claim)
    assert told(await step(api, "bank_a", claim, "write-off", ending)) == (403, "auth.denied")
    foreign = {"reason": "终结执行", "document_id": str(uuid.uuid4())}
    assert told(await step(api, "treasury", claim, "write-off", foreign)) == (404, "document.not_found")
    written = await api.made("treasury", f"/v1/claims/{claim['id']}/write-off", ending)
    assert (written["status"], written["written_off_on"]) == ("written_off", str(TODAY))
    late = {"source": "court", "gross": money("600000.00"), "occurred_on": str(TODAY)}
    shared = await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", late)
    assert (shared["status"], parts(shared, "recovered")["pool"]) == ("written_off", "200000.00")
    assert shared["recoveries"][0]["surplus"]["amount"] == "100000.00"


RECOVERIES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "cost above the gross": ({"cost": money("10.01")}, {"recovery.cost_exceeds"}),
    "tomorrow's money": ({"occurred_on": str(TODAY + timedelta(days=1))}, {"request.date_in_future"}),
    "before the default": ({"occurred_on": str(TODAY - timedelta(days=1))}, {"request.date_too_early"}),
    "all at once": (
        {"cost": {"amount": "11.00", "currency": "USD"}, "occurred_on": str(TODAY - timedelta(days=1))},
        {"recovery.cost_exceeds", "pool.currency_mismatch", "request.date_too_early"},
    ),
}


@pytest.mark.parametrize(("changes", "codes"), RECOVERIES.values(), ids=RECOVERIES.keys())
async def test_a_recovery_that_cannot_be_is_refused(
    api: Api, database: SavepointDatabase, changes: dict[str, Any], codes: set[str]
) -> None:
    """RP-14: money that came in since the default, less no more than itself."""
    _, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    received = {"source": "debtor", "gross": money("10.00"), "occurred_on": str(TODAY)} | changes
    refused = await step(api, "bank_a", claim, "recoveries", received)
    assert {violation["code"] for violation in refused.json()["violations"]} == codes
    shown = (await api.get("bank_a", f"/v1/claims/{claim['id']}")).json()
    assert (shown["status"], shown["recoveries"]) == ("paid", [])


@pytest.mark.parametrize(
    ("terms", "paid", "bank", "reason"),
    [
        ({"claim_cap": money("150000.00")}, "150000.00", "200000.00", "claim_cap"),
        ({"paid_in": "120000.00"}, "120000.00", "230000.00", "balance"),
    ],
    ids=["the cap per claim", "the balance"],
)
async def test_the_bank_bears_what_the_pool_does_not_pay(
    api: Api, database: SavepointDatabase, *, terms: dict[str, Any], paid: str, bank: str, reason: str
) -> None:
    """RP-10, POL-16: the pool's share is paid within cap and balance, the parts still sum to the loss."""
    pool, pledge = await make_cover(api, database, **terms)
    claim = await pay(api, await make_claim(api, pledge))
    assert (claim["due"]["amount"], claim["paid"]["amount"], claim["shortfall_reason"]) == (
        "200000.00",
        paid,
        reason,
    )
    assert parts(claim, "borne") == {
        "bank": bank,
        "guarantor": "100000.00",
        "insurer": "50000.00",
        "pool": paid,
    }
    assert await balance(api, pool, "compensation") == (paid, "0.00")


async def test_money_paid_in_while_a_claim_is_public_makes_up_for_the_balance(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-10: what is payable is what is there on the day of payment, not only what could be set aside."""
    pool, pledge = await make_cover(api, database, paid_in="120000.00")
    claim = await make_claim(api, pledge)
    await publicise(api, claim)
    assert (await capacity(api, pool))[0] == "0.00"
    more = {"source": "city", "amount": money("50000.00"), "occurred_on": str(TODAY)}
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", more)
    paid = await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    assert (paid["paid"]["amount"], paid["shortfall"]["amount"]) == ("170000.00", "30000.00")
    assert (await capacity(api, pool))[0] == "0.00"


async def test_a_pool_without_a_share_pays_nothing_and_books_nothing(
    api: Api, database: SavepointDatabase
) -> None:
    """Domain §5.4 C: all commercial; the claim is still decided and its recoveries shared."""
    pool, pledge = await make_cover(
        api,
        database,
        tiers=[{"shares_bp": {"insurer": 6_000, "bank": 2_000, "guarantor": 2_000, "pool": 0}}],
    )
    claim = await pay(api, await make_claim(api, pledge))
    assert (claim["paid"]["amount"], parts(claim, "borne")["insurer"]) == ("0.00", "300000.00")
    assert await balance(api, pool, "compensation") == ("0.00", "0.00")
    received = {"source": "insurance", "gross": money("0.03"), "occurred_on": str(TODAY)}
    shared = await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    assert shared["recoveries"][0]["transfer_id"] is None


async def test_nobody_takes_or_makes_the_money_of_claims_by_hand(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-18: payout voucher and paid claim are one to one, so those accounts refuse transfers by hand."""
    pool, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    await publicise(api, claim)
    path = f"/v1/pools/{pool['id']}"
    accounts = {one["code"]: one["id"] for one in (await api.get("treasury", f"{path}/accounts")).json()}
    body = {
        "debit_account_id": accounts["compensation"],
        "credit_account_id": accounts["cash"],
        "amount": money("1.00"),
        "code": "示例",
    }
    assert told(await api.post("treasury", f"{path}/transfers", body)) == (409, "transfer.claim_account")


async def broken(database: SavepointDatabase, statement: str) -> str | None:
    """The constraint that the statement breaks, at once or when the transaction ends."""
    with pytest.raises(DBAPIError) as raised:
        async with database.write() as unit:
            await unit.session.execute(text(statement))
    return database_fault(raised.value)[1]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'paid', paid_fen = due_fen, paid_on = current_date", "ck_claims_backed"),
        ("status = 'paid'", "ck_claims_backed"),
        (
            "status = 'paid', paid_fen = 0, paid_on = current_date, transfer_id = NULL, shortfall_reason = 'claim_cap'",
            "ck_claims_four_hands",
        ),
    ],
    ids=["by what is only set aside", "by nothing", "without a release"],
)
async def test_the_database_pays_a_claim_only_with_its_transfer_and_its_hands(
    api: Api, database: SavepointDatabase, change: str, constraint: str
) -> None:
    """RP-12, RP-18: whatever a service does, a claim is paid by a posted transfer of its amount, released."""
    _, pledge = await make_cover(api, database)
    await publicise(api, await make_claim(api, pledge))
    assert await broken(database, f"UPDATE claims SET {change}") == constraint


async def test_the_database_keeps_a_payout_and_what_is_set_aside(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-12: what is set aside ends with the claim only; what is paid is paid for good."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    await publicise(api, claim)
    void = (
        "INSERT INTO ledger_transfers (id, kind, resolves_id, code, ledger_id, district_code, debit_account_id,"
        " credit_account_id, currency, amount_fen, posting_id, position, business_noun, business_id, occurred_on,"
        " booked_on, adjustment, event_id, recorded_at) SELECT gen_random_uuid(), 'void', t.id, 'x', t.ledger_id, t.district_code,"
        " t.debit_account_id, t.credit_account_id, t.currency, t.amount_fen, gen_random_uuid(), 0, t.business_noun,"
        " t.business_id, t.occurred_on, t.booked_on, false, t.event_id, t.recorded_at"
        " FROM ledger_transfers t JOIN claims c ON c.transfer_id = t.id"
    )
    assert await broken(database, void) == "ck_ledger_transfers_claim_public"
    await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    unpaid = "paid_fen = NULL, paid_on = NULL, shortfall_reason = NULL"
    for change in (
        "paid_fen = 1, shortfall_reason = 'claim_cap'",
        "paid_on = paid_on - 1",
        "transfer_id = NULL",
        f"status = 'rejected', transfer_id = NULL, {unpaid}",
        f"status = 'publicised', {unpaid}",
        "status = 'review'",
        unpaid,
    ):
        assert await broken(database, f"UPDATE claims SET {change}") == "ck_claims_paid_for_good", change
    async with database.write() as unit:
        await unit.session.execute(
            text("UPDATE claims SET status = 'written_off', written_off_on = paid_on, reason = '示例'")
        )
    reopened = "UPDATE claims SET status = 'recovering'"
    assert await broken(database, reopened) == "ck_claims_paid_for_good"
    more = "UPDATE claim_shares SET borne_fen = borne_fen * 3"
    assert await broken(database, more) == "ck_claim_shares_borne_for_good"
    added = (
        "INSERT INTO claim_shares (id, district_code, claim_id, party, share_bp, due_fen, borne_fen, recovered_fen)"
        " SELECT gen_random_uuid(), district_code, id, 'evaluator', 0, 0, 1, 0 FROM claims"
    )
    assert await broken(database, added) == "ck_claim_shares_borne_for_good"


async def test_the_database_pays_a_claim_only_as_its_shares_say(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-10: what the parties bear is the loss when it is paid, though all hands have agreed."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    await publicise(api, claim)
    async with database.write() as unit:
        await unit.session.execute(
            text(
                "INSERT INTO claim_shares (id, district_code, claim_id, party, share_bp, due_fen, borne_fen,"
                " recovered_fen) SELECT gen_random_uuid(), district_code, id, 'evaluator', 0, 1, 0, 0 FROM claims"
            )
        )
    with pytest.raises(DBAPIError) as raised:
        async with database.write() as unit:
            await claims.pay(
                unit.session,
                actor=api.actor("treasury"),
                moment=unit.moment,
                claim_id=uuid.UUID(claim["id"]),
            )
    assert database_fault(raised.value)[1] == "ck_claims_borne"


async def test_the_shortfall_is_the_banks_and_nobody_elses(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RP-10: an insurer bears what is due and not a fen more, whatever a service reckons."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    await publicise(api, claim)

    def shifted(due: Mapping[SharingParty, int], limits: Mapping[Limit, int]) -> Settlement:
        found = settle(due, limits)
        moved = {
            SharingParty.bank: found.borne[SharingParty.bank] - 1,
            SharingParty.insurer: found.borne[SharingParty.insurer] + 1,
        }
        return replace(found, borne={**found.borne, **moved})

    monkeypatch.setattr("app.services.claims.payout.settle", shifted)
    with pytest.raises(DBAPIError) as raised:
        async with database.write() as unit:
            await claims.pay(
                unit.session,
                actor=api.actor("treasury"),
                moment=unit.moment,
                claim_id=uuid.UUID(claim["id"]),
            )
    assert database_fault(raised.value)[1] == "ck_claims_borne"


TRANSFER = (
    "INSERT INTO ledger_transfers (id, kind, code, ledger_id, district_code, debit_account_id, credit_account_id,"
    " currency, amount_fen, posting_id, position, business_noun, business_id, occurred_on, booked_on, adjustment,"
    " event_id, recorded_at)"
    " SELECT gen_random_uuid(), '{kind}', 'x', t.ledger_id, t.district_code, d.id, k.id, t.currency, 100,"
    " gen_random_uuid(), 0, 'claim', t.business_id, t.occurred_on, t.booked_on, false, t.event_id, t.recorded_at"
    " FROM ledger_transfers t JOIN ledger_accounts d ON d.ledger_id = t.ledger_id AND d.code = '{debit}'"
    " JOIN ledger_accounts k ON k.ledger_id = t.ledger_id AND k.code = '{credit}' WHERE t.code = 'claim.set_aside'"
)
RECOVERY = (
    "INSERT INTO recoveries (id, district_code, claim_id, pool_id, source, gross_fen, cost_fen, interest_fen,"
    " surplus_fen, occurred_on, remit_by, late_days, event_id, recorded_at) SELECT gen_random_uuid(),"
    " district_code, id, pool_id, 'debtor', 100, 0, 0, {surplus}, submitted_on, submitted_on, 0, event_id,"
    " recorded_at FROM claims"
)
SHARE = (
    "INSERT INTO recovery_shares (id, district_code, recovery_id, party, amount_fen)"
    " SELECT gen_random_uuid(), district_code, id, '{party}', 1 FROM recoveries"
)
UNCLAIMED: dict[str, tuple[str, str]] = {
    "a payout": (
        TRANSFER.format(kind="posted", debit="compensation", credit="cash"),
        "ck_ledger_transfers_claimed",
    ),
    "money set aside": (
        TRANSFER.format(kind="pending", debit="compensation", credit="cash"),
        "ck_ledger_transfers_claimed",
    ),
    "money that came back": (
        TRANSFER.format(kind="posted", debit="cash", credit="recovered"),
        "ck_ledger_transfers_claimed",
    ),
    "a payout taken back": (
        TRANSFER.format(kind="posted", debit="cash", credit="compensation"),
        "ck_ledger_transfers_claimed",
    ),
    "a recovery nobody gets": (RECOVERY.format(surplus=99), "ck_recoveries_shared"),
    "one more part of a recovery": (SHARE.format(party="evaluator"), "ck_recoveries_shared"),
}


@pytest.mark.parametrize(("statement", "constraint"), UNCLAIMED.values(), ids=UNCLAIMED.keys())
async def test_the_database_books_no_claims_money_without_its_claim(
    api: Api, database: SavepointDatabase, statement: str, constraint: str
) -> None:
    """RP-14, RP-18: every payout is a claim's, everything that came back a recovery's, and shared to the fen."""
    _, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    body = {"source": "debtor", "gross": money("10.00"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", body)
    assert await broken(database, statement) == constraint


async def test_the_database_recovers_nothing_on_an_unpaid_claim(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-14: even what would be all surplus."""
    _, pledge = await make_cover(api, database)
    await publicise(api, await make_claim(api, pledge))
    assert await broken(database, RECOVERY.format(surplus=100)) == "ck_recoveries_shared"
    borne = "UPDATE claim_shares SET borne_fen = 1"
    async with database.write() as unit:
        await unit.session.execute(text(borne))


async def test_money_that_came_in_before_the_payout_is_shared_after_it(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-14: a recovery is of any day since the default, and booked once the claim is paid."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    later = str(TODAY + timedelta(days=30))
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": later})
    paid = await pay(api, claim)
    body = {"source": "debtor", "gross": money("10.00"), "occurred_on": claim["default_on"]}
    shared = await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", body)
    assert (paid["paid_on"], shared["recoveries"][0]["occurred_on"]) == (later, str(TODAY))


TWICE = (
    "WITH r AS (INSERT INTO recoveries (id, district_code, claim_id, pool_id, source, gross_fen, cost_fen,"
    " interest_fen, surplus_fen, occurred_on, remit_by, late_days, transfer_id, event_id, recorded_at)"
    " SELECT gen_random_uuid(), district_code, claim_id, pool_id, source, gross_fen, 0, 0, 0, occurred_on,"
    " remit_by, 0, transfer_id, event_id, recorded_at FROM recoveries RETURNING id, district_code)"
    " INSERT INTO recovery_shares (id, district_code, recovery_id, party, amount_fen)"
    " SELECT gen_random_uuid(), r.district_code, r.id, s.party, s.amount_fen FROM r, recovery_shares s"
)
FORGED = {
    "forgotten": ("UPDATE claim_shares SET recovered_fen = 0", "ck_claim_shares_recovered_by_recoveries"),
    "one fen more for the pool": (
        "UPDATE claim_shares SET recovered_fen = recovered_fen + 1 WHERE party = 'pool'",
        "ck_claim_shares_recovered_by_recoveries",
    ),
    "booked by another's transfer": (TWICE, "uq_recoveries_transfer"),
    "written off on no day": ("UPDATE claims SET status = 'written_off'", "ck_claims_written_off"),
    "in an earlier round": ("UPDATE claims SET round = 0", "ck_claims_steps"),
}


@pytest.mark.parametrize(("statement", "constraint"), FORGED.values(), ids=FORGED.keys())
async def test_what_was_recovered_is_what_recoveries_say(
    api: Api, database: SavepointDatabase, statement: str, constraint: str
) -> None:
    """RP-14, RP-17: a clawback is of what the pool lacks, so nobody writes that down without a recovery."""
    _, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    body = {"source": "debtor", "gross": money("10.00"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", body)
    assert await broken(database, statement) == constraint


async def test_a_rejected_claim_is_not_brought_back(api: Api, database: SavepointDatabase) -> None:
    """RP-12: the bank makes another one; approvals of the rejected one count for nothing."""
    _, pledge = await make_cover(api, database)
    claim = await make_claim(api, pledge)
    rejected = {"decision": "rejected", "reason": "示例"}
    await api.made("pool_manager", f"/v1/claims/{claim['id']}/check", rejected)
    assert await broken(database, "UPDATE claims SET status = 'review'") == "ck_claims_steps"
