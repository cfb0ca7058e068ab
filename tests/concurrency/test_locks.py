"""What a decision locks: nothing it was decided on changes before it is written."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from tests.factories.assets import make_asset
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance
from tests.support.server import plain

pytestmark = pytest.mark.committed


WAITING = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"
VOID = (
    "INSERT INTO ledger_transfers (ledger_id, id, district_code, kind, debit_account_id,"
    " credit_account_id, currency, amount_fen, resolves_id, posting_id, code, business_noun,"
    " business_id, occurred_on, booked_on, position, event_id, recorded_at) SELECT ledger_id, gen_random_uuid(),"
    " district_code, 'void', debit_account_id, credit_account_id, currency, amount_fen, id,"
    " posting_id, code, business_noun, business_id, occurred_on, booked_on, 0, event_id, recorded_at"
    " FROM ledger_transfers WHERE kind = 'pending'"
)
"""Gives back every pending transfer, by hand."""


@pytest.mark.parametrize("covered", [False, True])
async def test_a_filing_waits_for_a_change_of_its_right_and_decides_on_the_new_state(
    stage: Instance, *, covered: bool
) -> None:
    """SC-01: with or without a pool the rights are locked before anything is read."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        right = await make_asset(unit.session, owners=[owner])
    changes = {"pool_id": (await make_pool(stage.api))["id"]} if covered else {}
    connection = await asyncpg.connect(plain(stage.url))
    change = connection.transaction()
    await change.start()
    await connection.execute("UPDATE assets SET status = 'late_fee' WHERE id = $1", right.id)
    waiting = asyncio.create_task(
        stage.api.post("bank_a", "/v1/pledges", filing(owner, [right.id], **changes))
    )
    watcher = await asyncpg.connect(plain(stage.url))
    while not await watcher.fetchval(WAITING):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    await change.commit()
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (409, "pledge.annuity_unpaid")
    await connection.close()
    await watcher.close()


async def test_contributions_and_bookings_side_by_side_never_deadlock(stage: Instance) -> None:
    """POL-26: both take the pool before its accounts."""
    pool = await make_pool(stage.api)
    path = f"/v1/pools/{pool['id']}"
    accounts = {a["code"]: a["id"] for a in (await stage.api.get("pool_manager", f"{path}/accounts")).json()}
    paid = {"source": "district", "amount": {"amount": "1.00"}, "occurred_on": "2019-01-02"}
    moved = {
        "debit_account_id": accounts["cash"],
        "credit_account_id": accounts["contributions"],
        "amount": {"amount": "1.00"},
        "code": "示例",
    }
    answers = await asyncio.gather(
        *(
            stage.api.post("pool_manager", f"{path}/{kind}", body)
            for _ in range(15)
            for kind, body in (("contributions", paid), ("transfers", moved))
        )
    )
    assert {answer.status_code for answer in answers} == {201}


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE commitments SET status = 'released'", "is pending"),
        (
            VOID,
            "live commitment",
        ),
    ],
)
async def test_a_commitment_and_its_transfer_end_together_or_not_at_all(
    stage: Instance, statement: str, refusal: str
) -> None:
    """POL-13: not even direct SQL of the application's role parts the two."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        right = await make_asset(unit.session, owners=[owner])
    pool = await make_pool(stage.api)
    await stage.api.made("bank_a", "/v1/pledges", filing(owner, [right.id], pool_id=pool["id"]))
    with pytest.raises(Exception, match=refusal):
        async with stage.database.write() as unit:
            await unit.session.execute(text(statement))
