"""Posted transfers among fifty accounts of one ledger: by hand, by a module, in batches; one hot account."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money
from app.infra.db import Database
from app.services import bookkeeping, events, ledger, pools
from benchmarks import capture, data, pgbench
from benchmarks.runner import CONNECTIONS, FULL, Pass, Result, compare, take_turns
from benchmarks.workers import drive

if TYPE_CHECKING:
    from app.domain.permission import Actor
    from app.models.pool import Pool
    from benchmarks.server import Bench

ACCOUNTS = 50
AMOUNT = Money(12_345)
BATCH, BATCHES = 1_000, 5
WORKERS, ENDURANCE_SECONDS, QUICK_SECONDS = 20, 60, 5
_TABLES = ("ledger_transfers", "ledger_entries")
_EVENT_TABLES = ("events", "outbox", "audit")

Accounts = tuple[uuid.UUID, uuid.UUID]
Work = Callable[[Database, Accounts], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Contest:
    """One way to transfer, with the pairs of accounts it is done between."""

    name: str
    work: Work
    between: Iterator[Accounts]
    notes: str
    passes: dict[str, list[Pass]] = field(default_factory=dict)


async def run(bench: Bench) -> list[Result]:
    """Each way in turns with pgbench, then what a transfer takes on disk."""
    (pool,) = await data.add_pools(bench, 1)
    accounts = await _accounts(bench, pool)
    await _background(bench, pool, accounts)
    actor = bench.actor("pool_manager")
    book, post = _book(actor, pool), _post(actor, pool)
    contests = [
        Contest("book", book, _spread(accounts, 1), "bookkeeping.book; 50 accounts"),
        Contest(
            "post", post, _spread(accounts, 2), "an event and ledger.post, as modules do it; 50 accounts"
        ),
        Contest("hot_account", post, _hot(accounts, 3), "the same, one account in every transfer"),
    ]
    results: list[Result] = []
    rates: dict[str, Sequence[Pass]] = {}
    for contest in contests:
        taken: dict[str, float] = {}
        passes = await _turns(bench, contest, taken)
        rates[contest.name] = passes["ours"]
        told = {
            "rounds": bench.sizes.rounds,
            "ours": bench.sizes.ours,
            "reference": bench.sizes.reference,
            "connections": CONNECTIONS,
            "accounts": ACCOUNTS,
            "transfers_before": bench.sizes.transfers,
            "bytes_ledger": round(taken["ledger"]),
            "bytes_with_event": round(taken["ledger"] + taken["event"]),
        }
        results.append(
            compare(
                f"ledger_transfer_{contest.name}",
                passes["ours"],
                passes["pgbench"],
                unit="transfers/s",
                sizes=told,
                notes=contest.notes,
            )
        )
    results.append(await _batches(bench, actor, pool, accounts, rates["book"]))
    results.append(await _endurance(bench, post, accounts, rates["hot_account"]))
    return results


async def _batches(
    bench: Bench, actor: Actor, pool: Pool, accounts: Sequence[uuid.UUID], single: Sequence[Pass]
) -> Result:
    """Batches of a thousand, one after another, beside single transfers over sixteen connections."""
    between = _spread(accounts, 4)

    async def one() -> Pass:
        await bench.settle()
        seconds = []
        for _ in range(BATCHES):
            wanted = [_wanted(next(between)) for _ in range(BATCH)]
            begun = time.perf_counter()
            async with bench.database.write(actor.client_id) as unit:
                await bookkeeping.book_all(
                    unit.session, actor=actor, moment=unit.moment, pool=pool, wanted=wanted, atomic=False
                )
            seconds.append((time.perf_counter() - begun) * 1000)
        seconds.sort()
        return Pass(BATCH * BATCHES / sum(seconds) * 1000, seconds[BATCHES // 2], seconds[-1])

    passes = [await one() for _ in range(bench.sizes.rounds)]
    return compare(
        "ledger_transfer_batch",
        passes,
        single,
        unit="transfers/s",
        sizes={"rounds": bench.sizes.rounds, "batch": BATCH, "batches": BATCHES, "connections": 1},
        notes="bookkeeping.book_all of 1,000; the reference is ledger_transfer_book, ours",
    )


async def _endurance(bench: Bench, work: Work, accounts: Sequence[uuid.UUID], calm: Sequence[Pass]) -> Result:
    """Twenty workers on one hot account for a while: no deadlock, no failure, and the same rate as before."""
    between = _hot(accounts, 5)
    seconds = ENDURANCE_SECONDS if bench.sizes.transfers >= FULL.transfers else QUICK_SECONDS
    database = Database(bench.url, pool_size=WORKERS, read_pool_size=1, lock_timeout_ms=10_000)
    samples: list[float] = []
    end = time.perf_counter() + seconds

    async def worker() -> None:
        while time.perf_counter() < end:
            begun = time.perf_counter()
            await work(database, next(between))
            samples.append((time.perf_counter() - begun) * 1000)

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(worker())
    await database.close()
    samples.sort()
    held = Pass(len(samples) / seconds, samples[len(samples) // 2], samples[len(samples) * 99 // 100])
    return compare(
        "ledger_transfer_endurance",
        [held],
        calm[:1],
        unit="transfers/s",
        sizes={"workers": WORKERS, "seconds": seconds},
        notes="20 workers, one account in every transfer; the reference is ledger_transfer_hot_account, ours",
    )


async def _turns(bench: Bench, contest: Contest, taken: dict[str, float]) -> Mapping[str, Sequence[Pass]]:
    sizes = bench.sizes
    reference = await _reference(bench, contest, sizes.rounds * sizes.reference + CONNECTIONS)

    async def ours(_: int) -> Pass:
        await bench.settle()

        async def work(accounts: Accounts) -> None:
            await contest.work(bench.database, accounts)

        return await drive(work, [next(contest.between) for _ in range(sizes.ours)])

    async def statements(_: int) -> Pass:
        await bench.settle()
        return await reference.run(sizes.reference)

    before = await _bytes(bench)
    passes = await take_turns(sizes.rounds, {"ours": ours, "pgbench": statements})
    after = await _bytes(bench)
    done = sizes.rounds * (sizes.ours + sizes.reference // CONNECTIONS * CONNECTIONS)
    taken.update({name: (after[name] - before[name]) / done for name in after})
    return passes


async def _reference(bench: Bench, contest: Contest, count: int) -> pgbench.Reference:
    database = Database(bench.url, pool_size=1, read_pool_size=1)
    recorder = capture.Recorder(database.writer)
    await contest.work(database, next(contest.between))  # opens the connection
    await recorder.taken()
    captured, since = next(contest.between), new_id()
    await contest.work(database, captured)
    sent = await recorder.taken()
    await database.close()
    tokens = [str(account) for account in captured]
    script = await capture.script(sent, owner=bench.owner, since=since, tokens=tokens)

    def rows() -> Iterator[Sequence[str]]:
        for _ in range(count):
            yield script.row(dict(zip(tokens, map(str, next(contest.between)), strict=True)))

    return await pgbench.prepare(
        f"ledger_{contest.name}",
        script,
        url=bench.plain_url,
        owner=bench.owner,
        folder=bench.folder,
        rows=rows(),
    )


async def _accounts(bench: Bench, pool: Pool) -> list[uuid.UUID]:
    wanted = [ledger.NewAccount(f"bench.{n}", f"示例科目{n}", Side.debit) for n in range(ACCOUNTS)]
    async with bench.database.write() as unit:
        opened = await ledger.open_accounts(
            unit.session, moment=unit.moment, book=pools.book(pool), accounts=wanted
        )
    return [account.id for account in opened]


async def _background(bench: Bench, pool: Pool, accounts: Sequence[uuid.UUID]) -> None:
    """Transfers that are there already; the trigger writes their entries and balances."""
    event_id = await bench.owner.fetchval("SELECT event_id FROM pools WHERE id = $1", pool.id)
    for begun in range(0, bench.sizes.transfers, data.BATCH):
        await bench.owner.execute(
            """
            INSERT INTO ledger_transfers (id, ledger_id, district_code, currency, kind, debit_account_id,
              credit_account_id, amount_fen, code, business_noun, business_id, posting_id, occurred_on,
              booked_on, event_id, recorded_at, position)
            SELECT gen_random_uuid(), $1, $2, 'CNY', 'posted', ($3::uuid[])[1 + n % 50],
              ($3::uuid[])[1 + (n + 1 + n / 50 % 49) % 50], 100, 'bench', 'pool', $1, gen_random_uuid(),
              date '2021-07-01', date '2021-07-01', $4, now(), n
            FROM generate_series(1, $5::bigint) AS n
            """,
            pool.id,
            pool.district_code,
            list(accounts),
            event_id,
            min(data.BATCH, bench.sizes.transfers - begun),
        )
        await bench.owner.execute("VACUUM ledger_accounts")
    await bench.owner.execute("VACUUM ANALYZE ledger_transfers, ledger_entries, ledger_accounts")


def _spread(accounts: Sequence[uuid.UUID], seed: int) -> Iterator[Accounts]:
    return ((accounts[a], accounts[b]) for a, b in data.two_of(len(accounts), seed))


def _hot(accounts: Sequence[uuid.UUID], seed: int) -> Iterator[Accounts]:
    others = accounts[1:]
    return ((accounts[0], others[a]) for a, _ in data.two_of(len(others), seed))


def _wanted(accounts: Accounts) -> bookkeeping.Wanted:
    return bookkeeping.Wanted(
        kind=TransferKind.posted,
        debit_account_id=accounts[0],
        credit_account_id=accounts[1],
        amount=AMOUNT,
        code="bench",
    )


def _book(actor: Actor, pool: Pool) -> Work:
    async def work(database: Database, accounts: Accounts) -> None:
        wanted = _wanted(accounts)
        async with database.write(actor.client_id) as unit:
            await bookkeeping.book(unit.session, actor=actor, moment=unit.moment, pool=pool, wanted=wanted)

    return work


def _post(actor: Actor, pool: Pool) -> Work:
    async def work(database: Database, accounts: Accounts) -> None:
        transfer = ledger.NewTransfer(*accounts, AMOUNT.fen, "bench", "pool", pool.id)
        event = events.NewEvent(
            type="transfer.posted",
            noun="transfer",
            subject_id=transfer.id,
            stream=pool.district_code,
            audience=[pool.manager_id],
            payload={"code": transfer.code, "amount_fen": transfer.amount_fen},
        )
        async with database.write(actor.client_id) as unit:
            moment = unit.moment
            await events.record(unit.session, actor=actor, moment=moment, events=[event])
            await ledger.post(
                unit.session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=event.id
            )

    return work


async def _bytes(bench: Bench) -> dict[str, int]:
    """Bytes of the tables with their indexes."""
    total = "SELECT sum(pg_total_relation_size(name::regclass))::bigint FROM unnest($1::text[]) AS name"
    return {
        "ledger": await bench.owner.fetchval(total, list(_TABLES)),
        "event": await bench.owner.fetchval(total, list(_EVENT_TABLES)),
    }
