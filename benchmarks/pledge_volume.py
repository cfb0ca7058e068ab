"""Filing in a register of the whole country with its past pledges, beside the same in an empty one."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.pledge_filing import Filing, file_one
from benchmarks.register_import import fresh
from benchmarks.runner import CONNECTIONS, Pass, Result, compare, take_turns
from benchmarks.server import open_bench
from benchmarks.workers import drive

if TYPE_CHECKING:
    from benchmarks.server import Bench

BOUND = 0.9
"""What of its rate in the empty register a filing keeps in the full one."""


@dataclass(frozen=True, slots=True)
class _Register:
    bench: Bench
    filings: Iterator[Filing]

    async def turn(self, count: int) -> Pass:
        """File so many pledges through the services."""
        await self.bench.settle()
        actor = self.bench.actor("bank_a")

        async def work(filing: Filing) -> None:
            await file_one(self.bench.database, actor.client_id, actor, filing)

        return await drive(work, [next(self.filings) for _ in range(count)])


async def run(bench: Bench) -> list[Result]:
    """The services file in both registers in turns, each in a database of its own."""
    sizes = bench.sizes
    async with AsyncExitStack() as stack:
        full = await stack.enter_async_context(_register(bench, sizes.assets, sizes.past))
        empty = await stack.enter_async_context(_register(bench, 0, 0))

        async def in_full(_: int) -> Pass:
            return await full.turn(sizes.ours)

        async def in_empty(_: int) -> Pass:
            return await empty.turn(sizes.ours)

        await full.turn(sizes.ours)
        await empty.turn(sizes.ours)
        passes = await take_turns(sizes.rounds, {"full": in_full, "empty": in_empty})
    told = {
        "rounds": sizes.rounds,
        "ours": sizes.ours,
        "connections": CONNECTIONS,
        "assets": sizes.assets,
        "pledges_before": sizes.past,
    }
    return [
        compare(
            "pledge_filing_volume",
            passes["full"],
            passes["empty"],
            unit="filings/s",
            sizes=told,
            notes=f"through the services; the reference is the same in an empty register (bound: {BOUND})",
        )
    ]


@asynccontextmanager
async def _register(bench: Bench, assets: int, past: int) -> AsyncIterator[_Register]:
    sizes = bench.sizes
    async with fresh(bench) as url:
        own = await open_bench(url, bench.folder, sizes)
        try:
            pools = await data.add_pools(own, sizes.pools)
            firms = await data.add_firms(own, sizes.firms)
            pairs = await data.add_rights(own, firms, free=(sizes.rounds + 1) * sizes.ours, others=assets)
            await data.add_past_pledges(own, past)
            chance = random.Random(1)
            yield _Register(own, (Filing(pair, chance.choice(pools).id) for pair in pairs))
        finally:
            await own.owner.close()
            await own.database.close()
