"""Replaying a ledger: every account from its transfers, and the first entry that is not what they yield.

An account is replayed in the order of its versions, in one statement that answers with one row: however long
it is, nothing of it is held here, and the database sorts on disk what does not fit.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_LEDGERS = """
SELECT id, number, district_code AS stream FROM pools WHERE $1::text IS NULL OR number = $1 ORDER BY number
"""
_ACCOUNTS = """
SELECT id, code, version AS entries, normal_side, limit_side, memo FROM ledger_accounts
WHERE ledger_id = $1 ORDER BY code
"""

_REPLAY = """
WITH due AS (
  SELECT e.*, t.kind, t.posting_id, t.position,
    t.amount_fen AS due_fen, t.occurred_on AS due_occurred_on, t.booked_on AS due_booked_on,
    t.recorded_at AS due_recorded_at, t.district_code AS due_district,
    CASE e.account_id WHEN t.debit_account_id THEN 'debit' WHEN t.credit_account_id THEN 'credit' END
      AS due_side,
    CASE WHEN t.kind IN ('posted', 'post') THEN t.amount_fen ELSE 0 END AS moved,
    CASE t.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN t.amount_fen ELSE -h.amount_fen END AS set_aside
  FROM ledger_entries e
  LEFT JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
  LEFT JOIN ledger_transfers h ON h.ledger_id = t.ledger_id AND h.id = t.resolves_id
  WHERE e.account_id = $1
), run AS (
  SELECT due.*, row_number() OVER w AS n,
    sum(CASE due_side WHEN 'debit' THEN moved ELSE 0 END) OVER w AS due_debits_posted,
    sum(CASE due_side WHEN 'credit' THEN moved ELSE 0 END) OVER w AS due_credits_posted,
    sum(CASE due_side WHEN 'debit' THEN set_aside ELSE 0 END) OVER w AS due_debits_pending,
    sum(CASE due_side WHEN 'credit' THEN set_aside ELSE 0 END) OVER w AS due_credits_pending,
    max(due_booked_on) OVER w AS due_last_booked_on,
    coalesce(lag(posting_id) OVER w = posting_id
      AND (lag(position) OVER w, lag(transfer_id) OVER w) > (position, transfer_id), false) AS overtaken
  FROM due
  WINDOW w AS (ORDER BY account_version ROWS UNBOUNDED PRECEDING)
), first AS (
  SELECT * FROM run
  WHERE account_version <> n OR kind IS NULL OR overtaken
    OR ROW(side, amount_fen, posted_fen, debits_posted, credits_posted, debits_pending, credits_pending,
           occurred_on, booked_on, recorded_at, district_code)
      IS DISTINCT FROM
       ROW(due_side, due_fen, moved, due_debits_posted, due_credits_posted, due_debits_pending,
           due_credits_pending, due_occurred_on, due_last_booked_on, due_recorded_at, due_district)
  ORDER BY account_version LIMIT 1
)
SELECT n AS version, transfer_id, fault.name, fault.expected, fault.found
FROM first CROSS JOIN LATERAL (VALUES
  (1, 'account_version', n::text, account_version::text),
  (2, 'transfer_id', CASE WHEN kind IS NULL THEN 'one there is' ELSE transfer_id::text END,
   transfer_id::text),
  (3, 'side', due_side, side),
  (4, 'amount_fen', due_fen::text, amount_fen::text),
  (5, 'posted_fen', moved::text, posted_fen::text),
  (6, 'debits_posted', due_debits_posted::text, debits_posted::text),
  (7, 'credits_posted', due_credits_posted::text, credits_posted::text),
  (8, 'debits_pending', due_debits_pending::text, debits_pending::text),
  (9, 'credits_pending', due_credits_pending::text, credits_pending::text),
  (10, 'occurred_on', due_occurred_on::text, occurred_on::text),
  (11, 'booked_on', due_last_booked_on::text, booked_on::text),
  (12, 'recorded_at', due_recorded_at::text, recorded_at::text),
  (13, 'district_code', due_district, district_code),
  (14, 'order', 'that of its posting', CASE WHEN overtaken THEN 'another' ELSE 'that of its posting' END)
) AS fault(rank, name, expected, found)
WHERE fault.expected IS DISTINCT FROM fault.found ORDER BY fault.rank LIMIT 1
"""
_TOTALS = """
SELECT a.version, NULL::uuid AS transfer_id, fault.name, fault.expected, fault.found
FROM ledger_accounts a
LEFT JOIN LATERAL (
  SELECT e.* FROM ledger_entries e WHERE e.account_id = a.id ORDER BY e.account_version DESC LIMIT 1
) AS e ON true
CROSS JOIN LATERAL (VALUES
  (1, 'version', coalesce(e.account_version, 0)::text, a.version::text),
  (2, 'debits_posted', coalesce(e.debits_posted, 0)::text, a.debits_posted::text),
  (3, 'credits_posted', coalesce(e.credits_posted, 0)::text, a.credits_posted::text),
  (4, 'debits_pending', coalesce(e.debits_pending, 0)::text, a.debits_pending::text),
  (5, 'credits_pending', coalesce(e.credits_pending, 0)::text, a.credits_pending::text),
  (6, 'last_booked_on', e.booked_on::text, a.last_booked_on::text),
  (7, 'last_occurred_on',
   (SELECT max(occurred_on) FROM ledger_entries WHERE account_id = a.id AND posted_fen > 0)::text,
   a.last_occurred_on::text),
  (8, 'frozen_by',
   (SELECT t.id FROM ledger_transfers t WHERE t.ledger_id = a.ledger_id AND t.freezes IS NOT NULL
      AND a.id = CASE t.freezes WHEN 'debit' THEN t.debit_account_id ELSE t.credit_account_id END
      AND NOT EXISTS (SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = t.ledger_id
                      AND r.resolves_id = t.id AND r.kind <> 'post') LIMIT 1)::text, a.frozen_by::text),
  (9, 'ledger_id', coalesce(e.ledger_id, a.ledger_id)::text, a.ledger_id::text),
  (10, 'district_code', coalesce(e.district_code, a.district_code), a.district_code),
  (11, 'currency',
   coalesce((SELECT t.currency FROM ledger_transfers t
             WHERE t.ledger_id = e.ledger_id AND t.id = e.transfer_id), a.currency), a.currency)
) AS fault(rank, name, expected, found)
WHERE a.id = $1 AND fault.expected IS DISTINCT FROM fault.found ORDER BY fault.rank LIMIT 1
"""
_LOOSE = """
SELECT t.id AS transfer_id, 'entries' AS name, '1 debit, 1 credit' AS expected,
  count(*) FILTER (WHERE e.side = 'debit' AND e.account_id = t.debit_account_id) || ' debit, '
  || count(*) FILTER (WHERE e.side = 'credit' AND e.account_id = t.credit_account_id) || ' credit, '
  || count(e.transfer_id) || ' in all' AS found
FROM ledger_transfers t
LEFT JOIN ledger_entries e ON e.ledger_id = t.ledger_id AND e.transfer_id = t.id
WHERE t.ledger_id = $1
GROUP BY t.ledger_id, t.id, t.debit_account_id, t.credit_account_id
HAVING count(*) FILTER (WHERE e.side = 'debit' AND e.account_id = t.debit_account_id) <> 1
  OR count(*) FILTER (WHERE e.side = 'credit' AND e.account_id = t.credit_account_id) <> 1
  OR count(e.transfer_id) <> 2
ORDER BY t.id LIMIT 1
"""
_RESOLVED = """
SELECT r.id AS transfer_id, 'resolves_id' AS name, 'one pending transfer of its accounts and amount, once'
  AS expected, r.resolves_id::text AS found
FROM ledger_transfers r
LEFT JOIN ledger_transfers h ON h.ledger_id = r.ledger_id AND h.id = r.resolves_id
WHERE r.ledger_id = $1 AND r.resolves_id IS NOT NULL AND (
  h.kind IS DISTINCT FROM 'pending' OR h.debit_account_id <> r.debit_account_id
  OR h.credit_account_id <> r.credit_account_id OR r.amount_fen > h.amount_fen
  OR r.kind <> 'post' AND r.amount_fen <> h.amount_fen
  OR EXISTS (SELECT 1 FROM ledger_transfers o
             WHERE o.ledger_id = r.ledger_id AND o.resolves_id = r.resolves_id AND o.id <> r.id))
ORDER BY r.id LIMIT 1
"""
_REVERSED = """
SELECT r.id AS transfer_id, 'reverses_id' AS name, 'a posted transfer, its accounts swapped, its amount, once'
  AS expected, r.reverses_id::text AS found
FROM ledger_transfers r
LEFT JOIN ledger_transfers o ON o.ledger_id = r.ledger_id AND o.id = r.reverses_id
WHERE r.ledger_id = $1 AND r.reverses_id IS NOT NULL AND (
  o.id IS NULL OR o.kind NOT IN ('posted', 'post') OR o.debit_account_id <> r.credit_account_id
  OR o.credit_account_id <> r.debit_account_id OR o.amount_fen <> r.amount_fen
  OR EXISTS (SELECT 1 FROM ledger_transfers x
             WHERE x.ledger_id = r.ledger_id AND x.reverses_id = r.reverses_id AND x.id <> r.id))
ORDER BY r.id LIMIT 1
"""
_UNSEALED = """
SELECT t.id AS transfer_id, 'event_id' AS name, 'an event that is sealed, or waits for its seal' AS expected,
  t.event_id::text AS found
FROM ledger_transfers t LEFT JOIN events e ON e.id = t.event_id
WHERE t.ledger_id = $1 AND (e.id IS NULL
  OR NOT EXISTS (SELECT 1 FROM seals s WHERE s.event_id = e.id AND s.stream = e.stream)
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_id = e.id AND o.stream = e.stream))
ORDER BY t.id LIMIT 1
"""
_OF_TRANSFERS = (_LOOSE, _RESOLVED, _REVERSED, _UNSEALED)
_STREAMS = """
SELECT DISTINCT e.stream FROM ledger_transfers t JOIN events e ON e.id = t.event_id WHERE t.ledger_id = $1
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A pool's ledger, and the stream under whose seals it lies."""

    id: uuid.UUID
    number: str
    stream: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account to be replayed, how many entries it says to have, and of what nature it says to be."""

    id: uuid.UUID
    code: str
    entries: int
    normal_side: str
    limit_side: str | None
    memo: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as replayed: a column, what it should be and what it is. `version`: of the account."""

    name: str
    expected: str | None
    found: str | None
    transfer_id: uuid.UUID | None
    version: int | None = None


async def ledgers(session: AsyncSession, number: str | None) -> list[Replayed]:
    """All ledgers, or that of one pool if there is such a pool."""
    rows = await (await driver(session)).fetch(_LEDGERS, number)
    return [Replayed(row["id"], row["number"], row["stream"]) for row in rows]


async def accounts(session: AsyncSession, ledger_id: uuid.UUID) -> list[Account]:
    """The accounts of a ledger by code."""
    rows = await (await driver(session)).fetch(_ACCOUNTS, ledger_id)
    return [Account(**row) for row in rows]


async def replay(session: AsyncSession, account_id: uuid.UUID) -> Fault | None:
    """The first entry of an account that does not follow from its transfers, else a total that does not."""
    connection = await driver(session)
    for statement in (_REPLAY, _TOTALS):
        row = await connection.fetchrow(statement, account_id)
        if row is not None:
            version = row["version"] if statement is _REPLAY else None
            return Fault(row["name"], row["expected"], row["found"], row["transfer_id"], version)
    return None


async def loose(session: AsyncSession, ledger_id: uuid.UUID) -> list[Fault]:
    """The first transfer that lacks an entry or has too many, resolves or reverses what it may not, or that
    no seal will ever cover.
    """
    connection = await driver(session)
    rows = [await connection.fetchrow(statement, ledger_id) for statement in _OF_TRANSFERS]
    return [
        Fault(row["name"], row["expected"], row["found"], row["transfer_id"])
        for row in rows
        if row is not None
    ]


async def streams(session: AsyncSession, ledger_id: uuid.UUID) -> set[str]:
    """The streams in which the events of a ledger's transfers lie."""
    return {row["stream"] for row in await (await driver(session)).fetch(_STREAMS, ledger_id)}
