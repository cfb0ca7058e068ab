"""Pools, their versioned schemes, their breakers per bank, and the commitments that reserve capacity."""

import uuid
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.commitment import COMMITMENT, CommitmentEvent, CommitmentStatus
from app.domain.pool import PoolStatus, SharingParty
from app.domain.scheme import (
    Collateral,
    InterestPolicy,
    LiabilityLimit,
    LossBase,
    LossTiming,
    RecoveryOrder,
    Reporting,
    Shortage,
    Terms,
    Tier,
    TierMode,
)
from app.models.base import Base, OperationalMixin, one_of


class Pool(OperationalMixin, Base):
    """A risk-compensation pool. Its money and its commitments are in the ledger of the same id.

    From `second_person_fen` on, a transfer booked by hand is proposed by one client and posted by another
    (RB-02); NULL: of any amount, one client is enough.
    """

    __tablename__ = "pools"
    __table_args__ = (
        one_of("status", PoolStatus),
        CheckConstraint("second_person_fen > 0", name="second_person_fen"),
        UniqueConstraint("number"),
    )

    number: Mapped[str]
    name: Mapped[str]
    manager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    currency: Mapped[str]
    second_person_fen: Mapped[int | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def come_to(self, status: PoolStatus) -> None:
        """Take on what the breaker, or the finance office's release, has decided."""
        self.status = status.value
        self.version += 1


class BankBreaker(OperationalMixin, Base):
    """A bank's own breaker in a pool (RP-13): suspended, the pool takes no new loans of this bank."""

    __tablename__ = "bank_breakers"
    __table_args__ = (one_of("status", PoolStatus), UniqueConstraint("pool_id", "bank_id"))

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def come_to(self, status: PoolStatus) -> None:
        """Take on what the breaker, or the finance office's release, has decided."""
        self.status = status.value
        self.version += 1


class Scheme(OperationalMixin, Base):
    """One version of a pool's parameters (domain §5.2); commitments freeze theirs (RP-03). Append-only.

    Ratios and shares are basis points, `_fen` amounts are fen; NULL caps do not bind.

    `tiers`: in ascending order, each `{"upto_fen": … or null, "shares_bp": {party: bp}}`, the shares of each
    summing to 10 000 (RP-01); `tier_mode` says whether a loan's tier shares all of its loss, or each tier
    its slice. `leverage_multiple` x available balance is the capacity (RP-05); `bank_cap_fen` and
    `industry_cap_fen` bound the covered principal of one bank and one industry, `household_cap_fen` the
    loans of one borrower. `eligible_ip`, `eligible_regions` (district codes): NULL, all. `rate_cap_bp` is
    over the one-year LPR. `min_ip_share_bp`: the least IP share of combined collateral (RP-06).
    A loan is claimable from `overdue_days` on (NULL: not for being overdue) or when `downgraded`,
    for `claim_window_days` (RP-08); an approved claim is public for `publicity_days`. A claim is paid within
    `claim_cap_fen`, `enterprise_cap_fen` over a borrower's claims, `bank_year_cap_bp` of the money paid in
    over a bank's claims of a calendar year, `pool_year_cap_fen` over all (RP-10). `loss_interest_max_days`:
    of how many days interest counts. `remit_days`: working days in which the bank passes on the pool's part
    of a recovery (RP-15). The breaker warns and suspends at the NPL ratios, and suspends at the ratio of
    payouts to money paid in (RP-13). `accepts_expired_valuations`: a pledge under the pool may rest on a
    valuation over a year old (PL-26).
    """

    __tablename__ = "schemes"
    __table_args__ = (
        one_of("tier_mode", TierMode),
        one_of("liability_limit", LiabilityLimit),
        one_of("collateral", Collateral),
        one_of("loss_base", LossBase),
        one_of("loss_timing", LossTiming),
        one_of("shortage", Shortage),
        one_of("recovery_order", RecoveryOrder),
        one_of("interest_policy", InterestPolicy),
        one_of("reporting", Reporting),
        CheckConstraint("jsonb_array_length(tiers) >= 1", name="tiers"),
        CheckConstraint("leverage_multiple >= 1", name="leverage_multiple"),
        CheckConstraint(
            "household_cap_fen > 0 AND bank_cap_fen > 0 AND industry_cap_fen > 0 AND claim_cap_fen > 0"
            " AND enterprise_cap_fen > 0 AND pool_year_cap_fen > 0",
            name="caps",
        ),
        CheckConstraint("bank_year_cap_bp BETWEEN 1 AND 10000", name="bank_year_cap_bp"),
        CheckConstraint("min_ip_share_bp BETWEEN 1 AND 10000", name="min_ip_share_bp"),
        CheckConstraint("min_months_registered >= 0 AND credit_lookback_years >= 0", name="borrower"),
        CheckConstraint("loan_term_max_months >= 1 AND rate_cap_bp >= 0", name="loan"),
        CheckConstraint("effective_to >= effective_from", name="effective_period"),
        CheckConstraint("overdue_days BETWEEN 1 AND 360", name="overdue_days"),
        CheckConstraint("overdue_days IS NOT NULL OR downgraded", name="triggers"),
        CheckConstraint("claim_window_days >= 1 AND publicity_days >= 0", name="claim_times"),
        CheckConstraint("loss_interest_max_days >= 0 AND remit_days >= 0", name="loss_times"),
        CheckConstraint("npl_warn_bp BETWEEN 1 AND npl_suspend_bp AND npl_suspend_bp <= 10000", name="npl"),
        CheckConstraint("paid_ratio_suspend_bp BETWEEN 1 AND 10000", name="paid_ratio_suspend_bp"),
        UniqueConstraint("pool_id", "scheme_version"),
        UniqueConstraint("id", "pool_id"),
        Index("ix_schemes_event_id", "event_id"),
    )

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    code: Mapped[str]
    scheme_version: Mapped[int]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    legal_basis: Mapped[str]
    leverage_multiple: Mapped[int]
    liability_limit: Mapped[str]
    eligible_ip: Mapped[list[str] | None]
    eligible_regions: Mapped[list[str] | None]
    sme_required: Mapped[bool]
    min_months_registered: Mapped[int]
    credit_lookback_years: Mapped[int]
    household_cap_fen: Mapped[int | None]
    bank_cap_fen: Mapped[int | None]
    industry_cap_fen: Mapped[int | None]
    loan_term_max_months: Mapped[int | None]
    rate_cap_bp: Mapped[int | None]
    collateral: Mapped[str]
    min_ip_share_bp: Mapped[int]
    loss_base: Mapped[str]
    loss_interest_max_days: Mapped[int]
    loss_timing: Mapped[str]
    overdue_days: Mapped[int | None]
    downgraded: Mapped[bool]
    claim_window_days: Mapped[int]
    publicity_days: Mapped[int]
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    tier_mode: Mapped[str]
    claim_cap_fen: Mapped[int | None]
    enterprise_cap_fen: Mapped[int | None]
    bank_year_cap_bp: Mapped[int | None]
    pool_year_cap_fen: Mapped[int | None]
    npl_warn_bp: Mapped[int]
    npl_suspend_bp: Mapped[int]
    paid_ratio_suspend_bp: Mapped[int]
    shortage: Mapped[str]
    recovery_cost_first: Mapped[bool]
    recovery_order: Mapped[str]
    remit_days: Mapped[int]
    interest_policy: Mapped[str]
    reporting: Mapped[str]
    write_off_rules: Mapped[str]
    accepts_expired_valuations: Mapped[bool]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]

    def terms(self) -> Terms:
        """The parameters as the domain reckons with them."""
        columns: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(Terms)}
        columns |= {name: kind(columns[name]) for name, kind in _CHOICES.items()}
        columns["tiers"] = [
            Tier({SharingParty(party): bp for party, bp in tier["shares_bp"].items()}, tier["upto_fen"])
            for tier in self.tiers
        ]
        return Terms(**columns)


_CHOICES: Mapping[str, type[StrEnum]] = {
    "tier_mode": TierMode,
    "liability_limit": LiabilityLimit,
    "collateral": Collateral,
    "loss_base": LossBase,
    "loss_timing": LossTiming,
    "shortage": Shortage,
    "recovery_order": RecoveryOrder,
    "interest_policy": InterestPolicy,
    "reporting": Reporting,
}


class Commitment(OperationalMixin, Base):
    """Capacity of a pool reserved for a loan: an approved application's, until it lapses, or a pledge's.

    Frozen with it are the scheme version, the IP share, the principal and `covered_fen`, the covered part of
    it (RP-03): only an enlargement that came to nothing gives back what it added to both.
    `outstanding_fen` is what it still reserves, falling with repayments: the amount of `transfer_id`, its
    pending transfer; once it has ended, what it reserved last. Deferred triggers hold both together, refuse
    what takes the pool past its capacity, its caps or a breaker, and let go nothing but for good.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        one_of("status", CommitmentStatus),
        ForeignKeyConstraint(["scheme_id", "pool_id"], ["schemes.id", "schemes.pool_id"]),
        ForeignKeyConstraint(
            ["pool_id", "transfer_id"],
            ["ledger_transfers.ledger_id", "ledger_transfers.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("covered_fen > 0 AND outstanding_fen BETWEEN 0 AND covered_fen", name="covered_fen"),
        CheckConstraint("ip_share_bp BETWEEN 1 AND 10000", name="ip_share_bp"),
        CheckConstraint(
            "(status IN ('reserved', 'confirmed', 'lapsed')) = (pledge_id IS NULL)", name="pledge_id"
        ),
        CheckConstraint("pledge_id IS NOT NULL OR application_id IS NOT NULL", name="application_id"),
        CheckConstraint("(pledge_id IS NULL) = (expires_on IS NOT NULL)", name="expires_on"),
        Index(
            "uq_commitments_live_pledge",
            "pledge_id",
            unique=True,
            postgresql_where=text("status IN ('committed', 'anomaly')"),
        ),
        Index(
            "uq_commitments_live_application",
            "application_id",
            unique=True,
            postgresql_where=text("status = 'reserved'"),
        ),
        Index(
            "ix_commitments_live_borrower",
            "pool_id",
            "borrower_id",
            postgresql_where=text("status IN ('reserved', 'committed', 'anomaly')"),
        ),
        Index(
            "ix_commitments_live_bank",
            "pool_id",
            "bank_id",
            postgresql_where=text("status IN ('reserved', 'committed', 'anomaly')"),
        ),
        Index("uq_commitments_transfer", "pool_id", "transfer_id", unique=True),
        Index(
            "ix_commitments_application_id",
            "application_id",
            postgresql_where=text("application_id IS NOT NULL"),
        ),
        Index("ix_commitments_pledge_id", "pledge_id", postgresql_where=text("pledge_id IS NOT NULL")),
    )

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    scheme_id: Mapped[uuid.UUID]
    application_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("applications.id"))
    pledge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pledges.id"))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    borrower_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    industry: Mapped[str | None]
    transfer_id: Mapped[uuid.UUID]
    principal_fen: Mapped[int]
    ip_share_bp: Mapped[int]
    covered_fen: Mapped[int]
    outstanding_fen: Mapped[int]
    status: Mapped[str]
    committed_on: Mapped[date]
    expires_on: Mapped[date | None]
    released_on: Mapped[date | None]
    reason: Mapped[str | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default="1")

    def advance(self, event: CommitmentEvent) -> None:
        """Move to the next state or refuse."""
        self.status = COMMITMENT.next(CommitmentStatus(self.status), event)
        self.version += 1

    def reduce(self, outstanding_fen: int, transfer_id: uuid.UUID) -> None:
        """Reserve less from now on, by another transfer (RP-06)."""
        self.outstanding_fen = outstanding_fen
        self.transfer_id = transfer_id
        self.version += 1

    def shrink(self, principal_fen: int, covered_fen: int) -> None:
        """Be for no more than the commitment that this one was to enlarge."""
        self.principal_fen, self.covered_fen = principal_fen, covered_fen
        self.version += 1
