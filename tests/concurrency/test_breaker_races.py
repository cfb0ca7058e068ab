"""Money paid in that is taken back by hand, beside a payout: nobody deadlocks, and the breaker sees both."""

from __future__ import annotations

import asyncio

import pytest

from tests.concurrency.test_pool_races import CALM, make_claim, sound
from tests.factories.claims import TODAY, money, publicise
from tests.factories.pledges import make_pool
from tests.support.instance import Instance

BACK = 12


@pytest.mark.committed
async def test_the_last_of_reversals_beside_a_payout_trips_the_breaker(stage: Instance) -> None:
    """RP-13, POL-06, POL-26: 200,000 of 1,000,000 is the line, reached when the last contribution is taken back."""
    terms = CALM | {"paid_ratio_suspend_bp": 2_000}
    pool = await make_pool(stage.api, paid_in="1000000.00", **terms)
    path = f"/v1/pools/{pool['id']}"
    proposed = []
    for _ in range(BACK):
        more = {"source": "district", "amount": money("0.01"), "occurred_on": str(TODAY)}
        booked = await stage.api.made("pool_manager", f"{path}/contributions", more)
        reversal = {"effective": "today", "reason": "示例误记"}
        place = f"{path}/transfers/{booked['transfer_id']}/reversal"
        proposed.append(await stage.api.made("pool_manager", place, reversal))
    claim = await make_claim(stage, pool)
    await publicise(stage.api, claim)
    posts = [
        stage.api.post(
            "treasury",
            f"{path}/transfers",
            {"kind": "post", "resolves_id": one["id"], "code": "示例复核"},
        )
        for one in proposed
    ]
    payment = stage.api.post("treasury", f"/v1/claims/{claim['id']}/payment", {})
    answers = await asyncio.gather(*posts[: BACK // 2], payment, *posts[BACK // 2 :])
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    shown = (await stage.api.get("finance_office", path)).json()
    assert (shown["status"], shown["risk"]["paid_ratio"]) == ("suspended", "20.0000")
    changes = "SELECT count(*) FROM events WHERE type = 'pool.breaker_changed'"
    assert await stage.owner.fetchval(changes) == 1
    assert await sound(stage)
