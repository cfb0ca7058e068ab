"""Sealing: events numbered and chained a second, by one sequencer, from what the other benchmarks left."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from app.infra.db import WORKER, Database
from app.services import seals
from benchmarks.event_record import record_many
from benchmarks.runner import Result

if TYPE_CHECKING:
    from benchmarks.server import Bench

ROUNDS = 10


async def run(bench: Bench) -> list[Result]:
    """The median over batches, each a transaction of its own."""
    await record_many(bench, ROUNDS * seals.BATCH)
    waiting = await bench.owner.fetchval("SELECT count(*) FROM outbox")
    await bench.settle()
    rates = []
    database = Database(bench.url, pool_size=1, read_pool_size=1, role=WORKER)
    try:
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            async with database.write() as unit:
                sealed = await seals.seal(unit.session, moment=unit.moment)
            rates.append(sealed / (time.perf_counter() - begun))
            assert sealed == seals.BATCH
    finally:
        await database.close()
    return [
        Result(
            name="seal",
            ours=round(statistics.median(rates)),
            reference=None,
            ratio=None,
            unit="events/s",
            sizes={"batches": ROUNDS, "batch": seals.BATCH, "waiting": waiting},
            notes="seals.seal, one connection; no reference: the hashes are made in Python",
        )
    ]
