"""Postings, holds and closings of one month at once: what is posted is in the balances, or refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import httpx
import pytest

from tests.factories.periods import CHECKER, MAKER, make_document, move
from tests.factories.pledges import make_pool
from tests.support.instance import Instance

POSTINGS = 20
BALANCE = """
SELECT b.debits_posted - b.credits_posted FROM period_balances b JOIN periods p ON p.id = b.period_id
JOIN ledger_accounts a ON a.id = b.account_id WHERE a.code = 'cash' AND b.round = p.round
"""
EFFECTIVE = """
SELECT sum(CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END)::bigint FROM ledger_entries e
JOIN ledger_accounts a ON a.id = e.account_id WHERE a.code = 'cash' AND e.occurred_on <= '2019-01-31'
"""


async def fees(stage: Instance, pool: dict[str, Any], **changes: Any) -> list[Any]:
    """Fees of one yuan in the month that is closed, to be sent side by side."""
    path = f"/v1/pools/{pool['id']}"
    ids = {one["code"]: one["id"] for one in (await stage.api.get(MAKER, f"{path}/accounts")).json()}
    body = {
        "debit_account_id": ids["fees"],
        "credit_account_id": ids["cash"],
        "amount": {"amount": "1.00", "currency": "CNY"},
        "code": "fee.management",
        "occurred_on": "2019-01-31",
    }
    return [stage.api.post(MAKER, f"{path}/transfers", body | changes) for _ in range(POSTINGS)]


def told(answers: list[httpx.Response]) -> Counter[str]:
    """How often each outcome came."""
    return Counter("booked" if one.status_code == 201 else one.json()["code"] for one in answers)


@pytest.mark.committed
async def test_adjustments_beside_a_closing_are_in_its_balances_or_refused(stage: Instance) -> None:
    """POL-20: the locks of the accounts decide; nothing has effect in a month behind its balances."""
    pool = await make_pool(stage.api, paid_in="1000.00")
    assert (await move(stage.api, MAKER, pool, "2019-01", "hold")).status_code == 200
    work = await fees(stage, pool, adjustment=True)
    closing = move(stage.api, CHECKER, pool, "2019-01", "close")
    *answers, closed = await asyncio.gather(*work[:10], closing, *work[10:])
    answers = [*answers, closed]
    closings = [one for one in answers if "period" in one.json()]
    assert [one.json()["status"] for one in closings] == ["closed"]
    outcome = told([one for one in answers if one not in closings])
    assert set(outcome) <= {"booked", "period.closed"}
    assert outcome.total() == POSTINGS
    assert await stage.owner.fetchval(BALANCE) == await stage.owner.fetchval(EFFECTIVE)
    assert await stage.owner.fetchval(BALANCE) == 100_000 - 100 * outcome["booked"]


@pytest.mark.committed
async def test_postings_beside_a_hold_are_there_when_it_answers_or_refused(stage: Instance) -> None:
    """POL-20: once the hold has answered, nothing ordinary is under way any more."""
    pool = await make_pool(stage.api, paid_in="1000.00")
    work = await fees(stage, pool)

    async def hold() -> int:
        assert (await move(stage.api, MAKER, pool, "2019-01", "hold")).status_code == 200
        found = await stage.owner.fetchval(EFFECTIVE)
        return int(found)

    answers = await asyncio.gather(*work[:10], hold(), *work[10:])
    seen = answers.pop(10)
    outcome = told([one for one in answers if isinstance(one, httpx.Response)])
    assert set(outcome) <= {"booked", "period.held"}
    assert seen == await stage.owner.fetchval(EFFECTIVE) == 100_000 - 100 * outcome["booked"]


@pytest.mark.committed
async def test_a_month_is_held_and_closed_once_however_many_ask(stage: Instance) -> None:
    """POL-20, RB-02: one of ten holds, one of ten closings; the others learn of the state."""
    pool = await make_pool(stage.api, paid_in="1000.00")
    for role, what in ((MAKER, "hold"), (CHECKER, "close")):
        answers = await asyncio.gather(*(move(stage.api, role, pool, "2019-01", what) for _ in range(10)))
        outcome = Counter(one.status_code if one.is_success else one.json()["code"] for one in answers)
        assert outcome == {200: 1, "state.illegal_transition": 9}
    assert await stage.owner.fetchval("SELECT count(DISTINCT round) FROM period_balances") == 1


@pytest.mark.committed
async def test_the_database_itself_keeps_a_period_to_two_hands(stage: Instance) -> None:
    """POL-20, RB-02: neither held, closed nor opened again without the approvals, whoever writes."""
    pool = await make_pool(stage.api, paid_in="1000.00")
    assert (await move(stage.api, MAKER, pool, "2019-01", "hold")).status_code == 200
    await stage.owner.execute("SET ROLE ipops_app")
    with pytest.raises(asyncpg.CheckViolationError, match="without a second client"):
        await stage.owner.execute("UPDATE periods SET status = 'closed', closed_on = '2019-02-01'")
    assert (await move(stage.api, CHECKER, pool, "2019-01", "close")).status_code == 200
    with pytest.raises(asyncpg.CheckViolationError, match="opened again"):
        await stage.owner.execute("UPDATE periods SET status = 'open'")
    with pytest.raises(asyncpg.CheckViolationError, match="held by nobody"):
        await stage.owner.execute("UPDATE periods SET status = 'held', round = 2, reason = '示例'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await stage.owner.execute("UPDATE period_balances SET debits_posted = 0")


@pytest.mark.committed
async def test_the_database_itself_keeps_a_line_to_the_money_of_its_transfer(stage: Instance) -> None:
    """POL-19: amount and direction of the entry on the special account."""
    pool = await make_pool(stage.api, paid_in="1000.00")
    document_id = await make_document(stage.api, MAKER, b"date,amount\n2019-01-02,-1000.00\n")
    body = {"document_id": document_id, "opening": {"amount": "1000.00", "currency": "CNY"}}
    made = await stage.api.made(MAKER, f"/v1/pools/{pool['id']}/bank-statements", body)
    assert (made["matched"], made["unmatched"]) == (0, 1)
    await stage.owner.execute("SET ROLE ipops_app")
    with pytest.raises(asyncpg.CheckViolationError, match="same amount"):
        await stage.owner.execute(
            "UPDATE bank_statement_lines SET status = 'matched', rule = 'by_hand',"
            " transfer_id = (SELECT id FROM ledger_transfers LIMIT 1)"
        )


@pytest.mark.committed
async def test_the_database_itself_asks_for_a_second_client_and_keeps_what_is_closed(stage: Instance) -> None:
    """POL-19, RB-02: no explanation without another client's decision; a closed month's lines stay."""
    pool = await make_pool(stage.api, paid_in="1000.00")
    content = b"date,amount\n2019-01-02,1000.00\n2019-01-03,-7.00\n2019-01-04,7.00\n"
    document_id = await make_document(stage.api, MAKER, content)
    path = f"/v1/pools/{pool['id']}/bank-statements"
    body = {"document_id": document_id, "ends_on": "2019-01-31"}
    opening = {"opening": {"amount": "0.00", "currency": "CNY"}}
    made = await stage.api.made(MAKER, path, body | opening)
    one = "UPDATE bank_statement_lines SET status = 'explained', reason = '示例', version = version + 1 "
    for where in ("WHERE ordinal = 2", "WHERE ordinal = 3"):
        with pytest.raises(asyncpg.CheckViolationError, match="second client"):
            await stage.owner.execute(one + where)
    for row in (await stage.api.get(MAKER, f"{path}/{made['id']}/lines")).json()["items"][1:]:
        explained = f"{path}/{made['id']}/lines/{row['id']}/explanation"
        await stage.api.made(CHECKER, explained, {"reason": "误扣，已退回"})
    for what, role in (("hold", CHECKER), ("resume", MAKER), ("hold", MAKER), ("close", CHECKER)):
        assert (await move(stage.api, role, pool, "2019-01", what)).status_code == 200
    await stage.owner.execute("SET ROLE ipops_app")
    for change in ("reason = '另一个理由'", "status = 'unmatched', reason = NULL"):
        with pytest.raises(asyncpg.CheckViolationError, match="closed period rests on"):
            await stage.owner.execute(f"UPDATE bank_statement_lines SET {change} WHERE ordinal = 2")
    with pytest.raises(asyncpg.CheckViolationError, match="changes its round"):
        await stage.owner.execute("UPDATE periods SET round = round - 1")
