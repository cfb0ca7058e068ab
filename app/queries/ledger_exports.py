"""A pool's books as an export reads them: in one snapshot, streamed, however many transfers there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import pool as pool_rules
from app.domain.ledger_export import Books, ExportAccount, ExportHead, ExportLine, ExportTransfer
from app.models.pool import Pool
from app.queries import ledger
from app.queries.driver import driver

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

AT_ONCE = 100
"""Rows fetched at a time; they are written without a pause, in which nobody else is answered."""

_TRANSFERS = """
SELECT t.id, t.kind, t.debit_account_id, t.credit_account_id, t.amount_fen,
  CASE WHEN t.kind IN ('posted', 'post') THEN t.amount_fen ELSE 0 END AS posted_fen,
  CASE t.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN t.amount_fen ELSE -h.amount_fen END AS pending_fen,
  t.resolves_id, t.reverses_id, t.posting_id, t.event_id, t.code, t.narrative, t.business_noun, t.business_id,
  t.occurred_on, t.booked_on, t.corrects_on, t.recorded_at
FROM ledger_transfers t
LEFT JOIN ledger_transfers h ON h.ledger_id = t.ledger_id AND h.id = t.resolves_id
WHERE t.ledger_id = $1
ORDER BY {order}, t.posting_id, t.position, t.id
"""
_LINES = """
SELECT a.code AS account_code, e.account_version, e.booked_on, e.occurred_on, e.transfer_id, e.side, t.kind,
  t.code, t.narrative, e.amount_fen, e.posted_fen, e.debits_posted, e.credits_posted, e.debits_pending,
  e.credits_pending, e.recorded_at
FROM ledger_accounts a
JOIN ledger_entries e ON e.account_id = a.id
JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
WHERE a.ledger_id = $1
ORDER BY a.code, e.account_version
"""
_SEAL = "SELECT coalesce(max(seq), 0) FROM seals WHERE stream = $1"


async def pool_of(session: AsyncSession, number: str) -> Pool:
    """The pool of that business number, for work of the system itself. Raises: `pool.not_found`."""
    pool = (await session.scalars(select(Pool).where(Pool.number == number))).one_or_none()
    if pool is None:
        raise pool_rules.NOT_FOUND.error(number=number)
    return pool


async def books(session: AsyncSession, pool: Pool, *, moment: Moment, taken_by: str) -> Books:
    """The books of a pool; what they are read from is the session's snapshot."""
    connection = await driver(session)
    accounts = [
        ExportAccount(
            id=one.id,
            code=one.code,
            name=one.name,
            normal_side=one.normal_side,
            memo=one.memo,
            version=one.version,
            debits_posted=one.debits_posted,
            credits_posted=one.credits_posted,
            debits_pending=one.debits_pending,
            credits_pending=one.credits_pending,
        )
        for one in await ledger.accounts(session, pool.id)
    ]
    head = ExportHead(
        pool_number=pool.number,
        pool_name=pool.name,
        currency=pool.currency,
        taken_on=moment.today,
        taken_at=moment.now,
        taken_by=taken_by,
        seal=await connection.fetchval(_SEAL, pool.district_code),
        accounts=accounts,
    )

    async def transfers(order: str) -> AsyncIterator[ExportTransfer]:
        async for row in _rows(connection, _TRANSFERS.format(order=order), pool):
            yield ExportTransfer(**row)

    async def lines() -> AsyncIterator[ExportLine]:
        async for row in _rows(connection, _LINES, pool):
            yield ExportLine(**row)

    return Books(
        head=head,
        effective=lambda: transfers("t.occurred_on, t.booked_on"),
        journals=lambda: transfers("t.booked_on"),
        lines=lines,
    )


async def _rows(
    connection: asyncpg.Connection[asyncpg.Record], sql: str, pool: Pool
) -> AsyncIterator[asyncpg.Record]:
    async for row in connection.cursor(sql, pool.id, prefetch=AT_ONCE):
        yield row
