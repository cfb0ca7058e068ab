"""What became of a pool's money: figures of its sources, lineage and trace (POL-25, UNI-32)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain.fund_report import ClaimUse, Part, SourceState, TrancheState
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_MOVEMENTS = """
SELECT t.source_id, m.tranche_id, m.transfer_id, m.amount_fen, root.claim_id,
  CASE WHEN k.id = s.account_id THEN 'paid_in'
       WHEN (m.amount_fen < 0) <> (x.reverses_id IS NOT NULL) THEN
         CASE k.code WHEN 'compensation' THEN 'drawn' ELSE 'spent' END
       WHEN k.code IN ('compensation', 'recovered') THEN 'given_back' ELSE 'received' END AS sort
FROM fund_movements m
JOIN fund_tranches t ON t.pool_id = m.pool_id AND t.transfer_id = m.tranche_id
JOIN fund_sources s ON s.id = t.source_id
JOIN ledger_transfers x ON x.ledger_id = m.pool_id AND x.id = m.transfer_id
JOIN ledger_accounts c ON c.ledger_id = m.pool_id AND c.code = 'cash'
JOIN ledger_accounts k
  ON k.id = CASE WHEN x.debit_account_id = c.id THEN x.credit_account_id ELSE x.debit_account_id END
LEFT JOIN LATERAL (
  SELECT id AS claim_id FROM claims
  WHERE pool_id = m.pool_id AND transfer_id = coalesce(x.reverses_id, x.id)
  UNION ALL SELECT claim_id FROM recoveries
  WHERE pool_id = m.pool_id AND transfer_id = coalesce(x.reverses_id, x.id)
  UNION ALL SELECT claim_id FROM clawbacks
  WHERE pool_id = m.pool_id AND transfer_id = coalesce(x.reverses_id, x.id) LIMIT 1
) root ON k.code IN ('compensation', 'recovered')
WHERE m.pool_id = $1
"""
"""Every movement with what it was for; a reversal takes back what it reverses, under the same head."""

_FIGURES = """
  coalesce(sum(amount_fen) FILTER (WHERE sort = 'paid_in'), 0)::bigint AS paid_in_fen,
  coalesce(sum(amount_fen) FILTER (WHERE sort = 'received'), 0)::bigint AS received_fen,
  coalesce(-sum(amount_fen) FILTER (WHERE sort = 'drawn'), 0)::bigint AS drawn_fen,
  coalesce(-sum(amount_fen) FILTER (WHERE sort = 'spent'), 0)::bigint AS spent_fen,
  coalesce(sum(amount_fen) FILTER (WHERE sort = 'given_back'), 0)::bigint AS given_back_fen
"""

_SOURCES = f"""
WITH movements AS ({_MOVEMENTS}), figures AS (
  SELECT source_id, {_FIGURES} FROM movements GROUP BY source_id
), tranches AS (
  SELECT source_id, sum(remaining_fen)::bigint AS remaining_fen FROM fund_tranches WHERE pool_id = $1
  GROUP BY source_id
)
SELECT s.id, s.type, s.name, s.committed_fen, s.eligible_ip, s.eligible_districts, s.purpose, s.account_id,
  a.code AS account_code, s.effective_from, coalesce(f.paid_in_fen, 0) AS paid_in_fen,
  coalesce(f.received_fen, 0) AS received_fen, coalesce(f.drawn_fen, 0) AS drawn_fen,
  coalesce(f.spent_fen, 0) AS spent_fen, coalesce(f.given_back_fen, 0) AS given_back_fen,
  coalesce(t.remaining_fen, 0) AS remaining_fen
FROM fund_sources s JOIN ledger_accounts a ON a.id = s.account_id
LEFT JOIN figures f ON f.source_id = s.id LEFT JOIN tranches t ON t.source_id = s.id
WHERE s.pool_id = $1 AND ($2::uuid IS NULL OR s.id = $2)
ORDER BY s.recorded_at, s.id
"""

_TRANCHES = f"""
WITH movements AS ({_MOVEMENTS} AND t.source_id = $2)
SELECT t.transfer_id, t.occurred_on, t.remaining_fen, {_FIGURES}
FROM fund_tranches t JOIN movements m ON m.tranche_id = t.transfer_id
WHERE t.pool_id = $1
GROUP BY t.transfer_id, t.occurred_on, t.remaining_fen ORDER BY t.occurred_on, t.transfer_id
"""

_CLAIMS = f"""
WITH movements AS ({_MOVEMENTS} AND t.source_id = $2), uses AS (
  SELECT claim_id, {_FIGURES} FROM movements WHERE claim_id IS NOT NULL GROUP BY claim_id
)
SELECT c.id, c.number, c.pledge_id, p.number AS pledge_number, p.borrower_id, b.name AS borrower_name,
  b.district_code AS borrower_district, c.paid_on, u.drawn_fen, u.given_back_fen
FROM uses u JOIN claims c ON c.id = u.claim_id JOIN pledges p ON p.id = c.pledge_id
LEFT JOIN parties b ON b.id = p.borrower_id
ORDER BY c.paid_on, c.number
"""

_LINEAGE = """
SELECT m.tranche_id, m.amount_fen, t.occurred_on, t.source_id, s.type, s.name
FROM fund_movements m
JOIN fund_tranches t ON t.pool_id = m.pool_id AND t.transfer_id = m.tranche_id
JOIN fund_sources s ON s.id = t.source_id
WHERE m.pool_id = $1 AND m.transfer_id = $2
ORDER BY t.occurred_on, m.tranche_id
"""


async def sources(
    session: AsyncSession, pool_id: uuid.UUID, source_id: uuid.UUID | None = None
) -> list[SourceState]:
    """The sources of a pool with their figures, in the order in which they were added; or one of them."""
    rows = await (await driver(session)).fetch(_SOURCES, pool_id, source_id)
    return [SourceState(**dict(row)) for row in rows]


async def tranches(session: AsyncSession, pool_id: uuid.UUID, source_id: uuid.UUID) -> list[TrancheState]:
    """What a source's money came in by, oldest first."""
    rows = await (await driver(session)).fetch(_TRANCHES, pool_id, source_id)
    return [TrancheState(**dict(row)) for row in rows]


async def claims(session: AsyncSession, pool_id: uuid.UUID, source_id: uuid.UUID) -> list[ClaimUse]:
    """The claims that a source's money paid, in the order of their payment."""
    rows = await (await driver(session)).fetch(_CLAIMS, pool_id, source_id)
    return [ClaimUse(**dict(row)) for row in rows]


async def lineage(session: AsyncSession, pool_id: uuid.UUID, transfer_id: uuid.UUID) -> list[Part]:
    """Which money a transfer moved; none where it left the special account alone."""
    rows = await (await driver(session)).fetch(_LINEAGE, pool_id, transfer_id)
    return [Part(**dict(row)) for row in rows]
