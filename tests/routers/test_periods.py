"""`/v1/pools/{id}/periods` over HTTP: hold, close by another, reopen, and what a closed month refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.period import Month
from app.services import jobs, periods
from tests.factories.clock import now
from tests.factories.periods import CHECKER, MAKER, close_period, make_document, move, reopen
from tests.factories.pledges import make_pool
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told


def contribution(occurred_on: str, yuan: str = "50.00") -> dict[str, Any]:
    return {
        "source": "district",
        "amount": {"amount": yuan, "currency": "CNY"},
        "occurred_on": occurred_on,
    }


async def balance(api: Api, pool: dict[str, Any], period: str, code: str = "cash") -> tuple[str, str]:
    """Debits and credits posted with which the account was closed."""
    shown = (await api.get("auditor", f"/v1/pools/{pool['id']}/periods/{period}")).json()
    (found,) = [one for one in shown["balances"] if one["code"] == code]
    return found["debits_posted"]["amount"], found["credits_posted"]["amount"]


async def fee(api: Api, pool: dict[str, Any], occurred_on: str, **changes: Any) -> Any:
    """A management fee of ten yuan booked by hand."""
    path = f"/v1/pools/{pool['id']}"
    ids = {one["code"]: one["id"] for one in (await api.get(MAKER, f"{path}/accounts")).json()}
    body = {
        "debit_account_id": ids["fees"],
        "credit_account_id": ids["cash"],
        "amount": {"amount": "10.00", "currency": "CNY"},
        "code": "fee.management",
        "occurred_on": occurred_on,
    }
    return await api.post(MAKER, f"{path}/transfers", body | changes)


async def test_a_month_is_held_by_one_and_closed_by_another_with_its_balances(api: Api) -> None:
    """POL-20: months without a row are open; the close writes what had effect by its last day."""
    pool = await make_pool(api, paid_in="1000.00")
    listed = (await api.get("auditor", f"/v1/pools/{pool['id']}/periods")).json()
    assert (listed[0]["period"], listed[0]["status"], listed[0]["round"]) == ("2019-01", "open", 0)
    assert listed[-1]["period"] == f"{now().today:%Y-%m}"
    held = await move(api, MAKER, pool, "2019-01", "hold")
    assert (held.json()["status"], held.json()["round"]) == ("held", 1)
    assert told(await move(api, MAKER, pool, "2019-01", "close")) == (409, "approval.same_person")
    closed = (await move(api, CHECKER, pool, "2019-01", "close")).json()
    assert (closed["status"], closed["closed_on"]) == ("closed", str(now().today))
    assert await balance(api, pool, "2019-01") == ("1000.00", "0.00")
    shown = (await api.get("auditor", f"/v1/pools/{pool['id']}/periods/2019-01")).json()["balances"]
    paid_in = [one["credits_posted"]["amount"] for one in shown if one["code"].startswith("contributions")]
    assert max(paid_in) == "1000.00"
    notices = (await api.get(CHECKER, "/v1/notices", kind="period_changed")).json()["items"]
    assert {one["kind"] for one in notices} >= {"period_changed"}


async def test_a_closed_month_takes_nothing_and_names_the_day_for_a_correction(api: Api) -> None:
    """POL-20: posting into a closed period goes to the adjustment path: the first open day."""
    pool = await make_pool(api, paid_in="1000.00")
    await close_period(api, pool, "2019-01")
    refused = await fee(api, pool, "2019-01-31")
    assert told(refused) == (409, "period.closed")
    assert refused.json()["violations"][0]["facts"]["first_open_day"] == "2019-02-01"
    assert told(await fee(api, pool, "2018-12-31")) == (409, "period.closed")
    assert (await fee(api, pool, "2019-02-01")).status_code == 201


async def test_a_held_month_takes_adjustments_only_until_it_is_resumed(api: Api) -> None:
    """POL-20: hold is the state asked for: nothing ordinary slips in while the books are looked at."""
    pool = await make_pool(api, paid_in="1000.00")
    assert (await move(api, MAKER, pool, "2019-01", "hold")).status_code == 200
    assert told(await fee(api, pool, "2019-01-31")) == (409, "period.held")
    assert (await fee(api, pool, "2019-01-31", adjustment=True)).status_code == 201
    assert (await move(api, CHECKER, pool, "2019-01", "resume")).json()["status"] == "open"
    assert (await fee(api, pool, "2019-01-31")).status_code == 201
    assert told(await move(api, CHECKER, pool, "2019-01", "close")) == (409, "state.illegal_transition")
    again = (await move(api, CHECKER, pool, "2019-01", "hold")).json()
    assert (again["status"], again["round"]) == ("held", 2)
    assert (await move(api, MAKER, pool, "2019-01", "close")).json()["status"] == "closed"
    assert await balance(api, pool, "2019-01") == ("1000.00", "20.00")


async def test_the_last_closed_month_is_opened_again_by_another_with_reason_and_document(api: Api) -> None:
    """POL-20: a new round; balances of the first stay, and who opened the month does not close it."""
    pool = await make_pool(api, paid_in="1000.00")
    await close_period(api, pool, "2019-01")
    await close_period(api, pool, "2019-02")
    assert told(await reopen(api, MAKER, pool, "2019-01")) == (409, "period.later_closed")
    assert told(await reopen(api, CHECKER, pool, "2019-02")) == (409, "approval.same_person")
    opened = (await reopen(api, MAKER, pool, "2019-02")).json()
    assert (opened["status"], opened["round"], opened["reason"]) == ("held", 2, "漏记管理费")
    assert (await fee(api, pool, "2019-02-28", adjustment=True)).status_code == 201
    assert told(await move(api, MAKER, pool, "2019-02", "close")) == (409, "approval.same_person")
    assert (await move(api, CHECKER, pool, "2019-02", "close")).json()["status"] == "closed"
    assert await balance(api, pool, "2019-02") == ("1000.00", "10.00")
    assert await balance(api, pool, "2019-01") == ("1000.00", "0.00")


async def test_months_close_in_order_and_only_when_they_are_over(api: Api) -> None:
    """POL-20: what has entries is closed first; a month without may be passed, and is then closed too."""
    pool = await make_pool(api, paid_in="1000.00")
    await api.made(MAKER, f"/v1/pools/{pool['id']}/contributions", contribution("2019-03-05"))
    this_month = f"{now().today:%Y-%m}"
    assert told(await move(api, MAKER, pool, this_month, "hold")) == (409, "period.not_over")
    assert (await move(api, MAKER, pool, "2019-04", "hold")).status_code == 200
    early = await move(api, CHECKER, pool, "2019-04", "close")
    assert told(early) == (409, "period.earlier_open")
    assert early.json()["violations"][0]["facts"]["period"] == "2019-01"
    await close_period(api, pool, "2019-01")
    await close_period(api, pool, "2019-03")
    assert told(await move(api, MAKER, pool, "2019-02", "hold")) == (409, "period.later_closed")
    assert told(await fee(api, pool, "2019-02-15")) == (409, "period.closed")
    assert (await move(api, CHECKER, pool, "2019-04", "close")).status_code == 200
    assert await balance(api, pool, "2019-04") == ("1050.00", "0.00")


@pytest.mark.parametrize("period", ["2019-13", "2019-1", "0000-01", "2019-01-01"])
async def test_what_is_no_month_is_refused(api: Api, period: str) -> None:
    """POL-20: a period is written YYYY-MM."""
    pool = await make_pool(api)
    assert told(await move(api, MAKER, pool, period, "hold")) == (422, "period.invalid")


async def test_who_does_not_keep_the_books_sees_and_closes_nothing(api: Api) -> None:
    """POL-20, RB-02: the auditor reads; banks do neither."""
    pool = await make_pool(api)
    assert told(await move(api, "auditor", pool, "2019-01", "hold")) == (403, "auth.denied")
    assert told(await api.get("bank_a", f"/v1/pools/{pool['id']}/periods")) == (403, "auth.denied")


async def test_a_module_books_a_late_day_on_the_first_open_one_and_names_it(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-20: what happened in a closed or held month is booked behind it, with the true day."""
    pool = await make_pool(api, paid_in="1000.00")
    await close_period(api, pool, "2019-01")
    assert (await move(api, MAKER, pool, "2019-02", "hold")).status_code == 200
    async with database.write() as unit:
        found = [
            await periods.bookable(unit.session, pool["id"], day, unit.moment.today)
            for day in (date(2018, 5, 5), date(2019, 1, 31), date(2019, 2, 1), date(2019, 3, 7))
        ]
    first = date(2019, 3, 1)
    assert [(one.occurred_on, one.corrects_on) for one in found] == [
        (first, date(2018, 5, 5)),
        (first, date(2019, 1, 31)),
        (first, date(2019, 2, 1)),
        (date(2019, 3, 7), None),
    ]


async def test_a_month_closes_once_every_job_that_books_has_run_its_days(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-20, OPS-03: a job that failed books its missed days later, and would find them closed."""
    assert set(periods.LEDGER_JOBS) <= set(jobs.JOBS)
    pool = await make_pool(api, paid_in="1000.00")
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        for job, day in (("accrue_interest", "2019-03-01"), ("expire_transfers", "2019-01-15")):
            await unit.session.execute(
                text("INSERT INTO job_runs VALUES (:job, :day, '{}', now())"),
                {"job": job, "day": date.fromisoformat(day)},
            )
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
    assert (await move(api, MAKER, pool, "2019-01", "hold")).status_code == 200
    refused = await move(api, CHECKER, pool, "2019-01", "close")
    assert told(refused) == (409, "period.days_not_run")
    assert refused.json()["violations"][0]["facts"] == {"through": "2019-01-15"}


async def test_what_was_set_aside_in_a_closed_month_is_given_back_today(api: Api) -> None:
    """POL-20, POL-06: a hold and a proposed reversal of January are ended after January was closed."""
    pool = await make_pool(api, paid_in="1000.00")
    path = f"/v1/pools/{pool['id']}"
    held = await fee(api, pool, "2019-01-30", kind="pending")
    booked = await fee(api, pool, "2019-01-31")
    propose = f"{path}/transfers/{booked.json()['id']}/reversal"
    proposal = await api.post(MAKER, propose, {"reason": "示例更正", "effective": "original"})
    assert (held.status_code, booked.status_code, proposal.status_code) == (201, 201, 201)
    await close_period(api, pool, "2019-01")
    for pending in (held, proposal):
        body = {"kind": "void", "resolves_id": pending.json()["id"], "code": "given.back"}
        given_back = await api.post(CHECKER, f"{path}/transfers", body)
        assert (given_back.status_code, given_back.json()["occurred_on"]) == (201, str(now().today))
    again = (await api.post(MAKER, propose, {"reason": "示例更正", "effective": "original"})).json()
    assert (again["occurred_on"], again["corrects_on"]) == ("2019-02-01", "2019-01-31")
    body = {"kind": "post", "resolves_id": again["id"], "code": "reversal"}
    assert (await api.post(CHECKER, f"{path}/transfers", body)).status_code == 201
    late = (await api.post(MAKER, f"{path}/contributions", contribution("2019-01-15"))).json()
    shown = (await api.get("auditor", f"{path}/transfers/{late['transfer_id']}")).json()
    assert (shown["occurred_on"], shown["corrects_on"]) == ("2019-02-01", "2019-01-15")


async def test_a_year_closes_month_by_month_against_the_banks_statements(api: Api) -> None:
    """POL-19, POL-20: twelve statements and closings in a row, each opening with what was closed before."""
    pool = await make_pool(api, paid_in="1000.00")
    total = 1000
    for number in range(1, 13):
        month = Month(date(2019, number, 1))
        if number > 1:
            await api.made(
                MAKER, f"/v1/pools/{pool['id']}/contributions", contribution(str(month.ends_on), "7.00")
            )
            total += 7
        line = f"{month.ends_on},7.00" if number > 1 else "2019-01-02,1000.00"
        document_id = await make_document(api, MAKER, f"date,amount,reference\n{line},{month}\n".encode())
        body = {"document_id": document_id, "ends_on": str(month.ends_on)}
        first = {"opening": {"amount": "0.00", "currency": "CNY"}, "begins_on": "2019-01-01"}
        made = await api.made(
            MAKER, f"/v1/pools/{pool['id']}/bank-statements", body | (first if number == 1 else {})
        )
        assert (made["matched"], made["closing"]["amount"]) == (1, f"{total}.00")
        assert (await close_period(api, pool, str(month)))["status"] == "closed"
        assert await balance(api, pool, str(month)) == (f"{total}.00", "0.00")
