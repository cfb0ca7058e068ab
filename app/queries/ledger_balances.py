"""What stood on a ledger's accounts: by the day money had effect, and by what was known at an instant.

A balance of a day sums what has effect by then, whenever it was booked; booking later for that day
changes it. With `as_of` it sums only what was known (sealed) at that instant, and never changes again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from app.domain.ledger import Side
from app.queries.driver import driver
from app.queries.statistics import SETTLED_AFTER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Totals:
    """An account's four running totals, in fen."""

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    def balance(self, normal_side: str) -> int:
        """Posted money on the account, in fen; below zero when the other side is larger."""
        fen = self.debits_posted - self.credits_posted
        return fen if normal_side == Side.debit else -fen


@dataclass(frozen=True, slots=True)
class Balance:
    """What stood on one account."""

    account_id: uuid.UUID
    code: str
    name: str
    normal_side: str
    memo: bool
    totals: Totals


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances on a day, as known with these seals; the unsealed tail counts when `as_of` is None."""

    on: date
    as_of: datetime | None
    seals: Mapping[str, int]
    settled: bool
    accounts: Sequence[Balance]


_NAMES = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
# The totals an account had after the last entry booked by the day hold everything but what was booked later
# for that day, or (which only a correction could be) earlier for a later one.
_MOVED = ", ".join(f"sum(e.{name} - coalesce(p.{name}, 0)) AS {name}" for name in _NAMES)
_BEFORE = (
    "LEFT JOIN ledger_entries p ON p.account_id = e.account_id AND p.account_version = e.account_version - 1"
)
_SUMMED = ", ".join(
    f"(coalesce(b.{name}, 0) + coalesce(later.{name}, 0) - coalesce(ahead.{name}, 0))::bigint AS {name}"
    for name in _NAMES
)
_CURRENT = f"""
SELECT {_SUMMED}
FROM (SELECT 1) one
LEFT JOIN LATERAL (
  SELECT * FROM ledger_entries e WHERE e.account_id = a.id AND e.booked_on <= $2
  ORDER BY e.booked_on DESC, e.account_version DESC LIMIT 1) b ON true
LEFT JOIN LATERAL (
  SELECT {_MOVED} FROM ledger_entries e {_BEFORE}
  WHERE e.account_id = a.id AND e.occurred_on < e.booked_on
    AND e.account_version > coalesce(b.account_version, 0) AND e.occurred_on <= $2) later ON true
LEFT JOIN LATERAL (
  SELECT {_MOVED} FROM ledger_entries e {_BEFORE}
  WHERE e.account_id = a.id AND e.occurred_on > e.booked_on
    AND e.account_version <= b.account_version AND e.occurred_on > $2) ahead ON true
"""
_KNOWN = f"""
SELECT {", ".join(f"coalesce(sum(e.{name} - coalesce(p.{name}, 0)), 0)::bigint AS {name}" for name in _NAMES)}
FROM ledger_entries e {_BEFORE}
JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
JOIN seals s ON s.event_id = t.event_id AND s.sealed_at <= $3::timestamptz
WHERE e.account_id = a.id AND e.occurred_on <= $2
"""
# The seals of the district are those of the pool's books; the younger seal of all settles an instant.
_STATEMENT = """
SELECT a.id, a.code, a.name, a.normal_side, a.memo, t.*, a.district_code AS stream,
  (SELECT s.seq FROM seals s WHERE s.stream = a.district_code
     AND ($3::timestamptz IS NULL OR s.sealed_at <= $3::timestamptz)
   ORDER BY s.sealed_at DESC, s.seq DESC LIMIT 1) AS seq,
  (SELECT s.sealed_at FROM seals s ORDER BY s.position DESC LIMIT 1) AS last_sealed_at
FROM ledger_accounts a CROSS JOIN LATERAL ({totals}) t
WHERE a.ledger_id = $1 AND ($4::uuid IS NULL OR a.id = $4::uuid)
ORDER BY a.code
"""


async def balances(
    session: AsyncSession,
    ledger_id: uuid.UUID,
    *,
    on: date,
    as_of: datetime | None,
    now: datetime,
    account_id: uuid.UUID | None = None,
) -> Balances:
    """The balances of a ledger's accounts, or of one, at the end of a day; in one statement.

    Without `as_of` the work does not grow with the entries, but with those booked later for earlier days;
    with it, with the account's entries.
    """
    sql = _STATEMENT.format(totals=_CURRENT if as_of is None else _KNOWN)
    rows = await (await driver(session)).fetch(sql, ledger_id, on, as_of, account_id)
    seals = {row["stream"]: row["seq"] for row in rows if row["seq"] is not None}
    return Balances(on, as_of, seals, _settled(rows, as_of, now), [_balance(row) for row in rows])


def _balance(row: asyncpg.Record) -> Balance:
    return Balance(row["id"], row["code"], row["name"], row["normal_side"], row["memo"], totals_of(row))


def totals_of(row: asyncpg.Record) -> Totals:
    """The totals in a row; nothing where it has none."""
    return Totals(*(row[name] or 0 for name in _NAMES))


def _settled(rows: Sequence[asyncpg.Record], as_of: datetime | None, now: datetime) -> bool:
    if as_of is None:
        return False
    last = rows[0]["last_sealed_at"] if rows else None
    return now - as_of > SETTLED_AFTER or (last is not None and last > as_of)
