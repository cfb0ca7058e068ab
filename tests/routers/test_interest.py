"""Interest over HTTP: rates, what accrues day by day under the job, what the bank pays, and the month's end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from app.domain.period import Month
from app.services import jobs
from tests.factories.clock import now
from tests.factories.periods import CHECKER, MAKER, move
from tests.factories.pledges import make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.edges import told

TODAY = now().today


async def set_rate(api: Api, pool: dict[str, Any], day: date = TODAY, **changes: Any) -> Any:
    """One and a half per cent by the real days of the year."""
    body = {"rate_ppm": 15_000, "day_count": "actual_365", "effective_from": str(day)}
    return await api.post(MAKER, f"/v1/pools/{pool['id']}/interest-rates", body | changes)


async def run_days(database: SavepointDatabase, first: date, last: date) -> None:
    """The job of these days, as the worker runs it."""
    day = first
    while day <= last:
        async with database.write() as unit:
            await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
            await jobs.run(unit.session, moment=unit.moment, job="accrue_interest", day=day)
            await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
        day += timedelta(days=1)


async def interest(api: Api, pool: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = (await api.get("auditor", f"/v1/pools/{pool['id']}/interest")).json()
    return shown


async def receive(api: Api, pool: dict[str, Any], amount: str, day: date = TODAY) -> Any:
    body = {"amount": {"amount": amount, "currency": "CNY"}, "occurred_on": str(day)}
    return await api.post(MAKER, f"/v1/pools/{pool['id']}/interest-receipts", body)


async def capacity(api: Api, pool: dict[str, Any]) -> str:
    shown = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()
    return str(shown["capacity"]["available"]["amount"])


async def test_interest_accrues_on_the_balance_of_the_day_before_and_is_carried(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-18: 1,000,000.00 at 1.5 % is 41.095890… a day: ten days are 410.95, not ten times 41.09."""
    pool = await make_pool(api, paid_in="1000000.00")
    assert (await set_rate(api, pool)).status_code == 201
    last = TODAY + timedelta(days=10)
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(last)})
    await run_days(database, TODAY, last)
    shown = await interest(api, pool)
    assert (shown["income"]["amount"], shown["receivable"]["amount"]) == ("410.95", "410.95")
    assert (shown["accrued_through"], shown["policy"]) == (str(last - timedelta(days=1)), "roll_in")
    rows = []
    for year in {TODAY.year, last.year}:
        rows += (await api.get("auditor", f"/v1/pools/{pool['id']}/interest-accruals", year=year)).json()
    assert len(rows) == 10
    assert {row["accrued"]["amount"] for row in rows} == {"41.09", "41.10"}
    assert await capacity(api, pool) == "1000000.00"


async def test_what_the_bank_pays_is_booked_against_what_accrued_and_counts_then(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-18, RP-05, RP-19: interest rolls into the pool when received; what remains is seen."""
    pool = await make_pool(api, paid_in="1000000.00")
    await set_rate(api, pool)
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=10))})
    await run_days(database, TODAY, TODAY + timedelta(days=10))
    first = await receive(api, pool, "400.00")
    assert (first.status_code, first.json()["receivable"]["amount"]) == (201, "10.95")
    assert await capacity(api, pool) == "1000400.00"
    second = (await receive(api, pool, "11.00")).json()
    assert (second["receivable"]["amount"], len(second["transfer_ids"])) == ("0.00", 2)
    shown = await interest(api, pool)
    assert (shown["income"]["amount"], shown["receivable"]["amount"]) == ("411.00", "0.00")
    tomorrow = TODAY + timedelta(days=11)
    assert told(await receive(api, pool, "1.00", tomorrow)) == (422, "request.date_in_future")


async def test_a_rate_takes_effect_on_no_day_that_has_accrued(api: Api, database: SavepointDatabase) -> None:
    """POL-18: days keep the rate they accrued with; a day has one rate."""
    pool = await make_pool(api)
    early = await set_rate(api, pool, TODAY - timedelta(days=1))
    assert told(early) == (409, "interest.rate_too_early")
    assert (await set_rate(api, pool)).status_code == 201
    assert told(await set_rate(api, pool, rate_ppm=1)) == (409, "interest.rate_taken")
    later = TODAY + timedelta(days=2)
    assert (await set_rate(api, pool, later, rate_ppm=0)).status_code == 201
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=5))})
    await run_days(database, TODAY, TODAY + timedelta(days=5))
    assert (await interest(api, pool))["receivable"]["amount"] == "82.19"


async def test_a_frozen_account_of_interest_keeps_no_other_pool_waiting(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-18, POL-23: its days accrue once the account is given back; none is lost."""
    pool, other = [await make_pool(api, paid_in="1000000.00") for _ in range(2)]
    for one in (pool, other):
        assert (await set_rate(api, one)).status_code == 201
    path = f"/v1/pools/{pool['id']}/accounts"
    ids = {one["code"]: one["id"] for one in (await api.get(MAKER, path)).json()}
    frozen = f"{path}/{ids['interest_receivable']}"
    await api.made(MAKER, f"{frozen}/freeze", {"reason": "示例冻结"})
    third = TODAY + timedelta(days=3)
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(third)})
    await run_days(database, TODAY + timedelta(days=1), TODAY + timedelta(days=2))
    assert (await interest(api, pool))["accrued_through"] is None
    assert (await interest(api, other))["receivable"]["amount"] == "82.19"
    await api.made("treasury", f"{frozen}/unfreeze", {"reason": "示例解冻"})
    await run_days(database, third, third)
    for one in (pool, other):
        assert (await interest(api, one))["receivable"]["amount"] == "123.28"


async def test_a_month_ends_over_a_moving_clock_once_all_its_days_have_accrued(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-18, POL-20: the days of a month accrue, also while it is held, and then it is closed."""
    pool = await make_pool(api, paid_in="1000000.00")
    month = Month.of(TODAY).following()
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(month.begins_on)})
    await set_rate(api, pool, month.begins_on)
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(month.ends_on)})
    await run_days(database, month.begins_on, month.ends_on)
    assert told(await move(api, MAKER, pool, str(month), "hold")) == (409, "period.not_over")
    next_day = month.following().begins_on
    await api.put(MAKER, "/v1/sandbox/clock", {"business_date": str(next_day)})
    await move(api, MAKER, pool, "2019-01", "hold")
    await move(api, CHECKER, pool, "2019-01", "close")
    assert (await move(api, MAKER, pool, str(month), "hold")).status_code == 200
    refused = await move(api, CHECKER, pool, str(month), "close")
    assert codes(refused) == ["period.days_not_run", "period.accruals_missing"]
    await run_days(database, next_day, next_day)
    closed = await move(api, CHECKER, pool, str(month), "close")
    assert closed.json()["status"] == "closed"
    shown = (await api.get("auditor", f"/v1/pools/{pool['id']}/periods/{month}")).json()
    (income,) = [one for one in shown["balances"] if one["code"] == "interest"]
    exact = 100_000_000 * 15_000 * month.days // (365 * 10**6)
    assert income["credits_posted"]["amount"] == f"{exact // 100}.{exact % 100:02d}"
    # Interest paid for the closed month is booked behind it, with the day it is of.
    made = (await receive(api, pool, "100.00", month.ends_on)).json()
    path = f"/v1/pools/{pool['id']}/transfers/{made['transfer_ids'][0]}"
    booked = (await api.get("auditor", path)).json()
    assert (booked["occurred_on"], booked["corrects_on"]) == (str(next_day), str(month.ends_on))


async def test_a_management_fee_booked_by_hand_lowers_what_the_pool_can_carry(api: Api) -> None:
    """POL-18, RP-05: fees are charged to the special account."""
    pool = await make_pool(api, paid_in="1000.00")
    path = f"/v1/pools/{pool['id']}"
    ids = {one["code"]: one["id"] for one in (await api.get(MAKER, f"{path}/accounts")).json()}
    body = {
        "debit_account_id": ids["fees"],
        "credit_account_id": ids["cash"],
        "amount": {"amount": "10.00", "currency": "CNY"},
        "code": "fee.management",
        "occurred_on": "2020-05-06",
    }
    assert (await api.post(MAKER, f"{path}/transfers", body)).status_code == 201
    assert await capacity(api, pool) == "990.00"
