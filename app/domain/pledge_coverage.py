"""Coverage (质押率): what a pledge's rights are worth against the loan that rests on them (PL-27, PLG-08)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.domain.asset import ENDED, AssetKind, AssetStatus
from app.domain.errors import ErrorKind, define
from app.domain.patent_number import PatentType
from app.domain.pool import covered_principal
from app.domain.rule_pack import FULL_BP, Limits
from app.domain.valuation import ValuationMode, expires_on

CONFIDENTIAL = define(
    "pledge.coverage_confidential",
    ErrorKind.denied,
    "只有质权银行和所在区主管部门可以查看质押率",
    "What the rights are worth to the bank is for it and the offices of its district.",
    basis="RB-01",
)


@dataclass(frozen=True, slots=True)
class Worth:
    """A pledged right with the latest signed valuation that its bank may rest on, if there is one."""

    asset_id: uuid.UUID
    number: str
    kind: AssetKind
    patent_type: PatentType | None
    status: AssetStatus
    valuation_id: uuid.UUID | None = None
    value_fen: int | None = None
    base_on: date | None = None
    mode: ValuationMode | None = None

    @property
    def ended(self) -> bool:
        """Whether the right is no more: then it supports nothing, whatever it was worth."""
        return self.status in ENDED

    @property
    def counted_fen(self) -> int:
        """What it counts for: nothing where nobody has valued it."""
        return 0 if self.ended else self.value_fen or 0

    def aged(self, today: date, limits: Limits) -> bool:
        """Whether its valuation is older than practice uses one (PL-26); it still counts, and is told."""
        return self.base_on is not None and expires_on(self.base_on, limits.valuation_valid_years) < today


@dataclass(frozen=True, slots=True)
class Coverage:
    """A loan against its rights. `owed_fen`: what is outstanding of it, the IP share of the whole only.

    `limits`: how much of a right's value may be lent on it, by the rule pack of the day. Amounts in fen.
    """

    owed_fen: int | None
    rights: Sequence[Worth]
    limits: Limits

    def cap_bp(self, right: Worth) -> int:
        """How much of a right's value may be lent on it."""
        return self.limits.cap_bp(right.kind, right.patent_type)

    @property
    def value_fen(self) -> int:
        """What the rights are worth together."""
        return sum(right.counted_fen for right in self.rights)

    @property
    def lendable_fen(self) -> int:
        """How much of a loan the rights support, each up to its cap; parts of a fen do not count."""
        return sum(right.counted_fen * self.cap_bp(right) // FULL_BP for right in self.rights)

    @property
    def measured(self) -> bool:
        """Whether coverage can be told at all: the loan's amount and the value of a right are known.

        A pledge without any valuation is lawful (PL-26) and is never short.
        """
        return self.owed_fen is not None and any(right.value_fen is not None for right in self.rights)

    @property
    def ltv_bp(self) -> int | None:
        """The loan as a part of the value, rounded up; None where there is no value to compare with."""
        if self.owed_fen is None or self.value_fen == 0:
            return None
        return -(-self.owed_fen * FULL_BP // self.value_fen)

    @property
    def combined_cap_bp(self) -> int | None:
        """The caps weighted by value, rounded down; None without a value."""
        return self.lendable_fen * FULL_BP // self.value_fen if self.value_fen else None

    @property
    def shortfall_fen(self) -> int | None:
        """By how much the loan exceeds what its rights support; None where that cannot be told."""
        if self.owed_fen is None or not self.measured:
            return None
        return max(0, self.owed_fen - self.lendable_fen)

    @property
    def short(self) -> bool:
        """Whether the loan exceeds what its rights support."""
        return bool(self.shortfall_fen)

    def without(self, asset_ids: Collection[uuid.UUID]) -> Coverage:
        """As it would be with these rights let go."""
        return replace(self, rights=[right for right in self.rights if right.asset_id not in asset_ids])

    def joined(self, rights: Sequence[Worth]) -> Coverage:
        """As it would be with these rights added."""
        return replace(self, rights=[*self.rights, *rights])


def owed(principal_fen: int, ip_share_bp: int) -> int:
    """What of a loan rests on the rights and not on other collateral, in fen (PLG-13)."""
    return covered_principal(principal_fen, ip_share_bp)


def spoils(before: Coverage, after: Coverage) -> bool:
    """Whether letting rights go, or lending more, leaves the loan above what is left to support it (PLG-09).

    Where nothing was ever valued there is nothing to compare; what was measured must stay covered, so that
    letting the valued right go and keeping the others is refused.
    """
    return before.measured and (after.owed_fen or 0) > after.lendable_fen
