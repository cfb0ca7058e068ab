"""Which banks and pools suit a loan that an enterprise wants, each with the reasons for and against."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain import pool as pool_rules
from app.domain.commitment_ground import (
    BANK_CAP_EXCEEDED,
    INDUSTRY_CAP_EXCEEDED,
    Loan,
    Places,
    Standing,
    faults,
)
from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import BASE_CURRENCY
from app.domain.pool import FULL_SHARE_BP
from app.domain.term import add_months

POOL_FULL = define(
    "application.pool_full",
    ErrorKind.conflict,
    "资金池或该行目前的剩余额度不足以覆盖所需金额",
    "The pool, or this bank in it, has too little capacity left for the amount.",
    basis="RP-05",
)
ROOM = frozenset({pool_rules.CAPACITY_EXCEEDED, BANK_CAP_EXCEEDED, INDUSTRY_CAP_EXCEEDED})
"""Objections that tell how much is left, which is the pool's and the bank's own business."""
PLACES = Places(principal="query:amount", borrower="", items="query:asset_id", term="query:term_months")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an enterprise wants: `kinds` of the rights it would pledge, as a pool asks for them."""

    amount_fen: int
    term_months: int
    kinds: Collection[tuple[str, str | None]]
    ip_share_bp: int = FULL_SHARE_BP

    def loan(self, on: date) -> Loan:
        """The loan, as if it began on that day."""
        return Loan(
            principal_fen=self.amount_fen,
            currency=BASE_CURRENCY,
            ip_share_bp=self.ip_share_bp,
            begins_on=on,
            ends_on=add_months(on, self.term_months),
            kinds=self.kinds,
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pool as it stands for one bank, and what of a loan it would bear (`shares_bp` by party)."""

    pool_id: uuid.UUID
    number: str
    name: str
    standing: Standing
    shares_bp: Mapping[str, int]
    legal_basis: str | None


@dataclass(frozen=True, slots=True)
class PoolMatch:
    """A pool for one bank: what it would bear, and what speaks against it; nothing: it suits."""

    candidate: Candidate
    against: Sequence[Violation]

    @property
    def suits(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against


@dataclass(frozen=True, slots=True)
class BankMatch:
    """A bank that may be asked, with its pools: those that suit first, then by what the pool bears."""

    organisation_id: uuid.UUID
    name: str
    pools: Sequence[PoolMatch]

    @property
    def suits(self) -> bool:
        """Whether one of its pools would cover the loan."""
        return any(pool.suits for pool in self.pools)


def judge(wanted: Wanted, candidate: Candidate, *, amounts_told: bool) -> PoolMatch:
    """A pool for the loan. Unless `amounts_told`, how much is left is said only as too little."""
    standing = candidate.standing
    found = faults(wanted.loan(standing.on), standing, PLACES)
    if not amounts_told and any(one.code in ROOM for one in found):
        found = [one for one in found if one.code not in ROOM] + [POOL_FULL.violation("query:amount")]
    return PoolMatch(candidate, found)


def ranked(banks: Collection[BankMatch]) -> list[BankMatch]:
    """Banks in a stable order: those with a pool that suits, most borne by it first; then by name."""
    return sorted(banks, key=lambda bank: (not bank.suits, -_borne(bank), bank.name, bank.organisation_id))


def ranked_pools(pools: Collection[PoolMatch]) -> list[PoolMatch]:
    """A bank's pools in a stable order."""
    return sorted(
        pools,
        key=lambda one: (not one.suits, -one.candidate.shares_bp.get("pool", 0), one.candidate.number),
    )


def _borne(bank: BankMatch) -> int:
    """The greatest share that a pool which suits would bear, in basis points."""
    return max((one.candidate.shares_bp.get("pool", 0) for one in bank.pools if one.suits), default=0)
