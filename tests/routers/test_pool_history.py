"""A pool's risk, exposure and report asked again later: the same, whatever happened since (UNI-13, RP-21)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.domain.clock import Moment
from app.services import seals
from tests.factories.claims import (
    TODAY,
    balance,
    classification,
    document,
    make_claim,
    make_cover,
    make_loan,
    money,
    pay,
    subjects,
)
from tests.factories.commitments import reserve
from tests.factories.finance import owned
from tests.factories.pledges import make_pool, scheme
from tests.support.api import Api
from tests.support.database import SavepointDatabase

MONTH = f"{TODAY:%Y-%m}"


async def seal(database: SavepointDatabase) -> str:
    """All that happened is known from now on; an instant after it."""
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        while await seals.seal(unit.session, moment=Moment.at(datetime.now(UTC))):
            pass
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
    return datetime.now(UTC).isoformat()


async def answers(api: Api, pool: dict[str, Any], **cut: str) -> dict[str, Any]:
    """Risk and exposure at a cut, without what is told of today alone."""
    path = f"/v1/pools/{pool['id']}"
    risk = (await api.get("finance_office", f"{path}/risk", **cut)).json()
    for one in (risk, *risk["banks"]):
        one.pop("status")
    by = ["bank", "industry", "appraiser", "agency"]
    exposure = (await api.get("finance_office", f"{path}/exposure", by=by, **cut)).json()
    return {"risk": risk | {"as_of": None}, "exposure": exposure | {"as_of": None}}


async def right(api: Api, database: SavepointDatabase) -> uuid.UUID:
    return uuid.UUID(await owned(api, database, "sme"))


async def report(api: Api, pool: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("treasury", f"/v1/pools/{pool['id']}/report", period=MONTH)).json()
    return found


async def make_busy_pool(
    api: Api, database: SavepointDatabase
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A pool, a live loan of bank B, and a paid claim of bank A."""
    pool, pledge = await make_cover(api, database, paid_in="2000000.00")
    live = await make_loan(api, pool, await right(api, database), bank="bank_b")
    await api.made("bank_b", f"/v1/pledges/{live['id']}/classifications", classification("400000.00"))
    claim = await pay(api, await make_claim(api, pledge))
    return pool, live, claim


async def change(
    api: Api, pool: dict[str, Any], live: dict[str, Any], claim: dict[str, Any], day: str
) -> None:
    """All that figures are made of: classes, repayments, recoveries, writing off, money paid in, a scheme."""
    again = classification("100000.00", loan_class="loss", overdue_days=400) | {"occurred_on": day}
    await api.made("bank_b", f"/v1/pledges/{live['id']}/classifications", again)
    received = {"source": "debtor", "gross": money("50000.00"), "occurred_on": day}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    reason = {"reason": "终结执行", "document_id": await document(api, "treasury")}
    await api.made("treasury", f"/v1/claims/{claim['id']}/write-off", reason)
    more = {"source": "city", "amount": money("7.00"), "occurred_on": day}
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", more)
    other = scheme(npl_warn_bp=100, npl_suspend_bp=200, leverage_multiple=5, effective_from=day)
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/schemes", other)


async def test_a_day_is_shown_later_as_it_was_shown_then(api: Api, database: SavepointDatabase) -> None:
    """RP-13, UNI-35, RP-21: the clock moves on and everything changes; of that day nothing does."""
    pool, live, claim = await make_busy_pool(api, database)
    then, told = await answers(api, pool), await report(api, pool)
    assert then["risk"]["npl_ratio"] == "100.0000"
    assert await answers(api, pool, on=str(TODAY)) == then
    later = TODAY + timedelta(days=40)
    moved = await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(later)})
    assert moved.status_code == 200
    await change(api, pool, live, claim, str(later))
    assert await answers(api, pool, on=str(TODAY)) == then
    assert (await answers(api, pool))["risk"] != then["risk"]
    again = await report(api, pool)
    for name in ("total", "banks", "paid_in", "paid_ratio", "capacity"):
        assert again[name] == told[name], name


async def test_what_was_known_is_shown_again(api: Api, database: SavepointDatabase) -> None:
    """POL-07, UNI-13: everything changes on the same day; as of the seal before, nothing did."""
    pool, live, claim = await make_busy_pool(api, database)
    then = await answers(api, pool)
    known = await seal(database)
    await change(api, pool, live, claim, str(TODAY))
    await seal(database)
    assert await answers(api, pool, as_of=known) == then
    assert (await answers(api, pool))["risk"] != then["risk"]


async def test_a_stress_test_is_repeated_after_its_claims_went_on(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-13: written off and recovered on the very day; the evidence was what was known."""
    pool, live, claim = await make_busy_pool(api, database)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    made = await api.made("pool_manager", path, {})
    await change(api, pool, live, claim, str(TODAY))
    again = (await api.get("pool_manager", f"{path}/{made['id']}", verify=True)).json()
    assert again["replay"] == {"result_equal": True, "evidence_equal": True}


async def test_a_report_tells_each_bank_its_recoveries(api: Api, database: SavepointDatabase) -> None:
    """RP-21: with the bank that recovered, clawbacks off its payouts; banks and accounts sum to the same."""
    pool, _, claim = await make_busy_pool(api, database)
    received = {"source": "debtor", "gross": money("100000.00"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    shown = await report(api, pool)
    recovered = {one["bank"]["id"]: one["recovered"]["amount"] for one in shown["banks"]}
    a, b = (str(api.samples[role].organisation.id) for role in ("bank_a", "bank_b"))
    assert recovered == {a: "40000.00", b: "0.00"}
    assert await balance(api, pool, "recovered") == ("0.00", "40000.00")
    assert shown["total"]["recovered"]["amount"] == "40000.00"
    order = {
        "ground": "false_documents",
        "reason": "材料不实",
        "document_id": await document(api, "finance_office"),
        "due_on": str(TODAY),
        "excludes_bank": False,
    }
    await api.made("finance_office", f"/v1/claims/{claim['id']}/clawback", order)
    receipt = {"received_on": str(TODAY)}
    await api.made("treasury", f"/v1/claims/{claim['id']}/clawback/receipt", receipt)
    shown = await report(api, pool)
    paid = {one["bank"]["id"]: one["paid"]["amount"] for one in shown["banks"]}
    assert paid == {a: "40000.00", b: "0.00"}
    assert shown["paid_ratio"] == "0.0000"


async def test_a_scheme_to_come_watches_no_day_before_it(api: Api, database: SavepointDatabase) -> None:
    """RP-13: between two schemes the one that ended goes on, not one that has not begun."""
    yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    pool = await make_pool(api, effective_to=str(yesterday))
    strict = scheme(npl_warn_bp=1, npl_suspend_bp=1, effective_from=str(tomorrow))
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/schemes", strict)
    risk = (await api.get("finance_office", f"/v1/pools/{pool['id']}/risk")).json()
    assert risk["lines"]["npl_suspend"] == "5.0000"
    first = (await api.get("finance_office", f"/v1/pools/{pool['id']}/risk", on="2018-06-01")).json()
    assert first["lines"]["npl_suspend"] == "5.0000"


async def test_a_reservation_is_no_loan_but_its_bank_is_told(api: Api, database: SavepointDatabase) -> None:
    """RP-13, RP-05: it takes capacity, has no class and no exposure; that its pool is suspended concerns it."""
    pool = await make_pool(api)
    await reserve(api, database, pool)
    bad = await make_loan(api, pool, await right(api, database), bank="bank_b", principal="1000.00")
    now = await answers(api, pool)
    assert now["risk"]["outstanding"] == now["exposure"]["covered"] == money("1000.00")
    assert now["risk"]["capacity"]["covered"] == money("101000.00")
    assert await answers(api, pool, on=str(TODAY)) == now
    await api.made("bank_b", f"/v1/pledges/{bad['id']}/classifications", classification("1000.00"))
    assert await subjects(api, "bank_a", "breaker_changed") == [pool["id"]]
    assert await subjects(api, "bank_a", "bank_breaker_changed") == []
    shown = (await api.get("bank_a", f"/v1/pools/{pool['id']}/banks")).json()
    assert shown == []


async def test_money_taken_back_by_hand_trips_the_breaker(api: Api, database: SavepointDatabase) -> None:
    """RP-13, POL-06: the ratio of payouts rises when a contribution is reversed, in the same transaction."""
    pool, pledge = await make_cover(api, database, paid_in="300000.00", paid_ratio_suspend_bp=5_000)
    path = f"/v1/pools/{pool['id']}"
    more = {"source": "city", "amount": money("200000.00"), "occurred_on": str(TODAY)}
    booked = await api.made("pool_manager", f"{path}/contributions", more)
    await make_loan(api, pool, await right(api, database), bank="bank_b")
    await pay(api, await make_claim(api, pledge))  # 200,000.00 of 500,000.00; half of the loans is bad
    shown = (await api.get("finance_office", path)).json()
    assert (shown["risk"]["paid_ratio"], shown["status"]) == ("40.0000", "active")
    reversal = {"effective": "today", "reason": "示例误记"}
    proposed = await api.made("pool_manager", f"{path}/transfers/{booked['transfer_id']}/reversal", reversal)
    post = {"kind": "post", "resolves_id": proposed["id"], "code": "示例复核"}
    await api.made("treasury", f"{path}/transfers", post)
    shown = (await api.get("finance_office", path)).json()
    assert (shown["risk"]["paid_ratio"], shown["status"]) == ("66.6666", "suspended")
