"""Books exported beside and after many writers: other programs check them and come to the API's balances."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.queries import integrity
from tests.factories.clock import now
from tests.factories.pledges import make_pool
from tests.support.instance import Instance
from tests.support.plain_text import (
    HLEDGER,
    asserted,
    expected,
    exported,
    hledger_balances,
    loaded,
    run_hledger,
    summed,
)

KEEPER, SECOND = "pool_manager", "treasury"
WORKERS, SECONDS = 20, 5
NAMES = ('"引号"; 示例', "示例；\\第二行", "（示例）=1+1, A:B", "𠮷示例", "示例", "*示例!")


@dataclass
class Rush:
    """Many hands at one pool's books, over HTTP; what they have left pending and posted so far."""

    stage: Instance
    pool: dict[str, Any]
    accounts: list[str]
    chance: random.Random
    pending: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    reversals: list[str] = field(default_factory=list)
    outcome: Counter[str] = field(default_factory=Counter)

    @property
    def path(self) -> str:
        return f"/v1/pools/{self.pool['id']}"

    def one(self, kind: str) -> dict[str, Any]:
        """A transfer between two accounts, of today or of a day long past."""
        debit, credit = self.chance.sample(self.accounts, 2)
        back = self.chance.choice((0, 0, 1, 40, 500))
        yuan, fen = divmod(self.chance.choice((1, 99, 12_345, 10**13 + 1)), 100)
        return {
            "id": str(uuid.uuid4()),
            "kind": kind,
            "debit_account_id": debit,
            "credit_account_id": credit,
            "amount": {"amount": f"{yuan}.{fen:02}", "currency": "CNY"},
            "code": "示例;=1",
            "narrative": self.chance.choice(NAMES),
            "occurred_on": str(now().today - timedelta(days=back)),
        }

    async def work(self, until: float) -> None:
        while time.monotonic() < until:
            act = self.chance.choice((self.single, self.single, self.batch, self.resolve, self.reverse))
            await act()

    async def single(self) -> None:
        body = self.one(self.chance.choice(("posted", "pending")))
        self.note(body, await self.stage.api.post(KEEPER, f"{self.path}/transfers", body))

    async def batch(self) -> None:
        posting = str(uuid.uuid4())
        bodies = [self.one(self.chance.choice(("posted", "posted", "pending"))) for _ in range(6)]
        bodies[:3] = [one | {"posting_id": posting} for one in bodies[:3]]
        if self.pending:
            kind = self.chance.choice(("post", "void"))
            bodies.append({"kind": kind, "resolves_id": self.pending.pop(0), "code": "示例"})
        body = {"mode": "continue", "transfers": bodies}
        answer = await self.stage.api.post(KEEPER, f"{self.path}/transfers:batch", body)
        assert answer.status_code == 200, answer.text
        for one, result in zip(bodies, answer.json()["results"], strict=True):
            self.outcome[f"batch {result['outcome']}"] += 1
            if result["outcome"] == "created" and "id" in one:
                (self.pending if one["kind"] == "pending" else self.posted).append(one["id"])

    async def resolve(self) -> None:
        waiting = self.reversals if self.reversals and self.chance.random() < 0.5 else self.pending
        if not waiting:
            return
        body: dict[str, Any] = {
            "kind": self.chance.choice(("post", "post", "void")),
            "resolves_id": waiting.pop(0),
            "code": "示例",
        }
        self.note(body, await self.stage.api.post(SECOND, f"{self.path}/transfers", body))

    async def reverse(self) -> None:
        if not self.posted:
            return
        original = self.posted.pop(self.chance.randrange(len(self.posted)))
        body = {"effective": self.chance.choice(("original", "today")), "reason": NAMES[0]}
        answer = await self.stage.api.post(KEEPER, f"{self.path}/transfers/{original}/reversal", body)
        self.outcome["proposed" if answer.is_success else answer.json()["code"]] += 1
        if answer.is_success:
            self.reversals.append(answer.json()["id"])

    def note(self, body: dict[str, Any], answer: httpx.Response) -> None:
        self.outcome[body["kind"] if answer.is_success else answer.json()["code"]] += 1
        if answer.is_success and body["kind"] in ("posted", "pending"):
            (self.pending if body["kind"] == "pending" else self.posted).append(body["id"])

    async def take(self, until: float) -> list[str]:
        """The books as beancount reads them, taken again and again meanwhile."""
        taken = []
        while time.monotonic() < until:
            taken.append((await exported(self.stage.api, self.pool, "beancount")).decode())
            await asyncio.sleep(0.5)
        return taken


async def make_rush(stage: Instance) -> Rush:
    """A pool with accounts of unfriendly names, which may be overdrawn."""
    pool = await make_pool(stage.api)
    accounts = []
    for number, name in enumerate(NAMES):
        side = ("debit", "credit")[number % 2]
        account = {"code": f"hand_{number}.x", "name": name, "normal_side": side}
        opened = await stage.api.made(KEEPER, f"/v1/pools/{pool['id']}/accounts", account)
        accounts.append(opened["id"])
    return Rush(stage, pool, accounts, random.Random(24))


@pytest.mark.committed
async def test_books_of_many_writers_check_in_other_programs_and_have_our_balances(
    stage: Instance, tmp_path: Path
) -> None:
    """POL-24, POL-26: taken in their midst each export is whole; at the end all balances are the API's."""
    rush = await make_rush(stage)
    until = time.monotonic() + SECONDS
    taking = asyncio.create_task(rush.take(until))
    await asyncio.gather(*(rush.work(until) for _ in range(WORKERS)))
    taken = await taking
    assert taken
    done = rush.outcome
    assert {"posted", "pending", "post", "void", "proposed", "batch created"} <= set(done), done
    assert not [one for one in done if one.startswith("internal")], done
    for source in taken:
        entries, faults = loaded(source)
        assert faults == []
        sums = summed(entries)
        assert {name: sums.get(name, 0) for name in asserted(entries)} == asserted(entries)

    wanted = await expected(stage.api, rush.pool)
    assert any(fen for name, fen in wanted.items() if ":Pending:" in name)
    entries, faults = loaded((await exported(stage.api, rush.pool, "beancount")).decode())
    assert faults == []
    assert asserted(entries) == wanted
    assert {name: summed(entries).get(name, 0) for name in wanted} == wanted
    transfers = await stage.owner.fetchval("SELECT count(*) FROM ledger_transfers")
    assert len({m.meta["transfer"] for one in entries for m in getattr(one, "postings", [])}) == transfers
    async with stage.database.read() as unit:
        assert await integrity.findings(unit.session) == []
    if HLEDGER is not None:  # a second opinion, where it is installed: beancount has checked the same books
        file = tmp_path / "books.journal"
        file.write_bytes(await exported(stage.api, rush.pool, "hledger"))
        checked = run_hledger(file, "check", "--strict", "ordereddates")
        assert (checked.returncode, checked.stderr) == (0, "")
        assert hledger_balances(file) == wanted
