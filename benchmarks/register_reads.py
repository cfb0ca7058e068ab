"""Who owned this on a day, and what blocks it now: one answer in a register, and in one ten times as large."""

from __future__ import annotations

import random
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from app.domain.blocker import Action, Question
from app.domain.hold import Scope
from app.infra.db import Database
from app.queries import asset_history, blockers
from benchmarks.register_import import fresh
from benchmarks.runner import Pass, Result, compare
from benchmarks.server import plain

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from benchmarks.server import Bench

GROWTH = 10
ASKED = 1_000
WARM_UP = 200
BOUND = 1.3
"""How many times its time in the small register an answer may take in the large one."""

_FIRST, _DAYS = date(2018, 1, 1), 2_500
_BATCH = 100_000

Ask = Callable[["AsyncSession", uuid.UUID, random.Random], Awaitable[object]]


async def run(bench: Bench) -> list[Result]:
    """Both registers, each read in one snapshot of one connection: the time of the statement itself."""
    actor = bench.actor("ip_office")
    sizes = bench.sizes.register, bench.sizes.register * GROWTH

    async def owner_at(session: AsyncSession, asset_id: uuid.UUID, chance: random.Random) -> object:
        day = _FIRST + timedelta(days=chance.randrange(_DAYS))
        return await asset_history.state_at(session, asset_id, on=day, known_at=datetime.now(UTC))

    async def blocking(session: AsyncSession, asset_id: uuid.UUID, chance: random.Random) -> object:
        action = chance.choice((Action.transfer, Action.license_, Action.pledge))
        asked = Question(action, date(2026, 1, 5), actor.party_id)
        return await blockers.facts(session, actor, asset_id, asked, Scope())

    results = []
    async with AsyncExitStack() as stack:
        registers = [await stack.enter_async_context(_register(bench, size)) for size in sizes]
        for name, ask in (("owner_at", owner_at), ("blockers", blocking)):
            passes = [await _turn(registers, sizes, ask, number) for number in range(bench.sizes.rounds)]
            small, large = ([one[at] for one in passes] for at in range(2))
            results.append(_result(name, large, small, sizes, bench.sizes.rounds))
    return results


async def _turn(registers: Sequence[Database], sizes: Sequence[int], ask: Ask, number: int) -> list[Pass]:
    """The registers are asked one after the other, so that what else the machine does meets them alike."""
    chance = random.Random(number)
    seconds: list[list[float]] = [[] for _ in registers]
    async with AsyncExitStack() as stack:
        units = [await stack.enter_async_context(database.read()) for database in registers]
        for counted in [False] * WARM_UP + [True] * ASKED:
            for unit, size, taken in zip(units, sizes, seconds, strict=True):
                asset_id = right(chance.randrange(size))
                begun = time.perf_counter()
                await ask(unit.session, asset_id, chance)
                if counted:
                    taken.append(time.perf_counter() - begun)
    return [_pass(sorted(taken)) for taken in seconds]


def _pass(seconds: list[float]) -> Pass:
    milliseconds = [1000 * one for one in seconds]
    p99 = milliseconds[int(len(milliseconds) * 0.99)]
    return Pass(len(seconds) / sum(seconds), statistics.median(milliseconds), p99)


def _result(name: str, large: list[Pass], small: list[Pass], sizes: tuple[int, int], rounds: int) -> Result:
    told = {"rounds": rounds, "answers": ASKED, "rights": sizes[1], "reference_rights": sizes[0]}
    made = compare(f"register_{name}", large, small, unit="answers/s", sizes=told, notes="")
    factor = made.latency_ms["p50"] / made.latency_ms["reference_p50"]
    notes = (
        f"the reference is the same in a register of {sizes[0]:,} rights; the median answer takes"
        f" {factor:.2f} times as long in one of {sizes[1]:,} (bound: {BOUND})"
    )
    return Result(
        made.name, made.ours, made.reference, made.ratio, made.unit, made.sizes, notes, made.latency_ms
    )


def right(number: int) -> uuid.UUID:
    """The id of a right of the registers made here."""
    return uuid.UUID(int=_RIGHTS + number)


_RIGHTS = uuid.UUID("01900000-0000-7000-8000-000000000000").int
_ID = "('01900000-0000-7{kind}-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _id(kind: int, number: str = "n") -> str:
    """SQL of the id of a row of some kind (0: rights, 1: parties, 2: the event) by its number."""
    return _ID.format(kind=f"{kind:03d}", number=number)


# Of twenty rights ten are marks, three of which share a sign; two are pledged, one is licensed, five have
# passed once, and of two the office's news came late.
_PARTIES = f"""
INSERT INTO parties (id, kind, name, name_key, country, district_code, imported, event_id, recorded_at, version)
SELECT {_id(1)}, 'organisation', '示例企业' || n, '示例企业' || n, 'CN', '120110', false, {_id(2, "0")}, $3::timestamptz, 1
FROM generate_series($1::bigint, $2::bigint) AS n
"""
_ASSETS = f"""
INSERT INTO assets (id, office, kind, patent_type, regime, number, name, sign_key, mark_kind, filed_on,
  granted_on, registered_on, last_day_in_force, status, status_as_of, status_source, invalidation_pending,
  imported, event_id, recorded_at, version)
SELECT {_id(0)}, 'CN', k.kind, CASE WHEN n % 2 = 0 THEN 'invention' END, 'cn', '示例' || n, '示例权利',
  CASE WHEN n % 2 = 1 THEN '示例' || n / 40 || '-' || n % 20 END, CASE WHEN n % 2 = 1 THEN 'ordinary' END,
  '2018-03-01', CASE WHEN n % 2 = 0 THEN date '2020-06-01' END, CASE WHEN n % 2 = 1 THEN date '2020-06-01' END,
  '2038-02-28', k.status, '2026-01-04', '登记簿副本', false, true, {_id(2, "0")}, $3::timestamptz, 1
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN LATERAL (
  SELECT (ARRAY['patent', 'trademark'])[1 + n % 2] AS kind, (ARRAY['granted', 'registered'])[1 + n % 2] AS status) k
"""
_IDENTIFIERS = f"""
INSERT INTO asset_identifiers (id, asset_id, office, kind, scheme, value, key)
SELECT gen_random_uuid(), {_id(0)}, 'CN', (ARRAY['patent', 'trademark'])[1 + n % 2], s.scheme, '示例' || n, 'X' || n
FROM generate_series($1::bigint, $2::bigint) AS n, unnest(ARRAY['application', 'registration']) AS s(scheme)
WHERE $3::timestamptz IS NOT NULL
"""
_CLASSES = f"""
INSERT INTO asset_classes (id, asset_id, nice_class) SELECT gen_random_uuid(), {_id(0)}, 9
FROM generate_series($1::bigint, $2::bigint) AS n WHERE n % 2 = 1 AND $3::timestamptz IS NOT NULL
"""
_STATUSES = f"""
INSERT INTO asset_status_changes (id, asset_id, status, effective_on, source, event_id, recorded_at)
SELECT gen_random_uuid(), {_id(0)}, s.status, s.since, '公报', {_id(2, "0")}, $3::timestamptz - s.earlier * interval '1 day'
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN LATERAL (VALUES
  ((ARRAY['application', 'applied'])[1 + n % 2], date '2018-03-01', 30),
  ((ARRAY['granted', 'registered'])[1 + n % 2], date '2020-06-01', 20),
  (CASE WHEN n % 10 = 7 THEN 'registered' END, date '2019-06-01', 0)) AS s(status, since, earlier)
WHERE s.status IS NOT NULL
"""
_TITLES = f"""
INSERT INTO titles (id, asset_id, party_id, ordinal, acquired_on, ceased_on, event_id, recorded_at,
  ceased_event_id, ceased_at)
SELECT gen_random_uuid(), {_id(0)}, {_id(1, "n / 20 + t.former")}, 1, t.since, t.until, {_id(2, "0")}, $3::timestamptz,
  CASE WHEN t.former = 1 THEN {_id(2, "0")} END, CASE WHEN t.former = 1 THEN $3::timestamptz END
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN LATERAL (
  SELECT 0 AS former, CASE WHEN n % 4 = 0 THEN date '2022-05-01' ELSE '2018-03-01' END AS since, NULL::date AS until
  UNION ALL SELECT 1, '2018-03-01', '2022-05-01' WHERE n % 4 = 0) t
"""
_HOLDS = f"""
INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, territory, field, period, lane, source_noun,
  source_id, placed_on, imported, event_id, recorded_at)
SELECT gen_random_uuid(), a.id, a.serial, 'cn', h.kind, 1, h.ranges, h.ranges, h.period, h.lane, 'recordal',
  {_id(2, "0")}, '2023-03-01', true, {_id(2, "0")}, $3::timestamptz
FROM generate_series($1::bigint, $2::bigint) AS n JOIN assets a ON a.id = {_id(0)} CROSS JOIN LATERAL (
  SELECT 'lien' AS kind, NULL::int4range AS ranges, NULL::daterange AS period, NULL::int8range AS lane
  WHERE n % 10 = 3
  UNION ALL SELECT 'licence', '[0,1000000)', '[2023-03-01,2029-03-01)', int8range(n, n + 1) WHERE n % 20 = 5) h
"""
_TABLES = {
    "assets": _ASSETS,
    "asset_identifiers": _IDENTIFIERS,
    "asset_classes": _CLASSES,
    "asset_status_changes": _STATUSES,
    "titles": _TITLES,
    "holds": _HOLDS,
}


@asynccontextmanager
async def _register(bench: Bench, size: int) -> AsyncIterator[Database]:
    """A register of so many rights, in a database of its own, as imports leave it: with the histories of all."""
    async with fresh(bench) as url:
        await _fill(url, size)
        database = Database(url, pool_size=1, read_pool_size=1)
        try:
            yield database
        finally:
            await database.close()


async def _fill(url: str, size: int) -> None:
    owner: asyncpg.Connection[Any] = await asyncpg.connect(plain(url))
    try:
        recorded_at = await owner.fetchval("SELECT now() - interval '100 days'")
        await owner.execute(_PARTIES, 0, size // 20 + 1, recorded_at)
        for table, statement in _TABLES.items():
            # Its triggers judge one row of a case; the rows here are sound, and too many for that.
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for begun in range(0, size, _BATCH):
                last = min(begun + _BATCH, size) - 1
                await owner.execute(statement, begun, last, recorded_at, timeout=600)
            await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await owner.execute("VACUUM ANALYZE", timeout=600)
        await owner.execute("CHECKPOINT")
    finally:
        await owner.close()
