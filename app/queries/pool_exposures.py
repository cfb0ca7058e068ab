"""A pool's covered loans and books on a day, by what was known then (UNI-13, UNI-35, RP-21).

What a loan was covered with is read off the ledger: the pending transfers of `memo.covered` that had begun
and were not resolved, so that loans and reservations sum to that account's pending debits of the day.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain.loan_class import LoanClass
from app.domain.pool import AccountCode, Risk
from app.domain.pool_breaker import BankLoans, together
from app.domain.pool_exposure import Exposure, Item
from app.domain.stress_test import Price
from app.models.ledger import LedgerAccount
from app.queries import pools as pool_queries
from app.queries.driver import driver
from app.queries.pool_risks import net_paid, paid_in, watching

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models.pool import Scheme


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the record is cut: what had effect by `on`, of what was known.

    `as_of`: what was sealed by that instant; None: everything committed, the unsealed tail included.
    `known_at`: nothing recorded later, to read again what was read at that instant; None: no such bound.
    """

    on: date
    as_of: datetime | None = None
    known_at: datetime | None = None


_Known = Callable[..., str]
"""SQL that tells whether a row was known: of its alias, and of the column that names its event."""
_Statement = Callable[[_Known], str]


def _known(row: str, event: str = "event_id", *, sealed: bool) -> str:
    """SQL: whether a row, written under its event, was known; $3 is `as_of`, $4 `known_at`.

    Seals are looked up only where they are asked for, so that today's figures do not pay for them.
    """
    seal = (
        f"EXISTS (SELECT 1 FROM seals z WHERE z.event_id = {row}.{event} AND z.sealed_at <= $3)"
        if sealed
        else "$3::timestamptz IS NULL"
    )
    return f"{seal} AND ($4::timestamptz IS NULL OR {row}.recorded_at <= $4)"


def _loans(known: _Known) -> str:
    return f"""
WITH live AS (
  SELECT t.business_id AS pledge_id, sum(t.amount_fen)::bigint AS covered_fen FROM ledger_transfers t
  WHERE t.ledger_id = $1 AND t.kind = 'pending' AND t.business_noun = 'pledge' AND t.occurred_on <= $2
    AND t.debit_account_id = (SELECT a.id FROM ledger_accounts a
      WHERE a.ledger_id = $1 AND a.code = 'memo.covered')
    AND {known("t")} AND NOT EXISTS (
      SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = $1 AND r.resolves_id = t.id
        AND r.occurred_on <= $2 AND {known("r")})
  GROUP BY t.business_id
)
SELECT l.pledge_id, l.covered_fen, c.bank_id, c.borrower_id, c.industry, c.scheme_id,
       coalesce(k.outstanding_fen, p.principal_fen, 0) AS outstanding_fen,
       coalesce(k.loan_class, 'normal') AS loan_class
FROM live l
JOIN pledges p ON p.id = l.pledge_id
JOIN LATERAL (
  SELECT * FROM commitments c WHERE c.pool_id = $1 AND c.pledge_id = l.pledge_id AND {known("c")}
  ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT k.outstanding_fen, k.loan_class FROM loan_classifications k
  WHERE k.pledge_id = l.pledge_id AND k.occurred_on <= $2 AND {known("k")}
  ORDER BY k.occurred_on DESC, k.recorded_at DESC, k.id DESC LIMIT 1
) k ON true
ORDER BY l.pledge_id
"""


_ITEMS = """
SELECT i.pledge_id, i.asset_kind, i.pledgor_id, v.appraiser_id, m.organisation_id AS agency_id
FROM pledge_items i
LEFT JOIN valuations v ON v.id = i.valuation_id
LEFT JOIN LATERAL (
  SELECT m.organisation_id FROM mandates m JOIN mandate_items n ON n.mandate_id = m.id
  WHERE n.asset_id = i.asset_id AND m.status IN ('active', 'ended', 'revoked') AND m.decided_on <= $2
    AND m.term_from <= $2 AND m.term_to >= $2 AND (m.ended_on IS NULL OR m.ended_on > $2)
  ORDER BY m.id LIMIT 1
) m ON true
WHERE i.pledge_id = ANY($1::uuid[]) AND (i.ended_on IS NULL OR i.ended_on > $2)
ORDER BY i.pledge_id, i.ordinal, i.id
"""


def _owed(known: _Known) -> str:
    def told(what: str) -> str:
        return (
            "EXISTS (SELECT 1 FROM events e WHERE e.noun = 'claim' AND e.subject_id = k.id"
            f" AND e.type = 'claim.{what}' AND {known('e', 'id')})"
        )

    return f"""
SELECT k.organisation_id AS bank_id, sum(k.principal_fen)::bigint AS fen
FROM claims k
WHERE k.pool_id = $1 AND k.paid_on <= $2 AND {told("paid")}
  AND NOT (coalesce(k.written_off_on <= $2, false) AND {told("written_off")})
  AND NOT EXISTS (SELECT 1 FROM clawbacks b WHERE b.claim_id = k.id AND b.ordered_on <= $2 AND {known("b")})
  AND k.loss_fen > (
    SELECT coalesce(sum(s.amount_fen), 0) FROM recoveries r JOIN recovery_shares s ON s.recovery_id = r.id
    WHERE r.claim_id = k.id AND r.occurred_on <= $2 AND {known("r")})
GROUP BY k.organisation_id ORDER BY k.organisation_id
"""


def _books(known: _Known) -> str:
    return f"""
WITH moved AS NOT MATERIALIZED (
  SELECT t.id, t.kind, t.resolves_id, t.debit_account_id, t.credit_account_id, t.amount_fen
  FROM ledger_transfers t WHERE t.ledger_id = $1 AND t.occurred_on <= $2 AND {known("t")}
), summed AS (
  SELECT debit_account_id, credit_account_id, false AS pending, sum(amount_fen) AS fen FROM moved
  WHERE kind IN ('posted', 'post') GROUP BY 1, 2
  UNION ALL
  SELECT p.debit_account_id, p.credit_account_id, true, sum(p.amount_fen) FROM moved p
  WHERE p.kind = 'pending' AND NOT EXISTS (SELECT 1 FROM moved r WHERE r.resolves_id = p.id) GROUP BY 1, 2
)
SELECT a.code,
  coalesce(sum(m.fen) FILTER (WHERE NOT m.pending AND m.debit_account_id = a.id), 0)::bigint AS debits,
  coalesce(sum(m.fen) FILTER (WHERE NOT m.pending AND m.credit_account_id = a.id), 0)::bigint AS credits,
  coalesce(sum(m.fen) FILTER (WHERE m.pending AND m.debit_account_id = a.id), 0)::bigint AS debits_pending,
  coalesce(sum(m.fen) FILTER (WHERE m.pending AND m.credit_account_id = a.id), 0)::bigint AS credits_pending
FROM ledger_accounts a LEFT JOIN summed m ON a.id IN (m.debit_account_id, m.credit_account_id)
WHERE a.ledger_id = $1
GROUP BY a.code ORDER BY a.code
"""


def _schemes(known: _Known) -> str:
    return f"SELECT s.id FROM schemes s WHERE s.pool_id = $1 AND $2::date IS NOT NULL AND {known('s')}"


_ALL: tuple[_Statement, ...] = (_loans, _owed, _books, _schemes)
_STATEMENTS: dict[tuple[_Statement, bool], str] = {
    (statement, sealed): statement(partial(_known, sealed=sealed))
    for statement in _ALL
    for sealed in (False, True)
}

_PRICES = """
SELECT found.kind, count(*) AS deals, sum(found.price)::bigint AS price, sum(found.valued)::bigint AS valued
FROM (
  SELECT min(a.kind) AS kind, d.amount_fen AS price, sum(v.value_fen)::bigint AS valued
  FROM deals d
  JOIN deal_items i ON i.deal_id = d.id
  JOIN assets a ON a.id = i.asset_id
  LEFT JOIN LATERAL (
    SELECT v.value_fen FROM valuations v
    WHERE v.asset_id = i.asset_id AND v.status = 'signed' AND v.currency = 'CNY'
      AND v.base_on <= coalesce(d.contract_on, d.registered_on)
    ORDER BY v.base_on DESC, v.id DESC LIMIT 1
  ) v ON true
  WHERE d.kind = 'transfer' AND d.status IN ('effective', 'settled', 'closed') AND NOT d.affiliated
    AND d.currency = 'CNY' AND d.amount_fen > 0
    AND d.registered_on <= $1 AND d.registered_on > $1::date - 1826
  GROUP BY d.id
  HAVING count(*) = count(v.value_fen) AND min(a.kind) = max(a.kind)
) found GROUP BY found.kind ORDER BY found.kind
"""


async def _fetch(
    session: AsyncSession, statement: _Statement, pool_id: uuid.UUID, cut: Cut
) -> list[asyncpg.Record]:
    connection = await driver(session)
    asked = _STATEMENTS[statement, cut.as_of is not None]
    return await connection.fetch(asked, pool_id, cut.on, cut.as_of, cut.known_at)


async def exposures(
    session: AsyncSession, pool_id: uuid.UUID, cut: Cut, *, with_rights: bool = True
) -> list[Exposure]:
    """The loans a pool covered on a day, in the order of their pledges; a loan never classified is normal.

    A right counts until the day it ends. Its agency is whose mandate on it was in force that day; nothing
    else ties a pledge to an agency.
    """
    connection = await driver(session)
    loans = await _fetch(session, _loans, pool_id, cut)
    items: dict[uuid.UUID, list[Item]] = {row["pledge_id"]: [] for row in loans}
    pledgors: dict[uuid.UUID, set[uuid.UUID]] = {row["pledge_id"]: set() for row in loans}
    for row in await connection.fetch(_ITEMS, list(items), cut.on) if with_rights else ():
        items[row["pledge_id"]].append(Item(row["asset_kind"], row["appraiser_id"], row["agency_id"]))
        if row["pledgor_id"] is not None:
            pledgors[row["pledge_id"]].add(row["pledgor_id"])
    return [
        Exposure(
            pledge_id=row["pledge_id"],
            bank_id=row["bank_id"],
            borrower_id=row["borrower_id"],
            industry=row["industry"],
            scheme_id=row["scheme_id"],
            loan_class=LoanClass(row["loan_class"]),
            outstanding_fen=row["outstanding_fen"],
            covered_fen=row["covered_fen"],
            items=items[row["pledge_id"]],
            pledgor_ids=frozenset(pledgors[row["pledge_id"]] - {row["borrower_id"]}),
        )
        for row in loans
    ]


async def owed(session: AsyncSession, pool_id: uuid.UUID, cut: Cut) -> list[BankLoans]:
    """Loans paid for and by that day neither made whole nor written off: bad, with the principal claimed."""
    rows = await _fetch(session, _owed, pool_id, cut)
    return [BankLoans(row["bank_id"], row["fen"], row["fen"]) for row in rows]


async def banks(session: AsyncSession, pool_id: uuid.UUID, cut: Cut) -> list[BankLoans]:
    """What breakers look at on a day: each covered loan, and what was paid for and still counts as bad."""
    loans = await exposures(session, pool_id, cut, with_rights=False)
    return [*map(BankLoans.of, loans), *await owed(session, pool_id, cut)]


async def terms(session: AsyncSession, pool_id: uuid.UUID, cut: Cut) -> Scheme:
    """The scheme by which the pool was watched that day; one not yet known then does not count."""
    rows = await _fetch(session, _schemes, pool_id, cut)
    known = {row["id"] for row in rows}
    schemes = await pool_queries.schemes(session, pool_id)
    return watching([one for one in schemes if one.id in known] or schemes[:1], cut.on)


def risk(loans: Iterable[BankLoans], book: Mapping[str, Account]) -> Risk:
    """The pool's risk on that day."""
    net = {code: account.net_fen for code, account in book.items()}
    return together(loans, net_paid_fen=net_paid(net), paid_in_fen=paid_in(net))


@dataclass(frozen=True, slots=True)
class Account:
    """An account on a day, in fen."""

    debits_fen: int
    credits_fen: int
    debits_pending_fen: int
    credits_pending_fen: int

    @property
    def net_fen(self) -> int:
        """Posted debits less posted credits."""
        return self.debits_fen - self.credits_fen


async def books_now(session: AsyncSession, pool_id: uuid.UUID) -> dict[str, Account]:
    """All accounts of a pool by code, with everything booked: their running totals."""
    accounts = await session.scalars(select(LedgerAccount).where(LedgerAccount.ledger_id == pool_id))
    return {
        one.code: Account(one.debits_posted, one.credits_posted, one.debits_pending, one.credits_pending)
        for one in accounts
    }


async def books(session: AsyncSession, pool_id: uuid.UUID, cut: Cut) -> dict[str, Account]:
    """All accounts of a pool by code, as they stood on a day by effective date."""
    rows = await _fetch(session, _books, pool_id, cut)
    return {
        row["code"]: Account(row["debits"], row["credits"], row["debits_pending"], row["credits_pending"])
        for row in rows
    }


def available(book: Mapping[str, Account]) -> int:
    """What is in the special account and not set aside, in fen (RP-05)."""
    cash = book[AccountCode.cash]
    return cash.net_fen - cash.credits_pending_fen


async def prices(session: AsyncSession, on: date) -> dict[str, Price]:
    """What rights brought in the five years up to a day, by kind, beside what they had been valued at.

    Counted are registered transfers between strangers, for money of the country, whose rights are all of one
    kind and had each been valued, by a signed valuation, before the contract. Of all districts alike.
    """
    connection = await driver(session)
    rows = await connection.fetch(_PRICES, on)
    return {row["kind"]: Price(row["deals"], row["price"], row["valued"]) for row in rows}


async def parties(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What parties are called."""
    connection = await driver(session)
    rows = await connection.fetch("SELECT id, name FROM parties WHERE id = ANY($1::uuid[])", list(ids))
    return {row["id"]: row["name"] for row in rows}
