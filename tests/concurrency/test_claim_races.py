"""Payouts side by side out of a pool that is short: its lock decides, and every fen goes out once."""

from __future__ import annotations

import asyncio

import pytest

from tests.factories.assets import make_asset
from tests.factories.claims import make_claim, make_cover, make_loan, publicise
from tests.support.instance import Instance

CLAIMS = 4


@pytest.mark.committed
@pytest.mark.parametrize("shortage", ["bank_bears", "pro_rata", "queue"])
async def test_payouts_side_by_side_share_a_short_pool(stage: Instance, shortage: str) -> None:
    """POL-16, POL-26: four claims of 200,000.00 each on 500,000.00, made public and paid at once."""
    api = stage.api
    owner = api.samples["sme"].organisation.party_id
    pool, first = await make_cover(api, stage.database, paid_in="500000.00", shortage=shortage)
    pledges = [first]
    for _ in range(CLAIMS - 1):
        async with stage.database.write() as unit:
            right = (await make_asset(unit.session, owners=[owner])).id
        pledges.append(await make_loan(api, pool, right))
    claims = [await make_claim(api, one) for one in pledges]
    public = await asyncio.gather(*(publicise(api, one) for one in claims))
    assert {one["status"] for one in public} == {"publicised"}
    answers = await asyncio.gather(
        *(api.post("treasury", f"/v1/claims/{one['id']}/payment", {}) for one in claims)
    )
    paid = sorted(int(one.json()["paid"]["amount"][:-3]) for one in answers if one.status_code == 200)
    refused = {one.json()["code"] for one in answers if one.status_code != 200}
    if shortage == "queue":
        assert set(paid) <= {200_000}
        assert len(paid) <= CLAIMS // 2
        assert refused == {"claim.queued"}
    else:
        expected = {"bank_bears": [0, 100_000, 200_000, 200_000], "pro_rata": [125_000] * CLAIMS}
        assert (paid, refused) == (expected[shortage], set())
    booked = "SELECT debits_posted - credits_posted FROM ledger_accounts WHERE code = 'compensation'"
    assert await stage.owner.fetchval(booked) == sum(paid) * 100
