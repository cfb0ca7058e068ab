"""What happened in a pool in a period, by bank: enrolments, claims, payouts and recoveries (RP-21)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_FLOWS = """
WITH enrolled AS (
  SELECT c.bank_id, count(*) FILTER (WHERE o.principal_fen IS NULL) AS count,
    sum(c.principal_fen - coalesce(o.principal_fen, 0)) AS principal,
    sum(c.covered_fen - coalesce(o.covered_fen, 0)) AS covered
  FROM commitments c
  LEFT JOIN LATERAL (
    SELECT o.principal_fen, o.covered_fen FROM commitments o
    WHERE o.pledge_id = c.pledge_id AND o.pool_id = c.pool_id AND o.status = 'released'
      AND o.reason = 'enlarged' AND (o.recorded_at, o.id) < (c.recorded_at, c.id)
    ORDER BY o.recorded_at DESC, o.id DESC LIMIT 1
  ) o ON true
  WHERE c.pool_id = $1 AND c.pledge_id IS NOT NULL AND c.committed_on BETWEEN $2 AND $3
  GROUP BY c.bank_id
), claimed AS (
  SELECT k.organisation_id AS bank_id, count(*) AS count, sum(k.loss_fen) AS loss
  FROM claims k WHERE k.pool_id = $1 AND k.submitted_on BETWEEN $2 AND $3
  GROUP BY k.organisation_id
), booked AS (
  SELECT k.organisation_id AS bank_id,
    sum(CASE WHEN a.code <> 'compensation' THEN 0 WHEN e.side = 'debit' THEN e.posted_fen
        ELSE -e.posted_fen END) AS paid,
    count(DISTINCT k.id) FILTER (WHERE a.code = 'compensation' AND e.side = 'debit') AS payouts,
    sum(CASE WHEN a.code <> 'recovered' THEN 0 WHEN e.side = 'credit' THEN e.posted_fen
        ELSE -e.posted_fen END) AS recovered
  FROM ledger_entries e
  JOIN ledger_accounts a ON a.id = e.account_id AND a.code IN ('compensation', 'recovered')
  JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
  LEFT JOIN recoveries r ON t.business_noun = 'recovery' AND r.id = t.business_id
  LEFT JOIN clawbacks w ON t.business_noun = 'clawback' AND w.id = t.business_id
  LEFT JOIN claims k ON k.id = CASE t.business_noun
    WHEN 'claim' THEN t.business_id WHEN 'recovery' THEN r.claim_id WHEN 'clawback' THEN w.claim_id END
  WHERE e.ledger_id = $1 AND e.posted_fen > 0 AND e.occurred_on BETWEEN $2 AND $3
  GROUP BY k.organisation_id
)
SELECT i.bank_id, coalesce(e.count, 0) AS enrolled, coalesce(e.principal, 0)::bigint AS principal,
  coalesce(e.covered, 0)::bigint AS covered, coalesce(c.count, 0) AS claims,
  coalesce(c.loss, 0)::bigint AS claimed, coalesce(b.payouts, 0) AS payouts,
  coalesce(b.paid, 0)::bigint AS paid, coalesce(b.recovered, 0)::bigint AS recovered
FROM (SELECT bank_id FROM enrolled UNION SELECT bank_id FROM claimed UNION SELECT bank_id FROM booked) i
LEFT JOIN enrolled e ON e.bank_id = i.bank_id
LEFT JOIN claimed c ON c.bank_id = i.bank_id
LEFT JOIN booked b ON b.bank_id IS NOT DISTINCT FROM i.bank_id
ORDER BY i.bank_id
"""


@dataclass(frozen=True, slots=True)
class Flows:
    """What a bank's loans brought about in a period: numbers, and amounts in fen.

    A loan that was enlarged is enrolled once, its later commitments only with what they add.
    `paid_fen` and `recovered_fen` are what the books moved with effect in the period, less what was reversed;
    they may be negative. `bank_id` None: booked by hand, for no claim.
    """

    bank_id: uuid.UUID | None
    enrolled: int = 0
    principal_fen: int = 0
    covered_fen: int = 0
    claims: int = 0
    claimed_fen: int = 0
    payouts: int = 0
    paid_fen: int = 0
    recovered_fen: int = 0


async def flows(session: AsyncSession, pool_id: uuid.UUID, first: date, last: date) -> list[Flows]:
    """What happened in a period, a row for each bank concerned."""
    connection = await driver(session)
    return [
        Flows(
            bank_id=row["bank_id"],
            enrolled=row["enrolled"],
            principal_fen=row["principal"],
            covered_fen=row["covered"],
            claims=row["claims"],
            claimed_fen=row["claimed"],
            payouts=row["payouts"],
            paid_fen=row["paid"],
            recovered_fen=row["recovered"],
        )
        for row in await connection.fetch(_FLOWS, pool_id, first, last)
    ]
