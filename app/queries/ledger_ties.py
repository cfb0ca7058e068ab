"""Books and statistics say the same (UNI-17): facts of payouts and recoveries against the accounts they move.

Facts and transfers are tied by the event under which both were written, and by the day the money is of: a
posting that corrects a closed month is of the day it corrects.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.fact import Measure
from app.domain.ledger import Side
from app.domain.pool import AccountCode
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Tie:
    """A measure and the account whose movements it counts, in the direction of `side`."""

    measure: Measure
    account: AccountCode
    side: Side


TIES = (
    Tie(Measure.claim_payout_amount, AccountCode.compensation, Side.debit),
    Tie(Measure.recovery_amount, AccountCode.recovered, Side.credit),
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An event and a day on which a measure and its account differ, in fen; None: nothing on that side."""

    measure: Measure
    account: AccountCode
    event_id: uuid.UUID
    occurred_on: date
    counted_fen: int | None
    booked_fen: int | None
    transfer_ids: Sequence[uuid.UUID]
    claim_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Tied:
    """Both sums of a tie over some days, in fen, and what does not agree behind them.

    Two mismatches may leave equal sums: the books tie when there is no mismatch.
    """

    tie: Tie
    counted_fen: int
    booked_fen: int
    mismatches: Sequence[Mismatch]


_VALUES = ", ".join(f"('{tie.measure}', '{tie.account}', '{tie.side}')" for tie in TIES)
# A fact of a claim is of the claim's pool. Backfilled facts tell of money that moved before these books.
BOTH_SIDES = f"""
WITH tie(measure, code, side) AS (VALUES {_VALUES}), counted AS (
  SELECT c.pool_id AS ledger_id, f.measure, f.event_id, f.occurred_on, sum(f.value)::bigint AS fen,
    min(f.source_id::text)::uuid AS claim_id
  FROM facts f LEFT JOIN claims c ON f.source_noun = 'claim' AND c.id = f.source_id
  WHERE f.measure IN (SELECT measure FROM tie) AND NOT f.imported AND {{facts}}
  GROUP BY c.pool_id, f.measure, f.event_id, f.occurred_on
), booked AS (
  SELECT e.ledger_id, tie.measure, t.event_id, coalesce(t.corrects_on, t.occurred_on) AS occurred_on,
    sum(CASE WHEN e.side = tie.side THEN e.posted_fen ELSE -e.posted_fen END)::bigint AS fen,
    array_agg(t.id ORDER BY t.id) AS transfer_ids
  FROM tie JOIN ledger_accounts a ON a.code = tie.code
  JOIN ledger_entries e ON e.account_id = a.id
  JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
  WHERE e.posted_fen <> 0 AND {{entries}}
  GROUP BY e.ledger_id, tie.measure, t.event_id, coalesce(t.corrects_on, t.occurred_on)
), both_sides AS (
  SELECT coalesce(c.ledger_id, b.ledger_id) AS ledger_id, coalesce(c.measure, b.measure) AS measure,
    coalesce(c.event_id, b.event_id) AS event_id, coalesce(c.occurred_on, b.occurred_on) AS occurred_on,
    c.fen AS counted_fen, b.fen AS booked_fen, c.claim_id,
    coalesce(b.transfer_ids, '{{{{}}}}') AS transfer_ids
  FROM counted c FULL JOIN booked b ON b.ledger_id = c.ledger_id AND b.measure = c.measure
    AND b.event_id = c.event_id AND b.occurred_on = c.occurred_on
)
"""
_OF_POOL = BOTH_SIDES.format(
    facts="c.pool_id = $1 AND f.occurred_on BETWEEN $2 AND $3",
    entries="a.ledger_id = $1 AND coalesce(t.corrects_on, t.occurred_on) BETWEEN $2 AND $3",
)
_READ = f"""
{_OF_POOL}
SELECT s.measure, s.counted, s.booked, b.event_id, b.occurred_on, b.counted_fen, b.booked_fen, b.transfer_ids,
  b.claim_id
FROM (SELECT measure, sum(counted_fen)::bigint AS counted, sum(booked_fen)::bigint AS booked
      FROM both_sides GROUP BY measure) s
LEFT JOIN both_sides b ON b.measure = s.measure AND coalesce(b.counted_fen, 0) <> coalesce(b.booked_fen, 0)
ORDER BY s.measure, b.occurred_on, b.event_id
"""
UNTIED = (
    BOTH_SIDES.format(facts="true", entries="true")
    + "SELECT coalesce(ledger_id::text, 'no pool') AS subject, measure || ' ' || occurred_on || ', event '"
    " || event_id || ': ' || coalesce(counted_fen, 0) || ' counted, ' || coalesce(booked_fen, 0) || ' booked'"
    " AS detail FROM both_sides WHERE coalesce(counted_fen, 0) <> coalesce(booked_fen, 0)"
)
"""Every mismatch of every pool, as an integrity check reads it."""


async def tied(session: AsyncSession, pool_id: uuid.UUID, *, first: date, last: date) -> list[Tied]:
    """How a pool's books and the statistics of its claims compare over days, both ends included."""
    connection = await driver(session)
    rows = await connection.fetch(_READ, pool_id, first, last)
    found = []
    for tie in TIES:
        own = [row for row in rows if row["measure"] == tie.measure]
        counted, booked = (own[0]["counted"] or 0, own[0]["booked"] or 0) if own else (0, 0)
        unlike = [_mismatch(tie, row) for row in own if row["event_id"] is not None]
        found.append(Tied(tie, counted, booked, unlike))
    return found


async def mismatches(session: AsyncSession, pool_id: uuid.UUID, *, first: date, last: date) -> list[Mismatch]:
    """What does not tie over these days; none when books and statistics say the same."""
    return [one for tie in await tied(session, pool_id, first=first, last=last) for one in tie.mismatches]


def _mismatch(tie: Tie, row: asyncpg.Record) -> Mismatch:
    return Mismatch(
        measure=tie.measure,
        account=tie.account,
        event_id=row["event_id"],
        occurred_on=row["occurred_on"],
        counted_fen=row["counted_fen"],
        booked_fen=row["booked_fen"],
        transfer_ids=list(row["transfer_ids"]),
        claim_id=row["claim_id"],
    )
