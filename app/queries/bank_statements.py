"""Reads and locks of bank statements, and the matching of their lines with the ledger, set by set."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import bank_statement as rules
from app.domain.bank_statement import NEAR_DAYS, LineStatus, MatchRule
from app.models.bank_statement import BankStatement, BankStatementLine
from app.models.event import Event
from app.queries.driver import driver

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession


def of_pool(ledger_id: uuid.UUID) -> Select[BankStatement]:
    """All statements of a pool's special account."""
    return select(BankStatement).where(BankStatement.ledger_id == ledger_id)


async def get(session: AsyncSession, ledger_id: uuid.UUID, statement_id: uuid.UUID) -> BankStatement:
    """One statement of a pool. Raises: `bank_statement.not_found`."""
    found = (await session.scalars(of_pool(ledger_id).where(BankStatement.id == statement_id))).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error(statement_id=statement_id)
    return found


async def last(session: AsyncSession, ledger_id: uuid.UUID) -> BankStatement | None:
    """The latest statement of a pool, under the lock of the pool."""
    statement = of_pool(ledger_id).order_by(BankStatement.begins_on.desc()).limit(1)
    return (await session.scalars(statement)).one_or_none()


async def of_file(session: AsyncSession, ledger_id: uuid.UUID, sha256: bytes) -> BankStatement | None:
    """The statement of a pool that was read from a file."""
    return (await session.scalars(of_pool(ledger_id).where(BankStatement.sha256 == sha256))).one_or_none()


async def importer(session: AsyncSession, statement: BankStatement) -> uuid.UUID | None:
    """The client that brought the statement."""
    return (await session.scalars(select(Event.client_id).where(Event.id == statement.event_id))).one()


def lines(statement: BankStatement, *, status: LineStatus | None = None) -> Select[BankStatementLine]:
    """Lines of a statement, in the order of the bank."""
    found = select(BankStatementLine).where(BankStatementLine.statement_id == statement.id)
    return found if status is None else found.where(BankStatementLine.status == status)


async def lock_line(session: AsyncSession, statement: BankStatement, line_id: uuid.UUID) -> BankStatementLine:
    """One line, locked and freshly read. Raises: `bank_statement.line_not_found`."""
    found = (
        await session.scalars(
            lines(statement)
            .where(BankStatementLine.id == line_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if found is None:
        raise rules.LINE_NOT_FOUND.error(line_id=line_id)
    return found


async def line_of_transfer(
    session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID
) -> BankStatementLine | None:
    """The line that a transfer is matched with."""
    statement = select(BankStatementLine).where(
        BankStatementLine.ledger_id == ledger_id, BankStatementLine.transfer_id == transfer_id
    )
    return (await session.scalars(statement)).one_or_none()


_CASH_MOVED = """
SELECT CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END
FROM ledger_accounts a JOIN ledger_entries e ON e.account_id = a.id
WHERE a.ledger_id = $1 AND a.code = 'cash' AND e.ledger_id = $1 AND e.transfer_id = $2
"""


async def cash_moved(session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID) -> int | None:
    """What a transfer moved of the special account in fen, in above zero; None: it does not touch it."""
    found: int | None = await (await driver(session)).fetchval(_CASH_MOVED, ledger_id, transfer_id)
    return found


_ENTRIES = """
WITH cash AS (SELECT id FROM ledger_accounts WHERE ledger_id = $1 AND code = 'cash'), line AS (
  SELECT l.id, l.amount_fen, l.occurred_on,
    regexp_replace(lower(coalesce(l.reference, '')), '[^0-9a-z]', '', 'g') AS reference
  FROM bank_statement_lines l WHERE l.ledger_id = $1 AND l.status = 'unmatched'
), entry AS (
  SELECT e.transfer_id, e.occurred_on, t.business_noun, t.business_id,
    CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END AS amount_fen
  FROM cash JOIN ledger_entries e ON e.account_id = cash.id
  JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
  WHERE e.posted_fen > 0 AND e.occurred_on >= (SELECT min(occurred_on) - 31 FROM line)
    AND NOT EXISTS (SELECT 1 FROM bank_statement_lines m
      WHERE m.ledger_id = $1 AND m.transfer_id = e.transfer_id)
)"""
# An id is looked for at every place of a reference; a claim by its number's beginning first, of fixed length.
_BY_REFERENCE = """, named AS (
  SELECT line.id, line.amount_fen, line.reference, substr(line.reference, p, 32) AS token
  FROM line CROSS JOIN LATERAL generate_series(1, length(line.reference) - 31) p
  WHERE line.reference ~ '[0-9a-f]{32}' AND substr(line.reference, p, 32) ~ '^[0-9a-f]{32}$'
  UNION ALL
  SELECT line.id, line.amount_fen, line.reference, m[1]
  FROM line CROSS JOIN LATERAL regexp_matches(line.reference, '(cl[0-9]{16})', 'g') m
), known AS (
  SELECT entry.transfer_id, entry.amount_fen, entry.transfer_id::text AS name FROM entry
  UNION ALL
  SELECT entry.transfer_id, entry.amount_fen, c.number FROM entry
  LEFT JOIN recoveries r ON entry.business_noun = 'recovery' AND r.id = entry.business_id
  JOIN claims c ON c.pool_id = $1
    AND c.id = CASE entry.business_noun WHEN 'claim' THEN entry.business_id ELSE r.claim_id END
), spelt AS (
  SELECT transfer_id, amount_fen, lower(replace(name, '-', '')) AS name FROM known
), pair AS (
  SELECT found.*, count(*) OVER (PARTITION BY id) AS of_line,
    count(*) OVER (PARTITION BY transfer_id) AS of_transfer
  FROM (SELECT DISTINCT named.id, spelt.transfer_id FROM named JOIN spelt
    ON named.amount_fen = spelt.amount_fen
      AND named.token = CASE WHEN spelt.name LIKE 'cl%' THEN left(spelt.name, 18) ELSE spelt.name END
    WHERE named.reference LIKE '%' || spelt.name || '%') found
)"""
# By day and amount first: where many have the same amount, they are not held against one another one by one.
_BY_DAY = """, line_day AS (
  SELECT amount_fen, occurred_on AS day, count(*) AS lines, (array_agg(id))[1] AS id
  FROM line GROUP BY amount_fen, occurred_on
), entry_day AS (
  SELECT amount_fen, occurred_on AS day, count(*) AS entries, (array_agg(transfer_id))[1] AS transfer_id
  FROM entry GROUP BY amount_fen, occurred_on
), pair AS (
  SELECT l.id, e.transfer_id, sum(e.entries) OVER (PARTITION BY l.amount_fen, l.day) * l.lines AS of_line,
    sum(l.lines) OVER (PARTITION BY e.amount_fen, e.day) * e.entries AS of_transfer
  FROM line_day l JOIN entry_day e ON e.amount_fen = l.amount_fen AND abs(l.day - e.day) <= {days}
)"""
_PAIRS: Mapping[MatchRule, str] = {
    MatchRule.reference: _BY_REFERENCE,
    MatchRule.amount_and_day: _BY_DAY.format(days=0),
    MatchRule.amount_near_day: _BY_DAY.format(days=NEAR_DAYS),
}
_MATCH = {
    rule: f"""
{_ENTRIES}{pairs}
UPDATE bank_statement_lines l
SET status = 'matched', rule = $2, transfer_id = p.transfer_id, version = l.version + 1
FROM pair p WHERE p.id = l.id AND p.of_line = 1 AND p.of_transfer = 1
RETURNING l.id
"""
    for rule, pairs in _PAIRS.items()
}


async def match(session: AsyncSession, ledger_id: uuid.UUID) -> dict[MatchRule, int]:
    """Match what is unmatched, rule by rule; only where line and transfer have one another alone."""
    connection = await driver(session)
    return {
        rule: len(await connection.fetch(statement, ledger_id, rule.value))
        for rule, statement in _MATCH.items()
    }


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines of a statement are in which state, and what the bank lacks of its days."""

    matched: int = 0
    unmatched: int = 0
    explained: int = 0


async def tallies(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Tally]:
    """How many lines of each statement are in which state."""
    rows = await (await driver(session)).fetch(
        "SELECT statement_id, count(*) FILTER (WHERE status = 'matched') AS matched,"
        " count(*) FILTER (WHERE status = 'unmatched') AS unmatched,"
        " count(*) FILTER (WHERE status = 'explained') AS explained"
        " FROM bank_statement_lines WHERE statement_id = ANY ($1) GROUP BY statement_id",
        list(ids),
    )
    found = {row["statement_id"]: Tally(row["matched"], row["unmatched"], row["explained"]) for row in rows}
    return {one: found.get(one, Tally()) for one in ids}


@dataclass(frozen=True, slots=True)
class Missing:
    """A transfer of the special account that the bank does not show; `amount_fen` above zero: it came in."""

    transfer_id: uuid.UUID
    occurred_on: date
    amount_fen: int
    code: str


_MISSING = """
SELECT e.transfer_id, e.occurred_on, t.code,
  CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END AS amount_fen,
  count(*) OVER () AS total
FROM ledger_accounts a JOIN ledger_entries e ON e.account_id = a.id
JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
WHERE a.ledger_id = $1 AND a.code = 'cash' AND e.posted_fen > 0 AND e.occurred_on BETWEEN $2 AND $3
  AND NOT EXISTS (SELECT 1 FROM bank_statement_lines m
    WHERE m.ledger_id = $1 AND m.transfer_id = e.transfer_id)
ORDER BY e.occurred_on, e.account_version LIMIT $4
"""


async def missing(session: AsyncSession, statement: BankStatement, limit: int) -> tuple[int, list[Missing]]:
    """Transfers of a statement's days that match no line of any: how many, and the first of them."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _MISSING, statement.ledger_id, statement.begins_on, statement.ends_on, limit
    )
    found = [Missing(row["transfer_id"], row["occurred_on"], row["amount_fen"], row["code"]) for row in rows]
    return (rows[0]["total"] if rows else 0), found
