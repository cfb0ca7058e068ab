"""Bookings of one loan side by side: its pledge's lock decides, and the book never says more than there is."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import replace

import httpx
import pytest

from app.domain.permission import system_actor
from app.queries import integrity, pledge_classifications, pools
from app.services import loans
from tests.factories.assets import make_asset
from tests.factories.claims import claiming, classification, make_cover, make_loan, publicise
from tests.factories.loans import day, drawdown, instalment, loan_path, make_pledge, repayment, second_banker
from tests.support.instance import Instance

pytestmark = pytest.mark.committed


def told(answers: list[httpx.Response]) -> Counter[str]:
    """How often each outcome came."""
    return Counter("done" if one.is_success else one.json()["code"] for one in answers)


async def sound(stage: Instance) -> bool:
    """Whether nothing is amiss in all the books."""
    async with stage.database.read() as unit:
        return await integrity.findings(unit.session) == []


async def test_drawdowns_and_receipts_side_by_side_keep_within_what_there_is(stage: Instance) -> None:
    """PLG-07: eight draw 100,000.00 of 500,000.00, then eight pay 100,000.00: five of each are booked."""
    pledge = await make_pledge(stage.api, stage.database)
    path = loan_path(pledge)
    draws = (stage.api.post("bank_a", f"{path}/drawdowns", drawdown("100000.00")) for _ in range(8))
    drawn = await asyncio.gather(*draws)
    assert told(drawn) == {"done": 5, "loan.limit_exceeded": 3}
    pays = (stage.api.post("bank_a", f"{path}/repayments", repayment("100000.00")) for _ in range(8))
    assert told(await asyncio.gather(*pays)) == {"done": 5, "loan.exceeds_outstanding": 3}
    loan = (await stage.api.get("bank_a", path)).json()
    assert (loan["outstanding"]["amount"], loan["status"]) == ("0.00", "repaid")
    assert await stage.owner.fetchval("SELECT count(*) FROM notices WHERE kind = 'loan_repaid'") == 2
    assert await sound(stage)


async def test_an_entry_taken_back_by_many_is_taken_back_once(stage: Instance) -> None:
    """RB-02, RP-18: four reversals of a receipt at once, and one with the same reference."""
    pledge = await make_pledge(stage.api, stage.database)
    path = loan_path(pledge)
    await stage.api.made("bank_a", f"{path}/drawdowns", drawdown())
    same = [
        stage.api.post("bank_a", f"{path}/repayments", repayment("1.00", reference="示例-1")) for _ in "ab"
    ]
    answers = await asyncio.gather(*same)
    assert told(answers) == {"done": 1, "loan.reference_taken": 1}
    (paid,) = [one.json()["entry"]["id"] for one in answers if one.is_success]
    banker, reason = await second_banker(stage.api, stage.database), {"reason": "退汇"}
    backs = (stage.api.post(banker, f"{path}/entries/{paid}/reversal", reason) for _ in range(4))
    assert told(await asyncio.gather(*backs)) == {"done": 1, "loan.already_reversed": 3}
    assert await sound(stage)


async def test_a_receipt_and_the_payout_of_a_claim_do_not_both_have_the_loan(stage: Instance) -> None:
    """POL-21, RP-07: what was repaid first is not claimed; what was paid for first is repaid to the bank's book."""
    pool, pledge = await make_cover(stage.api, stage.database)
    path = loan_path(pledge)
    await stage.api.made("bank_a", f"{path}/drawdowns", drawdown())
    await stage.api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification())
    claim = await stage.api.made("bank_a", "/v1/claims", claiming(pledge))
    await publicise(stage.api, claim)
    received, paid = await asyncio.gather(
        stage.api.post("bank_a", f"{path}/repayments", repayment("100000.00")),
        stage.api.post("treasury", f"/v1/claims/{claim['id']}/payment", {}),
    )
    assert received.status_code == 201
    assert paid.is_success or paid.json()["code"] == "claim.repaid_since"
    booked = (
        "SELECT coalesce(sum(debits_posted - credits_posted), 0)::bigint FROM ledger_accounts WHERE code = $1"
    )
    assert await stage.owner.fetchval(booked, "compensation") == (20_000_000 if paid.is_success else 0)
    assert pool["id"] == claim["pool_id"]
    assert await sound(stage)


async def test_the_days_work_and_receipts_side_by_side(stage: Instance) -> None:
    """OPS-03, RP-08: overdue loans are paid while the day's work climbs the ladder; each ends as its book says."""
    pledges = [await make_pledge(stage.api, stage.database) for _ in range(4)]
    for pledge in pledges:
        plan = [instalment(1, "500000.00")]
        await stage.api.made("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown(plan=plan))

    async def work() -> int:
        async with stage.database.write() as unit:
            moment = replace(unit.moment, today=day(2))
            return await loans.follow_due(unit.session, actor=system_actor("job"), moment=moment)

    pays = [
        stage.api.post("bank_a", f"{loan_path(one)}/repayments", repayment("500000.00")) for one in pledges
    ]
    _, answers = await asyncio.gather(work(), asyncio.gather(*pays))
    assert told(answers) == {"done": 4}
    assert await work() == 0
    assert await stage.owner.fetch("SELECT DISTINCT status FROM loans") == [("repaid",)]


async def test_the_days_work_holds_no_pool_while_it_waits_for_a_pledge(stage: Instance) -> None:
    """OPS-03, RP-06: a booking locks its pledge, then its pool; the day's work all its pledges, then pools."""
    pool, first = await make_cover(stage.api, stage.database, paid_in="5000000.00")
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        right = (await make_asset(unit.session, owners=[owner])).id
    last = await make_loan(stage.api, pool, right, principal="100000.00")
    for pledge in (first, last):
        plan = [instalment(1, "100000.00")]
        await stage.api.made("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown("100000.00", plan=plan))

    async def work() -> int:
        async with stage.database.write() as unit:
            moment = replace(unit.moment, today=day(2))
            return await loans.follow_due(unit.session, actor=system_actor("job"), moment=moment)

    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with stage.database.write() as booking:
        await pledge_classifications.lock_pledge(booking.session, uuid.UUID(last["id"]))
        days_work = asyncio.create_task(work())
        while not await stage.owner.fetchval(waiting):  # noqa: ASYNC110 - another session's wait has no event
            await asyncio.sleep(0.01)
        await pools.lock(booking.session, uuid.UUID(pool["id"]))
    assert await days_work == 2
    assert await sound(stage)
