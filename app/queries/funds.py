"""Reads of funds: sources with their tranches, what is set aside, and what transfers moved of which money."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.fund import Earmark, Funds, Loan, SetAside, Source, Tranche
from app.domain.pool import SourceType
from app.queries.driver import driver

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

_KEPT_CASH_ACCOUNTS = 4_096
_cash_accounts: OrderedDict[uuid.UUID, uuid.UUID] = OrderedDict()
"""Which account of a pool is its special account. That never changes, so it is asked once per process."""

_CASH = "SELECT id FROM ledger_accounts WHERE ledger_id = $1 AND code = 'cash'"

_SOURCES = """
SELECT s.id, s.account_id, s.type, s.eligible_ip, s.eligible_districts,
       t.transfer_id, t.occurred_on, t.remaining_fen, t.account_version
FROM fund_sources s LEFT JOIN (
  SELECT f.source_id, f.transfer_id, f.occurred_on, f.remaining_fen, e.account_version
  FROM fund_tranches f
  JOIN ledger_entries e ON e.ledger_id = f.pool_id AND e.transfer_id = f.transfer_id AND e.account_id = $2
  WHERE f.pool_id = $1 AND f.remaining_fen > 0
  UNION
  SELECT f.source_id, f.transfer_id, f.occurred_on, f.remaining_fen, e.account_version
  FROM fund_tranches f
  JOIN ledger_entries e ON e.ledger_id = f.pool_id AND e.transfer_id = f.transfer_id AND e.account_id = $2
  WHERE f.pool_id = $1 AND f.transfer_id = ANY($3::uuid[])
) t ON t.source_id = s.id
WHERE s.pool_id = $1
"""

_LOAN = """
  SELECT array_agg(DISTINCT i.asset_kind) AS kinds, b.district_code AS borrower_district
  FROM pledges p LEFT JOIN parties b ON b.id = p.borrower_id
  LEFT JOIN pledge_items i ON i.pledge_id = p.id
  WHERE p.id = {pledge} GROUP BY p.id, b.district_code
"""

_SET_ASIDE = f"""
SELECT t.id, c.id AS claim_id, c.pledge_id, t.amount_fen, e.account_version, l.kinds, l.borrower_district,
       EXISTS (SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = t.ledger_id AND r.resolves_id = t.id)
         AS resolved
FROM ledger_transfers t
JOIN claims c ON c.id = t.business_id
JOIN ledger_entries e ON e.ledger_id = t.ledger_id AND e.transfer_id = t.id AND e.account_id = $2
CROSS JOIN LATERAL ({_LOAN.format(pledge="c.pledge_id")}) l
WHERE t.ledger_id = $1 AND t.kind = 'pending' AND t.business_noun = 'claim' AND t.id = ANY(
  ARRAY(SELECT k.transfer_id FROM claims k
        WHERE k.pool_id = $1 AND k.paid_on IS NULL AND k.transfer_id IS NOT NULL) || $3::uuid[])
ORDER BY e.account_version
"""

_CLAIM_LOANS = f"""
SELECT c.id, l.kinds, l.borrower_district
FROM claims c CROSS JOIN LATERAL ({_LOAN.format(pledge="c.pledge_id")}) l WHERE c.id = ANY($1::uuid[])
"""

_CLAIMS_OF = """
SELECT id, claim_id FROM recoveries WHERE id = ANY($1::uuid[])
UNION ALL SELECT id, claim_id FROM clawbacks WHERE id = ANY($1::uuid[])
"""

_MOVED = """
SELECT transfer_id AS subject_id, tranche_id, amount_fen
FROM fund_movements WHERE pool_id = $1 AND transfer_id = ANY($2::uuid[])
"""

_DRAWN = """
WITH booked AS (
  SELECT id AS claim_id, transfer_id FROM claims WHERE id = ANY($2::uuid[])
  UNION SELECT claim_id, transfer_id FROM recoveries WHERE claim_id = ANY($2::uuid[])
  UNION SELECT claim_id, transfer_id FROM clawbacks WHERE claim_id = ANY($2::uuid[])
), moving AS (
  SELECT claim_id, transfer_id FROM booked WHERE transfer_id IS NOT NULL
  UNION
  SELECT b.claim_id, t.id FROM booked b
  JOIN ledger_transfers t ON t.ledger_id = $1 AND t.reverses_id = b.transfer_id
)
SELECT b.claim_id AS subject_id, m.tranche_id, -sum(m.amount_fen)::bigint AS amount_fen
FROM moving b JOIN fund_movements m ON m.pool_id = $1 AND m.transfer_id = b.transfer_id
GROUP BY b.claim_id, m.tranche_id
"""

_WRITE = """
WITH opened AS (
  INSERT INTO fund_tranches (pool_id, transfer_id, district_code, source_id, paid_in_fen, remaining_fen,
                             occurred_on)
  SELECT $1, transfer_id, $2, source_id, paid_in_fen, 0, occurred_on
  FROM jsonb_to_recordset($5::jsonb) AS t(transfer_id uuid, source_id uuid, paid_in_fen bigint,
                                          occurred_on date)
)
INSERT INTO fund_movements (pool_id, transfer_id, tranche_id, district_code, amount_fen, event_id,
                            recorded_at)
SELECT $1, transfer_id, tranche_id, $2, amount_fen, $3, $4
FROM jsonb_to_recordset($6::jsonb) AS m(transfer_id uuid, tranche_id uuid, amount_fen bigint)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A tranche to be written."""

    transfer_id: uuid.UUID
    source_id: uuid.UUID
    paid_in_fen: int
    occurred_on: date


@dataclass(frozen=True, slots=True)
class State:
    """A pool's funds, its sources by account, and money set aside for claims that was just resolved."""

    funds: Funds
    by_account: Mapping[uuid.UUID, Source]
    own: Source
    resolved: Mapping[uuid.UUID, SetAside]


Moved = dict[uuid.UUID, dict[uuid.UUID, int]]
"""By transfer, or by claim: tranche and fen."""


async def cash_account(session: AsyncSession, pool_id: uuid.UUID) -> uuid.UUID:
    """The pool's special account; no statement once it is known.

    Ids are never used twice, so that what was read of a pool that came to nothing is of nobody's use; and
    what were booked by a wrong one would not commit (`ck_fund_movements_whole`).
    """
    known = _cash_accounts.get(pool_id)
    if known is None:
        known = await (await driver(session)).fetchval(_CASH, pool_id)
        if known is None:
            raise LookupError(f"pool {pool_id} has no special account")
        _cash_accounts[pool_id] = known
        if len(_cash_accounts) > _KEPT_CASH_ACCOUNTS:
            _cash_accounts.popitem(last=False)
    return known


async def state(
    session: AsyncSession,
    pool_id: uuid.UUID,
    *,
    also: Collection[uuid.UUID] = (),
    resolving: Collection[uuid.UUID] = (),
    reserved: bool = True,
) -> State:
    """The pool's funds now: tranches with money left, and those of `also`.

    With `reserved`, what is set aside for claims, and `resolving`, the set-asides being resolved.
    """
    connection = await driver(session)
    cash = await cash_account(session, pool_id)
    sources: dict[uuid.UUID, Source] = {}
    tranches: list[Tranche] = []
    for row in await connection.fetch(_SOURCES, pool_id, cash, list(also)):
        source = sources.setdefault(row["id"], _source(row))
        if row["transfer_id"] is not None:
            tranches.append(
                Tranche(
                    row["transfer_id"],
                    source,
                    row["occurred_on"],
                    row["account_version"],
                    row["remaining_fen"],
                )
            )
    waiting: list[SetAside] = []
    resolved: dict[uuid.UUID, SetAside] = {}
    if reserved:
        for row in await connection.fetch(_SET_ASIDE, pool_id, cash, list(resolving)):
            one = SetAside(
                row["id"],
                row["claim_id"],
                row["pledge_id"],
                row["account_version"],
                row["amount_fen"],
                _loan(row),
            )
            if row["resolved"]:
                resolved[one.id] = one
            else:
                waiting.append(one)
    return State(
        Funds({one.id: one for one in tranches}, waiting),
        {source.account_id: source for source in sources.values()},
        next(source for source in sources.values() if source.own),
        resolved,
    )


async def loan_of(session: AsyncSession, pledge_id: uuid.UUID) -> Loan:
    """What earmarks ask of the loan of a pledge."""
    row = await (await driver(session)).fetchrow(_LOAN.format(pledge="$1"), pledge_id)
    if row is None:
        raise LookupError(f"no pledge {pledge_id}")
    return _loan(row)


async def loans(session: AsyncSession, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Loan]:
    """What earmarks ask of the loans of claims."""
    if not claim_ids:
        return {}
    rows = await (await driver(session)).fetch(_CLAIM_LOANS, list(claim_ids))
    return {row["id"]: _loan(row) for row in rows}


async def claims_of(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The claims of recoveries and clawbacks."""
    if not ids:
        return {}
    return {row["id"]: row["claim_id"] for row in await (await driver(session)).fetch(_CLAIMS_OF, list(ids))}


async def moved(session: AsyncSession, pool_id: uuid.UUID, transfer_ids: Collection[uuid.UUID]) -> Moved:
    """What transfers moved of which tranches; above zero came in."""
    return await _by_subject(session, _MOVED, pool_id, transfer_ids)


async def drawn(session: AsyncSession, pool_id: uuid.UUID, claim_ids: Collection[uuid.UUID]) -> Moved:
    """What claims have drawn of which tranches, less what came back."""
    return await _by_subject(session, _DRAWN, pool_id, claim_ids)


async def _by_subject(
    session: AsyncSession, statement: str, pool_id: uuid.UUID, ids: Collection[uuid.UUID]
) -> Moved:
    found: Moved = {}
    if ids:
        for row in await (await driver(session)).fetch(statement, pool_id, list(ids)):
            found.setdefault(row["subject_id"], {})[row["tranche_id"]] = row["amount_fen"]
    return found


async def write(
    session: AsyncSession,
    *,
    pool_id: uuid.UUID,
    district_code: str,
    event_id: uuid.UUID,
    now: datetime,
    opened: Collection[Opened],
    moves: Mapping[uuid.UUID, Collection[tuple[uuid.UUID, int]]],
) -> None:
    """Write tranches and movements by transfer, in one statement."""
    tranches = [
        {
            "transfer_id": one.transfer_id,
            "source_id": one.source_id,
            "paid_in_fen": one.paid_in_fen,
            "occurred_on": one.occurred_on,
        }
        for one in opened
    ]
    movements = [
        {"transfer_id": transfer, "tranche_id": tranche, "amount_fen": fen}
        for transfer, found in moves.items()
        for tranche, fen in found
    ]
    connection = await driver(session)
    await connection.execute(
        _WRITE,
        pool_id,
        district_code,
        event_id,
        now,
        json.dumps(tranches, default=str),
        json.dumps(movements, default=str),
    )


def _source(row: asyncpg.Record) -> Source:
    kinds, districts = row["eligible_ip"], row["eligible_districts"]
    earmark = Earmark(
        frozenset(kinds) if kinds is not None else None,
        frozenset(districts) if districts is not None else None,
    )
    return Source(row["id"], row["account_id"], row["type"] == SourceType.interest, earmark)


def _loan(row: asyncpg.Record) -> Loan:
    return Loan(frozenset(kind for kind in row["kinds"] if kind is not None), row["borrower_district"])
