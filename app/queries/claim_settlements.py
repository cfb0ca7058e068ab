"""What payouts of a pool are reckoned from: its public claims, what it has spent and what it holds."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from app.domain.claim import APPROVERS, ClaimStatus
from app.domain.claim_settlement import Spent, Waiting
from app.domain.pool import AccountCode
from app.models.approval import Approval
from app.models.claim import Claim
from app.models.ledger import LedgerAccount, LedgerTransfer
from app.models.pool import Commitment, Scheme

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Standing:
    """A pool as its next payout finds it: claims in line, payouts so far, and free money in fen."""

    line: list[Waiting]
    spent: Spent
    free_fen: int


async def standing(session: AsyncSession, pool_id: uuid.UUID, on: date) -> Standing:
    """A pool with its public claims, in the order in which they became public."""
    money = await _money(session, pool_id)
    spent = await _spent(session, pool_id, on.year, paid_in_fen=money.paid_in_fen)
    return Standing(await _line(session, pool_id), spent, money.free_fen)


async def public(session: AsyncSession, pool_id: uuid.UUID) -> dict[uuid.UUID, Claim]:
    """The public claims of a pool, which the caller has locked, freshly read."""
    statement = select(Claim).where(Claim.pool_id == pool_id, Claim.status == ClaimStatus.publicised)
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {claim.id: claim for claim in rows}


async def _line(session: AsyncSession, pool_id: uuid.UUID) -> list[Waiting]:
    """Public claims in the order of the approvals that made them public, not of their submission."""
    became_public = (
        select(func.max(Approval.recorded_at))
        .where(
            Approval.subject_id == Claim.id,
            Approval.round == Claim.round,
            Approval.step.in_(list(APPROVERS.values())),
        )
        .scalar_subquery()
    )
    statement = (
        select(Claim, Commitment.borrower_id, Scheme, func.coalesce(LedgerTransfer.amount_fen, 0))
        .join(Commitment, Commitment.id == Claim.commitment_id)
        .join(Scheme, Scheme.id == Commitment.scheme_id)
        .join(
            LedgerTransfer,
            (LedgerTransfer.ledger_id == Claim.pool_id) & (LedgerTransfer.id == Claim.transfer_id),
            isouter=True,
        )
        .where(Claim.pool_id == pool_id, Claim.status == ClaimStatus.publicised)
        .order_by(Claim.publicised_on, became_public, Claim.id)
    )
    return [
        Waiting(one.id, borrower_id, one.organisation_id, one.due_fen, held_fen, scheme.terms())
        for one, borrower_id, scheme, held_fen in await session.execute(statement)
    ]


async def _spent(session: AsyncSession, pool_id: uuid.UUID, year: int, *, paid_in_fen: int) -> Spent:
    """Payouts that were not clawed back, by borrower over all years and by bank in that year."""
    in_year = func.extract("year", Claim.paid_on) == year
    statement = (
        select(Commitment.borrower_id, Claim.organisation_id, in_year, func.sum(Claim.paid_fen))
        .join(Commitment, Commitment.id == Claim.commitment_id)
        .where(Claim.pool_id == pool_id, Claim.paid_fen > 0, Claim.status != ClaimStatus.closed)
        .group_by(Commitment.borrower_id, Claim.organisation_id, in_year)
    )
    borrowers: Counter[uuid.UUID] = Counter()
    banks: Counter[uuid.UUID] = Counter()
    for borrower_id, bank_id, this_year, fen in await session.execute(statement):
        borrowers[borrower_id] += int(fen or 0)
        if this_year:
            banks[bank_id] += int(fen or 0)
    return Spent(borrowers, banks, banks.total(), borrowers.total(), paid_in_fen)


@dataclass(frozen=True, slots=True)
class _Money:
    free_fen: int
    paid_in_fen: int


async def _money(session: AsyncSession, pool_id: uuid.UUID) -> _Money:
    """What is on the special account and not set aside, and what sources have paid in."""
    paid_into = or_(
        LedgerAccount.code == AccountCode.contributions,
        LedgerAccount.code.startswith(f"{AccountCode.contributions}.", autoescape=True),
    )
    statement = select(
        LedgerAccount.code,
        LedgerAccount.debits_posted,
        LedgerAccount.credits_posted,
        LedgerAccount.credits_pending,
    ).where(LedgerAccount.ledger_id == pool_id, or_(LedgerAccount.code == AccountCode.cash, paid_into))
    free = paid_in = 0
    for code, debits, credits_, pending in await session.execute(statement):
        if code == AccountCode.cash:
            free = debits - credits_ - pending
        else:
            paid_in += credits_ - debits
    return _Money(free, paid_in)
