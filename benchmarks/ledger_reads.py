"""What an account has and had, a page of its statement, of the journals: in a ledger, and in one ten times as large."""

from __future__ import annotations

import random
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from app.infra.db import Database
from app.models.ledger import LedgerAccount
from app.queries import ledger, ledger_balances, ledger_statements
from app.queries.driver import driver
from benchmarks.register_import import fresh
from benchmarks.runner import Pass, Result, compare
from benchmarks.server import plain

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from benchmarks.server import Bench

GROWTH = 10
ACCOUNTS = 50
ASKED = 300
WARM_UP = 60
PAGE = 50
SPAN = 365
"""Days of a statement: more than a page of lines, in either ledger."""
BOUND = 1.2
"""How many times its time in the small ledger an answer may take in the large one."""

_FIRST, _DAYS = date(2019, 1, 1), 1_460
_BATCH = 100_000


@dataclass(frozen=True, slots=True)
class Question:
    """Whom is asked what: an account of a ledger, and a day drawn by chance."""

    session: AsyncSession
    account: LedgerAccount
    day: date


Ask = Callable[[Question], Awaitable[object]]


async def current(asked: Question) -> object:
    """The balance of today."""
    return await _balance(asked, _FIRST + timedelta(days=_DAYS))


async def of_a_day(asked: Question) -> object:
    """The balance of a day."""
    return await _balance(asked, asked.day)


async def _balance(asked: Question, on: date) -> object:
    return await ledger_balances.balances(
        asked.session,
        asked.account.ledger_id,
        on=on,
        as_of=None,
        now=datetime.now(UTC),
        account_id=asked.account.id,
    )


async def statement(asked: Question) -> object:
    """A page of a statement of a year."""
    last = asked.day + timedelta(days=SPAN - 1)
    found = await ledger_statements.statement(
        asked.session, asked.account, first=asked.day, last=last, after_version=0, limit=PAGE
    )
    asked.session.expunge_all()
    return found


async def journals(asked: Question) -> object:
    """A page of the postings of a year."""
    last = asked.day + timedelta(days=SPAN - 1)
    found = await ledger_statements.journals(
        asked.session, asked.account.ledger_id, first=asked.day, last=last, after=None, limit=PAGE
    )
    asked.session.expunge_all()
    return found


ASKS: dict[str, Ask] = {
    "balance": current,
    "balance_of_a_day": of_a_day,
    "statement": statement,
    "journals": journals,
}


async def run(bench: Bench) -> list[Result]:
    """Both ledgers, each read in one snapshot of one connection: the time of the statements themselves."""
    sizes = bench.sizes.entries, bench.sizes.entries * GROWTH
    results = []
    async with AsyncExitStack() as stack:
        ledgers = [await stack.enter_async_context(_ledger(bench, size)) for size in sizes]
        taken = await _bytes(ledgers[1], sizes[1] // 2)
        for name, ask in ASKS.items():
            passes = [await _turn(ledgers, ask, number) for number in range(bench.sizes.rounds)]
            small, large = ([one[at] for one in passes] for at in range(2))
            results.append(
                _result(
                    name=name,
                    large=large,
                    small=small,
                    sizes=sizes,
                    rounds=bench.sizes.rounds,
                    taken=taken,
                )
            )
    return results


async def _turn(ledgers: Sequence[Database], ask: Ask, number: int) -> list[Pass]:
    """The ledgers are asked one after the other, so that what else the machine does meets them alike."""
    chance = random.Random(number)
    seconds: list[list[float]] = [[] for _ in ledgers]
    async with AsyncExitStack() as stack:
        sessions = [(await stack.enter_async_context(one.read())).session for one in ledgers]
        accounts = [await ledger.accounts(session, _POOL) for session in sessions]
        for counted in [False] * WARM_UP + [True] * ASKED:
            day = _FIRST + timedelta(days=chance.randrange(_DAYS - SPAN))
            which = chance.randrange(ACCOUNTS)
            for session, own, taken in zip(sessions, accounts, seconds, strict=True):
                asked = Question(session, own[which], day)
                begun = time.perf_counter()
                await ask(asked)
                if counted:
                    taken.append(time.perf_counter() - begun)
    return [_pass(sorted(taken)) for taken in seconds]


def _pass(seconds: list[float]) -> Pass:
    milliseconds = [1000 * one for one in seconds]
    p99 = milliseconds[int(len(milliseconds) * 0.99)]
    return Pass(len(seconds) / sum(seconds), statistics.median(milliseconds), p99)


def _result(
    *,
    name: str,
    large: list[Pass],
    small: list[Pass],
    sizes: tuple[int, int],
    rounds: int,
    taken: int,
) -> Result:
    told = {
        "rounds": rounds,
        "answers": ASKED,
        "entries": sizes[1],
        "reference_entries": sizes[0],
        "bytes_per_transfer": taken,
    }
    made = compare(f"ledger_reads_{name}", large, small, unit="answers/s", sizes=told, notes="")
    factor = made.latency_ms["p50"] / made.latency_ms["reference_p50"]
    notes = (
        f"the reference is the same in a ledger of {sizes[0]:,} entries; the median answer takes"
        f" {factor:.2f} times as long in one of {sizes[1]:,} (bound: {BOUND})"
    )
    return Result(
        made.name, made.ours, made.reference, made.ratio, made.unit, made.sizes, notes, made.latency_ms
    )


_POOL = uuid.UUID("01900000-0000-7000-8000-000000000000")
_ID = "('01900000-0000-7{kind}-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _id(kind: int, number: str = "n") -> str:
    """SQL of the id of a row of some kind (1: accounts, 2: transfers) by its number."""
    return _ID.format(kind=f"{kind:03d}", number=number)


# Transfer n is of 1.00 from account n to account n + 1, round and round; every 97th was booked a month late.
_BOOKED = "date '2019-01-01' + ($3::bigint * n / $4::bigint)::int"
_OCCURRED = f"{_BOOKED} - CASE WHEN n % 97 = 0 THEN 30 ELSE 0 END"
_TRANSFERS = f"""
INSERT INTO ledger_transfers (ledger_id, id, district_code, kind, debit_account_id, credit_account_id, currency,
  amount_fen, posting_id, code, business_noun, business_id, occurred_on, booked_on, event_id, recorded_at)
SELECT '{_POOL}', {_id(2)}, '120110', 'posted', {_id(1, f"n % {ACCOUNTS}")}, {_id(1, f"(n + 1) % {ACCOUNTS}")}, 'CNY',
  100, {_id(2)}, 'bench', 'pool', '{_POOL}', {_OCCURRED}, {_BOOKED}, '{_POOL}', $5::timestamptz
FROM generate_series($1::bigint, $2::bigint) AS n
"""
# An account is credited by the transfer before the one that debits it, except the first of a round.
_ENTRIES = f"""
INSERT INTO ledger_entries (ledger_id, transfer_id, account_id, account_version, district_code, side, amount_fen,
  posted_fen, debits_posted, credits_posted, debits_pending, credits_pending, occurred_on, booked_on, recorded_at)
SELECT '{_POOL}', {_id(2)}, {_id(1, "s.account")}, 2 * round + CASE WHEN s.second THEN 2 ELSE 1 END, '120110', s.side,
  100, 100, 100 * (round + CASE WHEN s.side = 'debit' OR s.account = 0 THEN 1 ELSE 0 END),
  100 * (round + CASE WHEN s.side = 'credit' OR s.account <> 0 THEN 1 ELSE 0 END), 0, 0,
  {_OCCURRED}, {_BOOKED}, $5::timestamptz
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN LATERAL (SELECT n / {ACCOUNTS} AS round) r
CROSS JOIN LATERAL (VALUES
  ('debit', n % {ACCOUNTS}, n % {ACCOUNTS} <> 0),
  ('credit', (n + 1) % {ACCOUNTS}, (n + 1) % {ACCOUNTS} = 0)) s(side, account, second)
"""
_ACCOUNTS = f"""
INSERT INTO ledger_accounts (id, ledger_id, district_code, code, name, currency, normal_side, memo, version,
  debits_posted, credits_posted, recorded_at)
SELECT {_id(1)}, '{_POOL}', '120110', 'bench.' || lpad(n::text, 2, '0'), '示例科目' || n, 'CNY', 'debit', false, e.account_version,
  e.debits_posted, e.credits_posted, now()
FROM generate_series(0, {ACCOUNTS - 1}) AS n CROSS JOIN LATERAL (
  SELECT * FROM ledger_entries e WHERE e.account_id = {_id(1)} ORDER BY e.account_version DESC LIMIT 1) e
"""
_SOUND = """
SELECT count(*) FROM ledger_entries e LEFT JOIN ledger_entries p
  ON p.account_id = e.account_id AND p.account_version = e.account_version - 1
WHERE (e.debits_posted, e.credits_posted) IS DISTINCT FROM (
  coalesce(p.debits_posted, 0) + CASE e.side WHEN 'debit' THEN 100 ELSE 0 END,
  coalesce(p.credits_posted, 0) + CASE e.side WHEN 'credit' THEN 100 ELSE 0 END)
"""


@asynccontextmanager
async def _ledger(bench: Bench, entries: int) -> AsyncIterator[Database]:
    """A ledger of so many entries over four years, in a database of its own."""
    async with fresh(bench) as url:
        await _fill(url, entries // 2)
        database = Database(url, pool_size=1, read_pool_size=1)
        try:
            yield database
        finally:
            await database.close()


async def _fill(url: str, transfers: int) -> None:
    owner: asyncpg.Connection[Any] = await asyncpg.connect(plain(url))
    try:
        recorded_at = await owner.fetchval("SELECT now()")
        # Rows as the trigger would have written them, many times faster; they are checked below.
        await owner.execute("SET session_replication_role = replica")
        for begun in range(0, transfers, _BATCH):
            span = begun, min(begun + _BATCH, transfers) - 1
            for statement_ in (_TRANSFERS, _ENTRIES):
                await owner.execute(statement_, *span, _DAYS, transfers, recorded_at, timeout=600)
        await owner.execute("VACUUM ANALYZE ledger_transfers, ledger_entries", timeout=600)
        await owner.execute(_ACCOUNTS)
        await owner.execute("RESET session_replication_role")
        assert await owner.fetchval(_SOUND, timeout=600) == 0, "the rows are not what the trigger would write"
        await owner.execute("VACUUM ANALYZE", timeout=600)
        await owner.execute("CHECKPOINT")
    finally:
        await owner.close()


async def _bytes(database: Database, transfers: int) -> int:
    """What a transfer with its two entries takes on disk, indexes included."""
    total = "SELECT pg_total_relation_size('ledger_transfers') + pg_total_relation_size('ledger_entries')"
    async with database.read() as unit:
        connection = await driver(unit.session)
        size: int = await connection.fetchval(total)
    return round(size / transfers)
