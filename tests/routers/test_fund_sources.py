"""What can be done to a source by hand: its account moves with money only, and within what it committed."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.asset import AssetKind
from app.errors import database_fault
from app.queries import funds as queries
from tests.factories.claims import make_claim, make_loan, money, publicise
from tests.factories.periods import close_period
from tests.routers.test_funds import (
    add,
    contribute,
    empty_pool,
    figures,
    loan_on_a_mark,
    move,
    right,
    sound,
)
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def accounts(api: Api, pool: dict[str, Any]) -> dict[str, str]:
    """By code the ids of a pool's accounts."""
    found = (await api.get("auditor", f"/v1/pools/{pool['id']}/accounts")).json()
    return {one["code"]: one["id"] for one in found}


async def by_hand(api: Api, pool: dict[str, Any], debit: str, credit: str, yuan: str, **changes: Any) -> Any:
    ids = await accounts(api, pool)
    body = {
        "debit_account_id": ids[debit],
        "credit_account_id": ids[credit],
        "amount": money(yuan),
        "code": "示例",
    }
    return await api.post("pool_manager", f"/v1/pools/{pool['id']}/transfers", body | changes)


MONEYLESS = [
    ("contributions.1", "contributions.2"),
    ("contributions.2", "contributions.1"),
    ("fees", "contributions.1"),
    ("contributions", "interest"),
]


@pytest.mark.parametrize(("debit", "credit"), MONEYLESS)
@pytest.mark.parametrize("kind", ["posted", "pending"])
async def test_what_a_source_paid_in_is_not_changed_without_money(
    api: Api, database: SavepointDatabase, debit: str, credit: str, kind: str
) -> None:
    """POL-12, RP-19: accounts of contributions move with the special account, by hand and in the database."""
    pool = await empty_pool(api)
    central = await add(api, pool)
    await contribute(api, pool, "100.00", "2019-01-02", source_id=central["id"])
    await contribute(api, pool, "50.00", "2019-01-03", source="district")
    before = await figures(api, pool)
    refused = await by_hand(api, pool, debit, credit, "1.00", kind=kind)
    assert told(refused) == (409, "source.moves_with_cash"), refused.text
    with pytest.raises(asyncpg.CheckViolationError) as raised:
        await move(database, pool["id"], debit, credit, 100, kind=kind, attributed=False)
    assert raised.value.constraint_name == "ck_fund_sources_cash"
    assert await figures(api, pool) == before
    await sound(database)


async def test_a_return_that_is_undone_does_not_pass_what_was_committed(api: Api) -> None:
    """POL-12: what was given back, and paid in anew, does not come back on top."""
    pool = await empty_pool(api)
    central = await add(api, pool, committed=money("100.00"))
    await contribute(api, pool, "100.00", "2019-01-02", source_id=central["id"])
    returned = await by_hand(api, pool, "contributions.1", "cash", "40.00")
    assert returned.status_code == 201, returned.text
    await contribute(api, pool, "40.00", "2019-01-03", source_id=central["id"])
    path = f"/v1/pools/{pool['id']}/transfers/{returned.json()['id']}"
    proposed = await api.post("pool_manager", f"{path}/reversal", {"reason": "示例", "effective": "today"})
    assert proposed.status_code == 201, proposed.text
    body = {"kind": "post", "resolves_id": proposed.json()["id"], "code": "示例"}
    posted = await api.post("treasury", f"/v1/pools/{pool['id']}/transfers", body)
    assert told(posted) == (409, "source.over_committed"), posted.text
    assert (await figures(api, pool))["示例中央专项"]["paid_in"] == "100.00"


async def test_an_account_opened_by_hand_is_no_contribution_account(api: Api) -> None:
    """POL-12, RP-18: these are opened with their sources, and do not stand in the way of one."""
    pool = await empty_pool(api)
    body = {"code": "contributions.1", "name": "示例", "normal_side": "credit"}
    made = await api.post("pool_manager", f"/v1/pools/{pool['id']}/accounts", body)
    assert told(made) == (409, "account.code_reserved"), made.text
    assert (await add(api, pool))["account_code"] == "contributions.1"


async def test_a_contribution_of_a_closed_month_is_booked_on_the_first_open_day(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-20, RP-19: with the day on which it was paid in."""
    pool = await empty_pool(api)
    await contribute(api, pool, "100.00", "2019-01-02", source="district")
    await close_period(api, pool, "2019-01")
    late = await contribute(api, pool, "50.00", "2019-01-31", source="district")
    async with database.read() as unit:
        statement = text("SELECT occurred_on, corrects_on FROM ledger_transfers WHERE id = :id")
        row = (await unit.session.execute(statement, {"id": late})).one()
    assert (str(row.occurred_on), str(row.corrects_on)) == ("2019-02-01", "2019-01-31")
    await sound(database)


async def payable(api: Api, claim: dict[str, Any]) -> tuple[str, bool]:
    found = (await api.get("bank_a", f"/v1/claims/{claim['id']}/settlement")).json()
    return found["payable"]["amount"], found["queued"]


async def payment(api: Api, claim: dict[str, Any]) -> Any:
    return await api.post("treasury", f"/v1/claims/{claim['id']}/payment", {})


async def mark_and_patent(
    api: Api, database: SavepointDatabase, shortage: str, central: str, plain: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Public claims of 200,000.00 each on a mark, first, and a patent; `central` money is for patents."""
    pool = await empty_pool(api, shortage=shortage)
    source = await add(api, pool)
    await contribute(api, pool, central, "2019-01-02", source_id=source["id"])
    await contribute(api, pool, plain, "2019-01-03", source="district")
    mark = await loan_on_a_mark(api, pool, await right(api, database, AssetKind.trademark))
    patent = await make_loan(api, pool, await right(api, database, AssetKind.patent))
    return pool, [await publicise(api, await make_claim(api, one)) for one in (mark, patent)]


async def test_in_a_queue_a_claim_waits_for_money_of_its_own(api: Api, database: SavepointDatabase) -> None:
    """POL-12, POL-16: money that is not for its loan pays those behind it."""
    pool, (mark, patent) = await mark_and_patent(api, database, "queue", "250000.00", "50000.00")
    assert await payable(api, mark) == ("50000.00", True)
    assert await payable(api, patent) == ("200000.00", False)
    assert told(await payment(api, mark)) == (409, "claim.queued")
    paid = await payment(api, patent)
    assert (paid.status_code, paid.json()["paid"]["amount"]) == (200, "200000.00"), paid.text
    assert told(await payment(api, mark)) == (409, "claim.queued")
    await contribute(api, pool, "150000.00", "2019-01-04", source="city")
    paid = await payment(api, mark)
    assert (paid.status_code, paid.json()["paid"]["amount"]) == (200, "200000.00"), paid.text
    assert (await figures(api, pool))["示例中央专项"]["drawn"] == "200000.00"
    await sound(database)


@pytest.mark.parametrize("first", [0, 1])
async def test_pro_rata_what_is_not_for_one_loan_is_shared_among_the_others(
    api: Api, database: SavepointDatabase, first: int
) -> None:
    """POL-12, POL-16: a payout is limited to what its loan may be paid from, and not refused."""
    pool, claims = await mark_and_patent(api, database, "pro_rata", "250000.00", "50000.00")
    assert [await payable(api, one) for one in claims] == [("50000.00", False), ("200000.00", False)]
    for one in (claims[first], claims[1 - first]):
        paid = await payment(api, one)
        assert paid.status_code == 200, paid.text
    shown = [(await api.get("bank_a", f"/v1/claims/{one['id']}")).json() for one in claims]
    assert [(one["paid"]["amount"], one["shortfall_reason"]) for one in shown] == [
        ("50000.00", "earmark"),
        ("200000.00", None),
    ]
    assert (await figures(api, pool))["示例中央专项"]["drawn"] == "200000.00"
    await sound(database)


@pytest.mark.parametrize(
    "earmark", [{"eligible_ip": ["trademark"]}, {"eligible_ip": None, "eligible_districts": ["310115"]}]
)
async def test_the_database_lets_no_loss_be_paid_out_of_money_for_others(
    api: Api, database: SavepointDatabase, earmark: dict[str, Any]
) -> None:
    """POL-12: whatever writes the movements of a payout."""
    pool = await empty_pool(api)
    other = await add(api, pool, **earmark)
    tranche = await contribute(api, pool, "300000.00", "2019-01-02", source_id=other["id"])
    await contribute(api, pool, "300000.00", "2019-01-03", source="district")
    patent = await make_loan(api, pool, await right(api, database, AssetKind.patent))
    claim = await publicise(api, await make_claim(api, patent))
    assert (await payment(api, claim)).status_code == 200
    with pytest.raises(DBAPIError) as raised:
        async with database.write() as unit:
            await unit.session.execute(
                text(
                    "INSERT INTO fund_movements (pool_id, transfer_id, tranche_id, district_code, amount_fen,"
                    " event_id, recorded_at) SELECT ledger_id, id, :tranche, district_code, -1, event_id,"
                    " recorded_at FROM ledger_transfers WHERE ledger_id = :pool AND business_noun = 'claim'"
                    " AND kind = 'post'"
                ),
                {"pool": pool["id"], "tranche": tranche},
            )
    assert database_fault(raised.value)[1] == "ck_fund_movements_eligible"


async def test_a_pool_that_is_not_there_is_not_remembered(database: SavepointDatabase) -> None:
    """POL-25: the special account is asked once per process, and only an answer is kept."""
    pool_id = uuid.uuid4()
    async with database.read() as unit:
        for _ in range(2):
            with pytest.raises(LookupError):
                await queries.cash_account(unit.session, pool_id)
