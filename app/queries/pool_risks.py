"""What a pool's breaker looks at, and whom it concerns when it changes (RP-13)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from app.domain.claim import OWED
from app.domain.commitment import COVERING, LIVE
from app.domain.permission import Role
from app.domain.pool import AccountCode, Limits, Risk
from app.domain.pool_breaker import BankLoans, together
from app.models.ledger import LedgerAccount
from app.models.organisation import Organisation
from app.models.pool import BankBreaker, Commitment, Pool, Scheme
from app.queries import pools as queries
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

_LOANS = text("""
SELECT loan.bank_id, sum(loan.fen)::bigint AS outstanding,
       coalesce(sum(loan.fen) FILTER (
         WHERE loan.loan_class IN ('substandard', 'doubtful', 'loss')), 0)::bigint AS npl
FROM (
  SELECT c.bank_id, coalesce(l.outstanding_fen, p.principal_fen, 0) AS fen, l.loan_class
  FROM commitments c
  JOIN pledges p ON p.id = c.pledge_id
  LEFT JOIN LATERAL (
    SELECT outstanding_fen, loan_class FROM loan_classifications k WHERE k.pledge_id = p.id
    ORDER BY k.occurred_on DESC, k.recorded_at DESC, k.id DESC LIMIT 1
  ) l ON true
  WHERE c.pool_id = :pool_id AND c.status = ANY(:covering)
  UNION ALL
  SELECT k.organisation_id, k.principal_fen, 'loss' FROM claims k
  WHERE k.pool_id = :pool_id AND k.status = ANY(:owed)
) loan GROUP BY loan.bank_id ORDER BY loan.bank_id
""")


async def banks(session: AsyncSession, pool_id: uuid.UUID) -> list[BankLoans]:
    """The loans of each bank under the pool now: one never classified counts as normal with its principal.

    A loan that was paid for counts as bad, with the principal claimed, until its claim is recovered or
    written off: the ratio is before compensation.
    """
    states = {
        "covering": [status.value for status in COVERING],
        "owed": [status.value for status in OWED],
    }
    rows = await session.execute(_LOANS, {"pool_id": pool_id, **states})
    return [BankLoans(row.bank_id, row.outstanding, row.npl) for row in rows]


_LOCK_PAID_IN = """
SELECT p.id FROM pools p
WHERE p.id = $1 AND EXISTS (
  SELECT 1 FROM ledger_accounts a
  WHERE a.ledger_id = $1 AND (a.code = 'contributions' OR a.code LIKE 'contributions.%')
    AND (a.id = ANY($2::uuid[]) OR EXISTS (
      SELECT 1 FROM ledger_transfers t WHERE t.ledger_id = $1 AND t.id = ANY($3::uuid[])
        AND a.id IN (t.debit_account_id, t.credit_account_id))))
FOR NO KEY UPDATE OF p
"""


async def lock_paid_in(
    session: AsyncSession,
    pool_id: uuid.UUID,
    account_ids: Collection[uuid.UUID],
    transfer_ids: Collection[uuid.UUID],
) -> bool:
    """Lock the pool if these accounts, or those of these transfers, hold money paid in; whether they do.

    Before the accounts themselves are locked: what is paid in moves a breaker, which is evaluated under the
    pool's lock. Transfers between other accounts wait for nobody.
    """
    connection = await driver(session)
    found = await connection.fetch(_LOCK_PAID_IN, pool_id, list(account_ids), list(transfer_ids))
    return bool(found)


async def payouts(session: AsyncSession, pool_id: uuid.UUID) -> tuple[int, int]:
    """What the pool has paid out less what came back, and what was ever paid in, in fen."""
    statement = select(LedgerAccount.code, LedgerAccount.debits_posted, LedgerAccount.credits_posted).where(
        LedgerAccount.ledger_id == pool_id
    )
    booked = {code: debits - credits_ for code, debits, credits_ in await session.execute(statement)}
    return net_paid(booked), paid_in(booked)


def net_paid(booked: Mapping[str, int]) -> int:
    """Net payouts from the accounts' debits less credits."""
    return booked[AccountCode.compensation] + booked[AccountCode.recovered]


def paid_in(booked: Mapping[str, int]) -> int:
    """The money of all sources, each on its account, from the accounts' debits less credits."""
    whole, parts = AccountCode.contributions.value, f"{AccountCode.contributions}."
    return -sum(fen for code, fen in booked.items() if code == whole or code.startswith(parts))


async def risk(session: AsyncSession, pool_id: uuid.UUID) -> Risk:
    """The pool's risk now: the loans of all its banks, and its payouts."""
    loans = await banks(session, pool_id)
    net_paid_fen, paid_in_fen = await payouts(session, pool_id)
    return together(loans, net_paid_fen=net_paid_fen, paid_in_fen=paid_in_fen)


async def breakers(session: AsyncSession, pool_id: uuid.UUID) -> dict[uuid.UUID, BankBreaker]:
    """The breakers of a pool's banks by bank; a bank without one has never been warned nor suspended."""
    statement = select(BankBreaker).where(BankBreaker.pool_id == pool_id)
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {row.bank_id: row for row in rows}


async def names(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What organisations are called."""
    statement = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    return dict((await session.execute(statement)).all())


async def terms(session: AsyncSession, pool_id: uuid.UUID, on: date) -> Scheme:
    """The scheme by which a pool is watched on a day."""
    return watching(await queries.schemes(session, pool_id), on)


def watching(schemes: Sequence[Scheme], on: date) -> Scheme:
    """The version in effect on a day, as `queries.scheme_on` finds it.

    When none is, the last that had begun, or before any the first to begin: a pool is watched at all times,
    and what is put in effect later changes no earlier day.
    """
    begun = [one for one in schemes if one.effective_from <= on]
    if not begun:
        return min(schemes, key=lambda one: (one.effective_from, one.scheme_version))
    in_effect = [one for one in begun if one.effective_to is None or one.effective_to >= on]
    return max(in_effect or begun, key=lambda one: (one.effective_from, one.scheme_version))


def limits(scheme: Scheme) -> Limits:
    """Where the scheme's breaker warns and suspends."""
    return Limits(scheme.npl_warn_bp, scheme.npl_suspend_bp, scheme.paid_ratio_suspend_bp)


async def offices(session: AsyncSession, district_code: str, roles: Collection[Role]) -> list[uuid.UUID]:
    """Organisations of a district that hold one of the roles."""
    held = Organisation.roles.overlap([role.value for role in roles])
    statement = select(Organisation.id).where(Organisation.district_code == district_code, held)
    return sorted(await session.scalars(statement))


async def keepers(session: AsyncSession, pool: Pool) -> list[uuid.UUID]:
    """Who may know the figures: the manager and the finance offices."""
    return sorted({pool.manager_id, *await offices(session, pool.district_code, [Role.finance_office])})


async def concerned(session: AsyncSession, pool: Pool) -> list[uuid.UUID]:
    """Who must know of a change: its keepers and the banks with live commitments, reservations too."""
    banks = (
        select(Commitment.bank_id)
        .where(Commitment.pool_id == pool.id, Commitment.status.in_(LIVE))
        .distinct()
    )
    return sorted({*await session.scalars(banks), *await keepers(session, pool)})
