"""One event with two facts, its outbox row and its trace: one statement in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.infra.db import Database
from app.services import events
from app.services.sandbox import DISTRICT
from benchmarks import capture, pgbench
from benchmarks.runner import CONNECTIONS, Pass, Result, compare, take_turns
from benchmarks.workers import drive

if TYPE_CHECKING:
    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from benchmarks.server import Bench

AMOUNT_FEN = 50_000_000


async def run(bench: Bench) -> list[Result]:
    """In turns with pgbench."""
    sizes, actor = bench.sizes, bench.actor("bank_a")
    reference = await _reference(bench, actor, sizes.rounds * sizes.reference + CONNECTIONS)

    async def ours(_: int) -> Pass:
        await bench.settle()

        async def work(_: int) -> None:
            await _record(bench.database, actor)

        return await drive(work, range(sizes.ours))

    async def statements(_: int) -> Pass:
        await bench.settle()
        return await reference.run(sizes.reference)

    passes = await take_turns(sizes.rounds, {"ours": ours, "pgbench": statements})
    told = {
        "rounds": sizes.rounds,
        "ours": sizes.ours,
        "reference": sizes.reference,
        "connections": CONNECTIONS,
        "facts_per_event": 2,
    }
    notes = "events.record in a transaction of its own"
    return [
        compare("event_record", passes["ours"], passes["pgbench"], unit="events/s", sizes=told, notes=notes)
    ]


async def record_many(bench: Bench, count: int) -> None:
    """Leave so many events for the sequencer."""
    actor = bench.actor("bank_a")
    async with bench.database.write(actor.client_id) as unit:
        made = [_event(actor, unit.moment) for _ in range(count)]
        await events.record(unit.session, actor=actor, moment=unit.moment, events=made)


async def _record(database: Database, actor: Actor) -> None:
    async with database.write(actor.client_id) as unit:
        event = _event(actor, unit.moment)
        await events.record(unit.session, actor=actor, moment=unit.moment, events=[event])


def _event(actor: Actor, moment: Moment) -> events.NewEvent:
    pledge_id = new_id()
    counted = ((Measure.pledge_financing_count, 1), (Measure.pledge_financing_amount, AMOUNT_FEN))
    return events.NewEvent(
        type="pledge.registered",
        noun="pledge",
        subject_id=pledge_id,
        stream=DISTRICT,
        audience=[actor.organisation_id],
        payload={"principal_fen": AMOUNT_FEN},
        facts=[
            events.NewFact(
                measure=measure,
                district_code=DISTRICT,
                role=FactRole.internal,
                value=value,
                occurred_on=moment.today,
                source_noun="pledge",
                source_id=pledge_id,
                dimensions={"asset_kind": "patent", "bank": str(actor.organisation_id)},
            )
            for measure, value in counted
        ],
    )


async def _reference(bench: Bench, actor: Actor, count: int) -> pgbench.Reference:
    database = Database(bench.url, pool_size=1, read_pool_size=1)
    recorder = capture.Recorder(database.writer)
    await _record(database, actor)  # opens the connection
    await recorder.taken()
    since = new_id()
    await _record(database, actor)
    sent = await recorder.taken()
    await database.close()
    script = await capture.script(sent, owner=bench.owner, since=since, tokens=[])

    def rows() -> Iterator[Sequence[str]]:
        for _ in range(count):
            yield script.row({})

    return await pgbench.prepare(
        "event_record", script, url=bench.plain_url, owner=bench.owner, folder=bench.folder, rows=rows()
    )
