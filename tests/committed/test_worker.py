"""The worker on real connections: sealing beside writers, taking over, and catching up on days."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.asset import AssetKind, AssetStatus
from app.domain.clock import Moment
from app.domain.district import NATIONAL
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.infra.db import Database
from app.infra.leader import LOCK_KEY
from app.services import events, jobs, seals
from app.worker import Worker
from tests.factories.assets import make_asset
from tests.factories.parties import make_party
from tests.support import server

pytestmark = pytest.mark.committed

ACTOR = system_actor("test")
STREAMS = ("120110", "120111", "120116", NATIONAL)
DAY_1 = date(2031, 3, 1)


@pytest.fixture
async def url(server_url: str) -> AsyncIterator[str]:
    """A database of the test's own."""
    async with server.cloned(server_url, "work") as made:
        yield made


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The service's edge to it."""
    database = Database(url, pool_size=8, read_pool_size=2)
    yield database
    await database.close()


@pytest.fixture
async def owner(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser beside the application."""
    connection = await asyncpg.connect(server.plain(url))
    yield connection
    await connection.close()


@asynccontextmanager
async def working(url: str) -> AsyncIterator[Worker]:
    """A worker that runs while the block lasts and stops cleanly at its end."""
    worker = Worker(url, idle_seconds=0.01, standby_seconds=0.02, retry_seconds=0.02)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 10)


async def eventually(check: Callable[[], Awaitable[object]]) -> None:
    """Wait until the check holds; fail after half a minute."""
    async with asyncio.timeout(30):
        while not await check():  # noqa: ASYNC110 - what is awaited happens in other sessions
            await asyncio.sleep(0.01)


async def write(database: Database, stream: str, facts: int = 1) -> uuid.UUID:
    """Commit an invented event."""
    subject = new_id()
    event = events.NewEvent(
        type="listing.published",
        noun="listing",
        subject_id=subject,
        stream=stream,
        payload={"name": "示例"},
        facts=[
            events.NewFact(
                Measure.listing_count,
                "120110",
                FactRole.internal,
                1,
                DAY_1,
                "listing",
                subject,
                {"mode": "transfer"},
            )
        ]
        * facts,
    )
    async with database.write() as unit:
        await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=[event])
        await asyncio.sleep(
            random.random() / 200
        )  # transactions overlap and commit out of the order of their ids
    return event.id


async def assert_whole(database: Database, owner: asyncpg.Connection[Any], expected: int) -> None:
    """All events sealed, numbers without gaps per stream and over the instance, chains intact."""
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 0
    rows = await owner.fetch("SELECT stream, seq, position FROM seals ORDER BY position")
    assert [row["position"] for row in rows] == list(range(1, expected + 1))
    for stream in {row["stream"] for row in rows}:
        numbers = [row["seq"] for row in rows if row["stream"] == stream]
        assert numbers == list(range(1, len(numbers) + 1))
    async with database.read() as unit:
        assert (await seals.verify(unit.session)).breaches == []


async def test_eight_writers_at_once_leave_no_gap(
    url: str, database: Database, owner: asyncpg.Connection[Any]
) -> None:
    """API-14, OPS-04: sealing keeps up with concurrent commits, and a feed read meanwhile misses nothing."""
    followed: list[int] = []

    async def follow() -> None:
        after = 0
        while len(followed) < 240:
            seen = await owner.fetch(
                "SELECT position FROM seals WHERE position > $1 ORDER BY position", after
            )
            followed.extend(row["position"] for row in seen)
            after = followed[-1] if followed else 0
            await asyncio.sleep(0.005)

    async def writer(number: int) -> None:
        for turn in range(30):
            await write(database, STREAMS[(number + turn) % len(STREAMS)])

    async with working(url), asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(follow())
        for number in range(8):
            group.create_task(writer(number))
    await assert_whole(database, owner, 240)
    assert followed == list(range(1, 241))


async def test_a_leader_cut_off_is_replaced_and_the_chain_stays_whole(
    url: str, database: Database, owner: asyncpg.Connection[Any]
) -> None:
    """OPS-04: cut off in the middle of sealing: nothing is lost, nothing is sealed twice."""
    cutter = await asyncpg.connect(server.plain(url))
    rounds, each = 4, 10
    async with working(url), working(url):
        for _ in range(rounds):
            await eventually(lambda: leader(owner))
            async with cutter.transaction():
                await cutter.execute("LOCK TABLE seals IN SHARE MODE")  # seals can be read, not appended
                await asyncio.gather(*(write(database, random.choice(STREAMS)) for _ in range(each)))
                await eventually(
                    lambda: owner.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")
                )
                killed = await leader(owner)
                assert await owner.fetchval("SELECT pg_terminate_backend($1, 5000)", killed)

            async def replaced(gone: int | None = killed) -> bool:
                return await leader(owner) not in {None, gone}

            await eventually(replaced)
        await eventually(lambda: owner.fetchval("SELECT count(*) = 0 FROM outbox"))
    await cutter.close()
    assert await leader(owner) is None
    await assert_whole(database, owner, rounds * each)


async def leader(owner: asyncpg.Connection[Any]) -> int | None:
    """Process id of the server's end of the leader's connection."""
    found: int | None = await owner.fetchval(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = $1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        LOCK_KEY,
    )
    return found


async def test_a_stopped_leader_hands_over_to_the_standby(
    url: str, owner: asyncpg.Connection[Any], database: Database
) -> None:
    """OPS-04: one works, the other waits; a clean stop frees the lock at once."""
    async with working(url) as standby:
        await eventually(lambda: truth(standby.leading))
        async with working(url) as second:
            await write(database, "120110")
            await eventually(lambda: owner.fetchval("SELECT count(*) = 1 FROM seals"))
            assert (standby.leading, second.leading) == (True, False)
            standby.stop()
            await eventually(lambda: truth(second.leading))


async def truth(value: object) -> object:
    return value


async def test_two_sequencers_at_once_cannot_fork_the_chain(
    url: str, database: Database, owner: asyncpg.Connection[Any]
) -> None:
    """SEC-05: should two ever seal, the keys of the seals refuse the second."""
    await write(database, "120110")
    both = Database(url, pool_size=2, role="ipops_worker")

    async def first() -> None:
        async with both.write() as unit:
            await seals.seal(unit.session, moment=unit.moment)
            held.set()
            await eventually(lambda: owner.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"))

    async def second() -> None:
        await held.wait()
        async with both.write() as unit:
            await seals.seal(unit.session, moment=unit.moment)

    held = asyncio.Event()
    results = await asyncio.gather(first(), second(), return_exceptions=True)
    await both.close()
    assert results[0] is None
    assert isinstance(results[1], asyncpg.UniqueViolationError)
    await assert_whole(database, owner, 1)


async def test_a_failing_job_stops_neither_the_sealing_nor_the_other_jobs(
    url: str, database: Database, owner: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPS-04: the job's day is kept open and tried again, events still get their numbers."""
    tried: list[date] = []

    async def failing(_: object, __: object, moment: Moment) -> dict[str, int]:
        tried.append(moment.today)
        if len(tried) < 3:
            raise RuntimeError("not today")
        return {"done": 1}

    async def going(_: object, __: object, ___: Moment) -> dict[str, int]:
        return {"done": 1}

    monkeypatch.setattr(jobs, "JOBS", {"failing": failing, "going": going})
    await write(database, "120110")
    async with working(url):
        await eventually(lambda: owner.fetchval("SELECT count(*) = 1 FROM seals"))
        await eventually(lambda: owner.fetchval("SELECT count(*) = 1 FROM job_runs WHERE job = 'going'"))
        await eventually(lambda: owner.fetchval("SELECT count(*) = 1 FROM job_runs WHERE job = 'failing'"))
    assert len(set(tried)) == 1
    assert len(tried) == 3


async def test_what_is_too_much_for_one_transaction_is_sealed_in_several(
    url: str, database: Database, owner: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPS-04: events with very many rows under them do not stop the sealing for good."""
    sealing, tried = seals.seal, []

    async def slow(session: AsyncSession, *, moment: Moment, limit: int) -> int:
        tried.append(limit)
        if limit > 8:
            raise TimeoutError
        return await sealing(session, moment=moment, limit=limit)

    monkeypatch.setattr(seals, "seal", slow)
    for _ in range(20):
        await write(database, "120110")
    async with working(url):
        await eventually(lambda: owner.fetchval("SELECT count(*) = 0 FROM outbox"))
    assert tried[:4] == [500, 125, 31, 7]
    await assert_whole(database, owner, 20)


async def make_rights(database: Database) -> dict[str, uuid.UUID]:
    """Rights whose terms end around `DAY_1`, by what becomes of them."""
    async with database.write() as unit:
        owner = (await make_party(unit.session)).id

        async def right(kind: AssetKind, last_day: date, status: AssetStatus | None = None) -> uuid.UUID:
            made = await make_asset(
                unit.session,
                owners=[owner],
                kind=kind,
                last_day_in_force=last_day,
                status=status,
                status_as_of=date(2030, 6, 1),
            )
            return made.id

        patent, trademark = AssetKind.patent, AssetKind.trademark
        return {
            "ends before": await right(patent, DAY_1 - timedelta(days=30)),
            "ends on day 1": await right(patent, DAY_1),
            "ends on day 2": await right(patent, DAY_1 + timedelta(days=1), AssetStatus.late_fee),
            "ends on day 4": await right(patent, DAY_1 + timedelta(days=3)),
            "ended long ago": await right(patent, DAY_1, AssetStatus.terminated_fee),
            "mark into grace": await right(trademark, DAY_1 + timedelta(days=1)),
            "mark out of grace": await right(trademark, date(2030, 9, 2), AssetStatus.grace),
            "mark checked since": await right(trademark, date(2030, 5, 1)),
        }


async def day_state(owner: asyncpg.Connection[Any], rights: dict[str, uuid.UUID]) -> dict[str, Any]:
    """What the days have done: statuses with their history and dates, and the runs."""
    changes = await owner.fetch(
        "SELECT asset_id, status, effective_on FROM asset_status_changes WHERE source = '按期限推算' ORDER BY 1, 3"
    )
    names = {asset_id: name for name, asset_id in rights.items()}
    runs = await owner.fetch(
        "SELECT job, business_date, result::text FROM job_runs ORDER BY business_date, job"
    )
    assets = await owner.fetch("SELECT id, status, status_as_of, version FROM assets")
    return {
        "assets": {names[row["id"]]: tuple(row)[1:] for row in assets},
        "changes": sorted((names[row["asset_id"]], row["status"], row["effective_on"]) for row in changes),
        "runs": [tuple(row) for row in runs],
    }


async def run_days(url: str, owner: asyncpg.Connection[Any], days: list[date]) -> None:
    """Let a worker follow the business date to each of these days in turn."""
    for day in days:
        await owner.execute("UPDATE instance SET business_date = $1", day)
        async with working(url):
            await eventually(
                partial(
                    owner.fetchval,
                    "SELECT count(*) = $2 FROM job_runs WHERE business_date = $1",
                    day,
                    len(jobs.JOBS),
                )
            )


async def test_three_missed_days_replayed_give_what_daily_runs_give(server_url: str) -> None:
    """OPS-03: skip three days, run: statuses, effective dates and runs are those of the daily course."""
    states = []
    every = [DAY_1 + timedelta(days=days) for days in range(5)]
    for days in (every, [every[0], every[4]]):
        async with server.cloned(server_url, "days") as url:
            database, owner = Database(url, pool_size=2), await asyncpg.connect(server.plain(url))
            rights = await make_rights(database)
            await run_days(url, owner, days)
            states.append(await day_state(owner, rights))
            async with database.read() as unit:
                assert (await seals.verify(unit.session)).breaches == []
            await owner.close()
            await database.close()
    daily, replayed = states
    assert replayed == daily
    assert [day for _, day, _ in daily["runs"]] == sorted(every * len(jobs.JOBS))
    assert {name: row[0] for name, row in daily["assets"].items()} == {
        "ends before": "expired",
        "ends on day 1": "expired",
        "ends on day 2": "expired",
        "ends on day 4": "expired",
        "ended long ago": "terminated_fee",
        "mark into grace": "grace",
        "mark out of grace": "lapsed",
        "mark checked since": "registered",
    }
    assert ("ends on day 4", "expired", DAY_1 + timedelta(days=4)) in daily["changes"]
    assert ("mark out of grace", "lapsed", date(2031, 3, 3)) in daily["changes"]


async def test_idempotency_keys_are_forgotten_after_35_days_and_not_before(
    url: str, owner: asyncpg.Connection[Any]
) -> None:
    """C02: the published expiry is kept: a key of 34 days still answers, one of 36 is gone."""
    for days in (34, 36):
        await owner.execute(
            "INSERT INTO idempotency_keys (client_id, key, fingerprint, created_at)"
            " VALUES (gen_random_uuid(), $1, '', now() - make_interval(days => $2))",
            f"{days} days",
            days,
        )
    async with working(url):
        await eventually(
            lambda: owner.fetchval("SELECT count(*) = 1 FROM job_runs WHERE job = 'forget_keys'")
        )
    assert [row["key"] for row in await owner.fetch("SELECT key FROM idempotency_keys")] == ["34 days"]
