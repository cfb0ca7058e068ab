"""One figure by month over four years: the sum of a district's facts, read in one snapshot."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.infra.db import READER, Database
from app.queries import statistics as queries
from app.services.sandbox import DISTRICT
from benchmarks import capture, data, pgbench
from benchmarks.runner import Pass, Result, compare, take_turns
from benchmarks.workers import drive

if TYPE_CHECKING:
    from app.domain.permission import Actor
    from benchmarks.server import Bench

QUESTION = queries.Question(
    measure=Measure.pledge_financing_amount,
    district_code=DISTRICT,
    first_day=date(2019, 1, 1),
    last_day=date(2022, 12, 31),
    roles=frozenset(FactRole),
    imported=None,
    where={},
    as_of=None,
)
ASKED = 100


async def run(bench: Bench) -> list[Result]:
    """In turns with pgbench, one connection each: this is about the time of one answer."""
    await data.add_facts(bench, bench.sizes.facts)
    actor = bench.actor("ip_office")
    reference = await _reference(bench, actor)

    async def ours(_: int) -> Pass:
        await bench.settle()

        async def work(_: int) -> None:
            await _ask(bench.database, actor)

        return await drive(work, range(ASKED), connections=1)

    async def statements(_: int) -> Pass:
        await bench.settle()
        return await reference.run(ASKED)

    passes = await take_turns(bench.sizes.rounds, {"ours": ours, "pgbench": statements})
    told = {"rounds": bench.sizes.rounds, "answers": ASKED, "connections": 1, "facts": bench.sizes.facts}
    notes = "48 months of one measure and district, queries.statistics in one read-only snapshot"
    return [
        compare(
            "statistics_cell", passes["ours"], passes["pgbench"], unit="answers/s", sizes=told, notes=notes
        )
    ]


async def _ask(database: Database, actor: Actor) -> None:
    async with database.read(actor.client_id) as unit:
        codes = await queries.under(unit.session, QUESTION.district_code)
        facts = queries.selection(actor, QUESTION, codes)
        cells = await queries.cells(unit.session, facts, queries.Grouping.month, ())
    assert cells


async def _reference(bench: Bench, actor: Actor) -> pgbench.Reference:
    database = Database(bench.url, pool_size=1, read_pool_size=1)
    recorder = capture.Recorder(database.reader)
    await _ask(database, actor)  # opens the connection
    await recorder.taken()
    since = new_id()
    await _ask(database, actor)
    sent = await recorder.taken()
    await database.close()
    script = await capture.script(sent, owner=bench.owner, since=since, tokens=[])
    return await pgbench.prepare(
        "statistics_cell",
        script,
        url=bench.plain_url,
        owner=bench.owner,
        folder=bench.folder,
        rows=iter(()),
        role=READER,
        clients=1,
    )
