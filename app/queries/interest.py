"""Reads of interest: rates in effect, balances they are due on, and what has accrued."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain.interest import DayCount
from app.models.interest import InterestAccrual, InterestRate
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def rates(session: AsyncSession, ledger_id: uuid.UUID) -> Sequence[InterestRate]:
    """All rates of a pool, in the order in which they take effect."""
    statement = (
        select(InterestRate).where(InterestRate.ledger_id == ledger_id).order_by(InterestRate.effective_from)
    )
    return (await session.scalars(statement)).all()


async def accruals(
    session: AsyncSession, ledger_id: uuid.UUID, first: date, last: date
) -> Sequence[InterestAccrual]:
    """What accrued day by day over days, both ends included."""
    statement = (
        select(InterestAccrual)
        .where(InterestAccrual.ledger_id == ledger_id, InterestAccrual.accrued_on.between(first, last))
        .order_by(InterestAccrual.accrued_on)
    )
    return (await session.scalars(statement)).all()


async def last_accrual(session: AsyncSession, ledger_id: uuid.UUID) -> InterestAccrual | None:
    """The last day that has accrued."""
    statement = (
        select(InterestAccrual)
        .where(InterestAccrual.ledger_id == ledger_id)
        .order_by(InterestAccrual.accrued_on.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


@dataclass(frozen=True, slots=True)
class Due:
    """What a rate is applied to on one day: the balance at its end in fen, the carry of the day before."""

    rate_id: uuid.UUID
    rate_ppm: int
    day_count: DayCount
    balance_fen: int
    carry: int


_PENDING = """
SELECT r.ledger_id, d.day::date AS day
FROM (SELECT ledger_id, min(effective_from) AS first_on FROM interest_rates GROUP BY ledger_id) r
JOIN pools p ON p.id = r.ledger_id AND p.status <> 'closed'
CROSS JOIN LATERAL generate_series(greatest(r.first_on, (
  SELECT max(a.accrued_on) + 1 FROM interest_accruals a WHERE a.ledger_id = r.ledger_id
))::timestamp, $1::date::timestamp, interval '1 day') d(day)
WHERE NOT EXISTS (SELECT 1 FROM ledger_accounts f WHERE f.ledger_id = r.ledger_id
  AND f.code IN ('interest', 'interest_receivable') AND f.frozen_by IS NOT NULL)
ORDER BY r.ledger_id, day
"""
# Back from the totals of today, so that a long history need not be summed up every day.
_DUE = """
SELECT r.id, r.rate_ppm, r.day_count,
  (c.debits_posted - c.credits_posted - coalesce((
    SELECT sum(CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END)
    FROM ledger_entries e WHERE e.account_id = c.id AND e.occurred_on > $2), 0))::bigint AS balance_fen,
  coalesce((SELECT a.carry FROM interest_accruals a WHERE a.ledger_id = $1 AND a.accrued_on < $2
    ORDER BY a.accrued_on DESC LIMIT 1), 0) AS carry
FROM interest_rates r JOIN ledger_accounts c ON c.ledger_id = r.ledger_id AND c.code = 'cash'
WHERE r.ledger_id = $1 AND r.effective_from <= $2
ORDER BY r.effective_from DESC LIMIT 1
"""


async def pending(session: AsyncSession, on: date) -> list[tuple[uuid.UUID, date]]:
    """Ledgers and days under a rate, up to `on`, that have not accrued, in their order.

    Without the ledgers whose accounts of interest are frozen: theirs come once they are given back.
    """
    rows = await (await driver(session)).fetch(_PENDING, on)
    return [(row["ledger_id"], row["day"]) for row in rows]


async def due(session: AsyncSession, ledger_id: uuid.UUID, on: date) -> Due:
    """What accrues of a ledger on a day on which a rate is in effect."""
    row = await (await driver(session)).fetchrow(_DUE, ledger_id, on)
    assert row is not None  # noqa: S101 - the caller has found the rate
    return Due(
        row["id"], row["rate_ppm"], DayCount(row["day_count"]), max(0, row["balance_fen"]), row["carry"]
    )
