"""What a decision to cover a loan must lock and know of the pool (RP-02 to RP-06), in two statements.

Filing reads it with what else it needs (`pledge_filing`), an approval by itself.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.commitment_ground import Borrower, Conditions, Standing
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.scheme import Collateral
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

LIVE = "('reserved', 'committed', 'anomaly')"


def pool_locks(pool: str, *, after: str = "") -> str:
    """CTEs that lock a pool and the accounts a commitment looks at or moves, by id; `after` comes first.

    `available` is read from the cash account, so a payout or a contribution under way is waited for.
    """
    first = f" AND (SELECT count(*) FROM {after}) >= 0" if after else ""
    return f"""pool AS MATERIALIZED (
  SELECT id FROM pools WHERE id = {pool}{first} FOR NO KEY UPDATE
), accounts AS MATERIALIZED (
  SELECT id FROM ledger_accounts
  WHERE ledger_id = {pool} AND code IN ('cash', 'memo.covered', 'memo.cover_obligation')
    AND (SELECT count(*) FROM pool) >= 0
  ORDER BY id FOR NO KEY UPDATE
)"""


def pool_state(
    *, pool: str, today: str, borrower: str, bank: str, application: str, sees_all: str, district: str
) -> str:
    """A pool with what `state` reads, as a scalar subquery over these parameters; NULL if it is not seen.

    Sums are taken where the scheme caps them; a reservation for the application itself is in none.
    """
    others = f"(c.status <> 'reserved' OR c.application_id IS DISTINCT FROM {application})"

    def total(column: str, of: str) -> str:
        return (
            f"(SELECT coalesce(sum(c.{column}), 0)::bigint FROM commitments c"
            f" WHERE c.pool_id = p.id AND c.status IN {LIVE} AND {of} AND {others})"
        )

    return f"""(SELECT jsonb_build_object(
      'status', p.status, 'district_code', p.district_code, 'currency', p.currency,
      'manager_id', p.manager_id, 'accepts_expired_valuations', s.accepts_expired_valuations,
      'accounts', (SELECT jsonb_object_agg(l.code, jsonb_build_object('id', l.id,
                     'available', l.debits_posted - l.credits_posted - l.credits_pending,
                     'pending', l.debits_pending))
                   FROM ledger_accounts l
                   WHERE l.ledger_id = p.id AND l.code IN ('cash', 'memo.covered', 'memo.cover_obligation')),
      'scheme', CASE WHEN s.id IS NOT NULL THEN jsonb_build_object(
        'id', s.id, 'leverage', s.leverage_multiple, 'collateral', s.collateral,
        'min_ip_share_bp', s.min_ip_share_bp, 'eligible_ip', s.eligible_ip,
        'eligible_regions', s.eligible_regions, 'sme_required', s.sme_required,
        'min_months_registered', s.min_months_registered,
        'credit_lookback_years', s.credit_lookback_years, 'household_cap_fen', s.household_cap_fen,
        'bank_cap_fen', s.bank_cap_fen, 'industry_cap_fen', s.industry_cap_fen,
        'loan_term_max_months', s.loan_term_max_months, 'rate_cap_bp', s.rate_cap_bp,
        'top_fen', (s.tiers -> -1 ->> 'upto_fen')::bigint) END,
      'borrower', (SELECT jsonb_build_object('district_code', y.district_code,
          'registered_on', y.registered_on, 'size_class', z.size_class, 'industry', z.industry,
          'bad_loan', s.credit_lookback_years > 0 AND EXISTS (
            SELECT 1 FROM pledges d JOIN loan_classifications k ON k.pledge_id = d.id
            WHERE d.borrower_id = y.id AND k.loan_class IN ('substandard', 'doubtful', 'loss')
              AND k.occurred_on > {today}::date - make_interval(years => s.credit_lookback_years::int)))
        FROM parties y LEFT JOIN LATERAL (
          SELECT size_class, industry FROM party_sizes z WHERE z.party_id = y.id
          ORDER BY z.year DESC, z.recorded_at DESC, z.id DESC LIMIT 1) z ON true
        WHERE y.id = {borrower}),
      'bank_suspended', EXISTS (SELECT 1 FROM bank_breakers b
        WHERE b.pool_id = p.id AND b.bank_id = {bank} AND b.status = 'suspended'),
      'bank_excluded', EXISTS (SELECT 1 FROM clawbacks b JOIN claims k ON k.id = b.claim_id
        WHERE b.pool_id = p.id AND b.excludes_bank AND k.organisation_id = {bank}),
      'reserved', CASE WHEN {application}::uuid IS NOT NULL THEN (
        SELECT jsonb_build_object('fen', c.outstanding_fen, 'lasts', c.expires_on >= {today}::date)
        FROM commitments c
        WHERE c.pool_id = p.id AND c.application_id = {application} AND c.status = 'reserved') END,
      'household_fen', CASE WHEN s.household_cap_fen IS NOT NULL THEN
        {total("principal_fen", f"c.borrower_id = {borrower}")} END,
      'bank_fen', CASE WHEN s.bank_cap_fen IS NOT NULL THEN
        {total("outstanding_fen", f"c.bank_id = {bank}")} END,
      'industry_fen', CASE WHEN s.industry_cap_fen IS NOT NULL THEN (
        SELECT coalesce(sum(c.outstanding_fen), 0)::bigint FROM commitments c
        WHERE c.pool_id = p.id AND c.status IN {LIVE} AND {others} AND c.industry = (
          SELECT z.industry FROM party_sizes z WHERE z.party_id = {borrower}
          ORDER BY z.year DESC, z.recorded_at DESC, z.id DESC LIMIT 1)) END)
   FROM pools p LEFT JOIN LATERAL (
     SELECT * FROM schemes s WHERE s.pool_id = p.id AND s.effective_from <= {today}::date
       AND (s.effective_to IS NULL OR s.effective_to >= {today}::date)
     ORDER BY s.effective_from DESC, s.scheme_version DESC LIMIT 1) s ON true
   WHERE p.id = {pool} AND ({sees_all} OR p.manager_id = {bank} OR p.district_code = {district}))"""


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool under lock: where it stands before a loan, and what a commitment is booked between."""

    standing: Standing
    district_code: str
    manager_id: uuid.UUID
    scheme_id: uuid.UUID | None
    accepts_expired_valuations: bool
    covered_account_id: uuid.UUID
    obligation_account_id: uuid.UUID

    @property
    def industry(self) -> str | None:
        """The borrower's industry as far as it is known."""
        return self.standing.borrower.industry if self.standing.borrower is not None else None


_LOCK = f"WITH {pool_locks('$1')} SELECT count(*) FROM accounts"
_READ = "SELECT " + pool_state(
    pool="$1", today="$2", borrower="$3", bank="$4", application="$5", sees_all="$6", district="$7"
)


async def lock_and_read(
    session: AsyncSession,
    *,
    actor: Actor,
    pool_id: uuid.UUID,
    borrower_id: uuid.UUID,
    application_id: uuid.UUID,
    today: date,
) -> PoolState | None:
    """Lock a pool the caller may see, with its accounts, then read it; None if it is not seen.

    The second statement's snapshot is taken after the locks were got.
    """
    connection = await driver(session)
    await connection.execute(_LOCK, pool_id)
    row = await connection.fetchval(
        _READ,
        pool_id,
        today,
        borrower_id,
        actor.organisation_id,
        application_id,
        actor.regulates == OUTSIDE_EVERY_PLAN,
        actor.district_code,
    )
    return state(row, today) if row is not None else None


def state(row: dict[str, Any], today: date) -> PoolState:
    """The pool that `pool_state` read."""
    accounts = row["accounts"]
    scheme = row["scheme"]
    reserved = row["reserved"] or {"fen": 0, "lasts": False}
    return PoolState(
        standing=Standing(
            status=row["status"],
            currency=row["currency"],
            on=today,
            conditions=_conditions(scheme) if scheme is not None else None,
            borrower=_borrower(row["borrower"]) if row["borrower"] is not None else None,
            available_fen=accounts["cash"]["available"],
            outstanding_fen=accounts["memo.covered"]["pending"] - reserved["fen"],
            household_fen=row["household_fen"] or 0,
            bank_fen=row["bank_fen"] or 0,
            industry_fen=row["industry_fen"] or 0,
            # Past its last day it keeps nothing, though the daily job has yet to give it back.
            reserved_fen=reserved["fen"] if reserved["lasts"] else 0,
            bank_suspended=row["bank_suspended"],
            bank_excluded=row["bank_excluded"],
        ),
        district_code=row["district_code"],
        manager_id=uuid.UUID(row["manager_id"]),
        scheme_id=uuid.UUID(scheme["id"]) if scheme is not None else None,
        accepts_expired_valuations=bool(row["accepts_expired_valuations"]),
        covered_account_id=uuid.UUID(accounts["memo.covered"]["id"]),
        obligation_account_id=uuid.UUID(accounts["memo.cover_obligation"]["id"]),
    )


def _conditions(scheme: dict[str, Any]) -> Conditions:
    asked = {name: value for name, value in scheme.items() if name not in {"id", "collateral"}}
    return Conditions(pure=scheme["collateral"] == Collateral.pure, **asked)


def _borrower(row: dict[str, Any]) -> Borrower:
    registered = row["registered_on"]
    return Borrower(
        district_code=row["district_code"],
        size_class=row["size_class"],
        industry=row["industry"],
        registered_on=date.fromisoformat(registered) if registered is not None else None,
        bad_loan=bool(row["bad_loan"]),
    )
