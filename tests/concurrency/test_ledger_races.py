"""The ledger under many hands: one success of many, no deadlock, and all or nothing of a killed batch."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
import uuid
from collections import Counter
from typing import Any

import pytest

from app.domain.ledger import TransferKind
from app.domain.money import Money
from app.errors import from_unexpected
from app.infra.db import Database
from app.models.pool import Pool
from app.queries import integrity, ledger as queries
from app.services import bookkeeping
from app.services.bookkeeping import Wanted
from tests.factories.pledges import make_pool
from tests.support.instance import Instance

pytestmark = pytest.mark.committed
KEEPER = "pool_manager"
WORKERS, SECONDS = 20, 6


async def make_accounts(stage: Instance, pool: dict[str, Any], count: int) -> list[uuid.UUID]:
    """Empty debit accounts that may not be overdrawn."""
    made = []
    for number in range(count):
        account = {"code": f"hand.{number}", "name": "示例", "normal_side": "debit", "limit_side": "credit"}
        opened = await stage.api.made(KEEPER, f"/v1/pools/{pool['id']}/accounts", account)
        made.append(uuid.UUID(opened["id"]))
    return made


async def codes_of(stage: Instance, pool: dict[str, Any]) -> dict[str, str]:
    accounts = (await stage.api.get(KEEPER, f"/v1/pools/{pool['id']}/accounts")).json()
    return {account["code"]: account["id"] for account in accounts}


async def test_of_a_hundred_resolutions_at_once_one_succeeds(stage: Instance) -> None:
    """POL-04 (Blnk PR #43): posts and voids of one pending transfer; the others learn that it is resolved."""
    pool = await make_pool(stage.api)
    ids = await codes_of(stage, pool)
    path = f"/v1/pools/{pool['id']}/transfers"
    pending = {
        "kind": "pending",
        "debit_account_id": ids["fees"],
        "credit_account_id": ids["cash"],
        "amount": {"amount": "10.00", "currency": "CNY"},
        "code": "示例",
    }
    hold = await stage.api.made(KEEPER, path, pending)
    answers = await asyncio.gather(
        *(
            stage.api.post(
                KEEPER,
                path,
                {"kind": ("post", "void")[n % 2], "resolves_id": hold["id"], "code": "示例"},
            )
            for n in range(100)
        )
    )
    outcome = Counter("done" if one.status_code == 201 else one.json()["code"] for one in answers)
    assert outcome == {"done": 1, "transfer.already_resolved": 99}


async def test_twenty_workers_with_random_transfers_meet_no_deadlock(stage: Instance) -> None:
    """POL-26: singles, batches and resolutions in any order of accounts; what `verify` looks at holds."""
    pool_row = await make_pool(stage.api)
    accounts = await make_accounts(stage, pool_row, 6)
    ids = await codes_of(stage, pool_row)
    source = uuid.UUID(ids["interest"])
    actor = stage.api.actor(KEEPER)
    database = Database(stage.url, pool_size=WORKERS, read_pool_size=1, lock_timeout_ms=20_000)
    chance = random.Random(26)
    pending: list[uuid.UUID] = []
    outcome: Counter[str] = Counter()
    end = time.monotonic() + SECONDS

    def one() -> Wanted:
        kind = chance.choice(("posted", "posted", "pending", "post", "void"))
        amount = Money(chance.randrange(1, 2_000))
        if kind in ("post", "void") and pending:
            return Wanted(kind=TransferKind(kind), code="x", resolves_id=pending.pop())
        debit, credit = chance.sample([*accounts, source], 2)
        key = uuid.uuid4()
        if kind == "pending":
            pending.append(key)
        kind = "pending" if kind == "pending" else "posted"
        return Wanted(TransferKind(kind), "x", key, debit, credit, amount)

    async def worker() -> None:
        while time.monotonic() < end:
            wanted = [one() for _ in range(chance.choice((1, 1, 1, 8)))]
            try:
                async with database.write(actor.client_id) as unit:
                    pool = await unit.session.get_one(Pool, uuid.UUID(pool_row["id"]))
                    items = await bookkeeping.book_all(
                        unit.session, actor=actor, moment=unit.moment, pool=pool, wanted=wanted, atomic=False
                    )
                outcome.update(item.outcome.value for item in items)
            except Exception as error:  # noqa: BLE001 - whatever comes is counted by its code
                outcome[from_unexpected(error).code.code] += 1

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    await database.close()
    assert set(outcome) == {"created", "refused"}, outcome
    assert outcome["created"] > WORKERS
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await stage.owner.fetchval(deadlocks) == 0
    async with stage.database.read() as unit:
        assert await integrity.findings(unit.session) == []


KILLED = """
import asyncio, sys, uuid
from app.domain.ledger import TransferKind
from app.domain.money import Money
from app.domain.permission import system_actor
from app.infra.db import Database
from app.models.pool import Pool
from app.services import bookkeeping

async def main(url, pool_id, debit, credit):
    database = Database(url, pool_size=1, read_pool_size=1)
    async with database.write() as unit:
        pool = await unit.session.get_one(Pool, uuid.UUID(pool_id))
        wanted = [
            bookkeeping.Wanted(TransferKind.posted, "x", None, uuid.UUID(debit), uuid.UUID(credit), Money(1))
            for _ in range(1_000)
        ]
        await bookkeeping.book_all(unit.session, actor=system_actor("test"), moment=unit.moment, pool=pool,
                                   wanted=wanted, atomic=True)
        print("written", flush=True)
        if sys.argv[5] == "hang":
            await asyncio.Event().wait()
    print("committed", flush=True)

asyncio.run(main(*sys.argv[1:5]))
"""


@pytest.mark.parametrize(("ending", "expected"), [("hang", 0), ("go", 1_000)])
async def test_a_batch_whose_process_is_killed_leaves_all_or_nothing(
    stage: Instance, ending: str, expected: int
) -> None:
    """POL-08: killed between the writing and the commit, nothing is left, not even a lock."""
    pool = await make_pool(stage.api)
    ids = await codes_of(stage, pool)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        stage.url,
        pool["id"],
        ids["fees"],
        ids["interest"],
        ending,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"written\n"
    if ending == "hang":
        os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    count = "SELECT count(*) FROM ledger_transfers WHERE code = 'x'"
    assert await stage.owner.fetchval(count) == expected
    async with stage.database.write() as unit:
        locked = await queries.lock_accounts(
            unit.session, uuid.UUID(pool["id"]), [uuid.UUID(ids["fees"]), uuid.UUID(ids["interest"])]
        )
    assert {(one.debits_posted, one.credits_posted) for one in locked} == {(expected, 0), (0, expected)}


async def test_an_account_frozen_meanwhile_takes_nothing_more(stage: Instance) -> None:
    """POL-23: transfers beside a freeze: each is booked before it or refused; none after."""
    pool = await make_pool(stage.api)
    ids = await codes_of(stage, pool)
    path = f"/v1/pools/{pool['id']}"
    body = {
        "debit_account_id": ids["fees"],
        "credit_account_id": ids["interest"],
        "amount": {"amount": "1.00", "currency": "CNY"},
        "code": "示例",
    }
    work = [stage.api.post(KEEPER, f"{path}/transfers", body) for _ in range(20)]
    freeze = stage.api.post(KEEPER, f"{path}/accounts/{ids['fees']}/freeze", {"reason": "示例"})
    answers = await asyncio.gather(*work[:10], freeze, *work[10:])
    told = Counter("done" if one.is_success else one.json()["code"] for one in answers)
    assert set(told) <= {"done", "account.frozen"}
    shown = (await stage.api.get(KEEPER, f"{path}/accounts/{ids['fees']}")).json()
    assert shown["last_entry"]["kind"] == "pending"
    assert shown["account"]["version"] == told["done"]
