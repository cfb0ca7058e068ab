"""Filings, reports and payouts that run side by side on one pool: capacity holds, the breaker trips once."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest

from app.queries import integrity
from tests.factories.assets import make_asset
from tests.factories.claims import (
    APPROVED,
    claiming,
    classification,
    make_loan,
    publicise,
)
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance

FILINGS = 50
CALM = {"publicity_days": 0, "npl_warn_bp": 10_000, "npl_suspend_bp": 10_000}
"""The NPL ratio does not trip; what is tried here is what the payout does."""


async def make_rights(stage: Instance, count: int) -> list[uuid.UUID]:
    """Committed patents of the sample firm."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        return [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]


def filings(stage: Instance, pool: dict[str, Any], rights: list[uuid.UUID]) -> list[Any]:
    """Filings of 500,000.00 each, by both banks in turn."""
    owner = stage.api.samples["sme"].organisation.party_id
    return [
        stage.api.post(
            ("bank_a", "bank_b")[number % 2], "/v1/pledges", filing(owner, [right], pool_id=pool["id"])
        )
        for number, right in enumerate(rights)
    ]


def told(answers: list[httpx.Response]) -> Counter[str]:
    """How often each outcome came."""
    return Counter("filed" if one.status_code == 201 else one.json()["code"] for one in answers)


async def make_claim(stage: Instance, pool: dict[str, Any]) -> dict[str, Any]:
    """A claim on one of a bank's two loans of 500,000.00 each: half of them bad keeps its breaker still."""
    bad, good = await make_rights(stage, 2)
    await make_loan(stage.api, pool, good)
    pledge = await make_loan(stage.api, pool, bad)
    await stage.api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification())
    return await stage.api.made("bank_a", "/v1/claims", claiming(pledge))


async def committed(stage: Instance) -> tuple[int, int]:
    """Live commitments and what they cover, in fen."""
    found = await stage.owner.fetchrow(
        "SELECT count(*), coalesce(sum(covered_fen), 0)::bigint FROM commitments WHERE status = 'committed'"
    )
    assert found is not None
    return found[0], found[1]


async def sound(stage: Instance) -> bool:
    async with stage.database.read() as unit:
        return await integrity.findings(unit.session) == []


@pytest.mark.committed
async def test_filings_beside_an_approval_fill_exactly_what_it_leaves(stage: Instance) -> None:
    """UNI-09, RP-05: money set aside for a claim lowers the capacity; what is committed never passes it after."""
    rights = await make_rights(stage, FILINGS)
    pool = await make_pool(stage.api, paid_in="1000000.00", **CALM)
    claim = await make_claim(stage, pool)
    path = f"/v1/claims/{claim['id']}"
    await stage.api.made("pool_manager", f"{path}/check", APPROVED)
    await stage.api.made("ip_office", f"{path}/approval", APPROVED)
    approval = stage.api.post("finance_office", f"{path}/approval", APPROVED)
    early, late = filings(stage, pool, rights[:5]), filings(stage, pool, rights[5:])
    *first, approved = await asyncio.gather(*early, approval)
    assert approved.json()["status"] == "publicised"
    outcome = told([*first, *await asyncio.gather(*late)])
    # 10 x (1,000,000 - 200,000) = 8,000,000 carry sixteen loans; two there are already.
    assert outcome == {"filed": 14, "pool.capacity_exceeded": FILINGS - 14}
    assert await committed(stage) == (16, 16 * 50_000_000)
    paid = await stage.api.made("treasury", f"{path}/payment", {})
    assert paid["paid"]["amount"] == "200000.00"
    assert (await committed(stage))[0] == 15
    assert await sound(stage)


@pytest.mark.committed
async def test_a_payout_amid_filings_leaves_the_breaker_right_and_nothing_fails(stage: Instance) -> None:
    """RP-13, UNI-09: fifty filings, reports and a payout at once: a yes or a named no each, and one suspension."""
    rights = await make_rights(stage, FILINGS)
    terms = CALM | {"paid_ratio_suspend_bp": 2_000}
    pool = await make_pool(stage.api, paid_in="1000000.00", **terms)
    claim = await make_claim(stage, pool)
    await publicise(stage.api, claim)
    report = stage.api.post(
        "bank_a",
        f"/v1/pledges/{claim['pledge_id']}/classifications",
        classification(loan_class="doubtful", overdue_days=271),
    )
    payments = [stage.api.post("treasury", f"/v1/claims/{claim['id']}/payment", {}) for _ in range(4)]
    work = filings(stage, pool, rights)
    answers = await asyncio.gather(*work[:10], *payments, report, *work[10:])
    filed = told([*answers[:10], *answers[15:]])
    assert Counter(answer.status_code for answer in answers[10:14]) == {200: 1, 409: 3}
    assert answers[14].status_code == 201
    assert set(filed) <= {"filed", "pool.capacity_exceeded", "pool.suspended"}
    # Sixteen fit, two there were; whoever came after the payout was refused, and the bad loan's cover ended.
    assert filed["filed"] <= 14
    assert await committed(stage) == (filed["filed"] + 1, (filed["filed"] + 1) * 50_000_000)
    shown = (await stage.api.get("finance_office", f"/v1/pools/{pool['id']}")).json()
    assert (shown["status"], shown["risk"]["paid_ratio"]) == ("suspended", "20.0000")
    assert shown["capacity"]["limit"]["amount"] == "8000000.00"
    changes = "SELECT count(*) FROM events WHERE type = 'pool.breaker_changed'"
    assert await stage.owner.fetchval(changes) == 1
    assert told(await asyncio.gather(*filings(stage, pool, await make_rights(stage, 1)))) == {
        "pool.suspended": 1
    }
    assert await sound(stage)


@pytest.mark.committed
async def test_a_default_claimed_by_many_requests_is_claimed_once(stage: Instance) -> None:
    """RP-12: twenty claims at once: one is made, the others learn that it is."""
    (bad,) = await make_rights(stage, 1)
    pool = await make_pool(stage.api, paid_in="1000000.00", **CALM)
    pledge = await make_loan(stage.api, pool, bad)
    await stage.api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification())
    answers = await asyncio.gather(
        *(stage.api.post("bank_a", "/v1/claims", claiming(pledge)) for _ in range(20))
    )
    assert told(answers) == {"filed": 1, "claim.already_claimed": 19}
    assert await stage.owner.fetchval("SELECT count(*) FROM claims") == 1


@pytest.mark.committed
async def test_recoveries_at_once_share_no_more_than_was_borne(stage: Instance) -> None:
    """RP-14, POL-17: ten recoveries of a tenth and a bit: everybody whole, the rest is surplus."""
    pool = await make_pool(stage.api, paid_in="1000000.00", **CALM, paid_ratio_suspend_bp=10_000)
    claim = await make_claim(stage, pool)
    await publicise(stage.api, claim)
    await stage.api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    received = {
        "source": "debtor",
        "gross": {"amount": "60000.01", "currency": "CNY"},
        "occurred_on": claim["default_on"],
    }
    path = f"/v1/claims/{claim['id']}/recoveries"
    answers = await asyncio.gather(*(stage.api.post("bank_a", path, received) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    shown = (await stage.api.get("bank_a", f"/v1/claims/{claim['id']}")).json()
    assert shown["status"] == "recovered"
    assert all(share["recovered"] == share["borne"] for share in shown["shares"])
    surplus = sorted(row["surplus"]["amount"] for row in shown["recoveries"])
    assert surplus == ["0.00"] * 8 + ["40000.09", "60000.01"]
    assert await sound(stage)
