"""Pools, their versioned schemes, and the commitments that reserve their capacity."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.pool import CommitmentStatus, PoolStatus
from app.models.base import Base, OperationalMixin, one_of


class Pool(OperationalMixin, Base):
    """A risk-compensation pool. Its money and its commitments are in the ledger of the same id."""

    __tablename__ = "pools"
    __table_args__ = (one_of("status", PoolStatus), UniqueConstraint("number"))

    number: Mapped[str]
    name: Mapped[str]
    manager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    currency: Mapped[str]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def come_to(self, status: PoolStatus) -> None:
        """Take on what the breaker, or the finance office's release, has decided."""
        self.status = status.value
        self.version += 1


class Scheme(OperationalMixin, Base):
    """One version of a pool's parameters; commitments freeze the version they were made under (RP-03).

    `shares_bp` maps each sharing party to basis points that sum to 10 000. `leverage_multiple` times
    the available balance is the capacity (RP-05). A loan is claimable from `overdue_days` on, for
    `claim_window_days` (RP-08); an approved claim is public for `publicity_days`. The breaker warns and
    suspends at the NPL ratios, and suspends at the ratio of payouts to money paid in (RP-13); all ratios
    are in basis points. `accepts_expired_valuations`: whether a pledge under the pool may rest on a
    valuation that is over a year old (PL-26).
    """

    __tablename__ = "schemes"
    __table_args__ = (
        CheckConstraint("leverage_multiple >= 1", name="leverage_multiple"),
        CheckConstraint("household_cap_fen > 0", name="household_cap_fen"),
        CheckConstraint("effective_to >= effective_from", name="effective_period"),
        CheckConstraint("overdue_days BETWEEN 1 AND 360", name="overdue_days"),
        CheckConstraint("claim_window_days >= 1 AND publicity_days >= 0", name="claim_times"),
        CheckConstraint("claim_cap_fen > 0", name="claim_cap_fen"),
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
    household_cap_fen: Mapped[int | None]
    shares_bp: Mapped[dict[str, Any]]
    overdue_days: Mapped[int]
    claim_window_days: Mapped[int]
    publicity_days: Mapped[int]
    claim_cap_fen: Mapped[int | None]
    npl_warn_bp: Mapped[int]
    npl_suspend_bp: Mapped[int]
    paid_ratio_suspend_bp: Mapped[int]
    accepts_expired_valuations: Mapped[bool]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class Commitment(OperationalMixin, Base):
    """Capacity reserved for a pledge: `covered_fen` of its principal, as a pending ledger transfer.

    A deferred constraint trigger refuses a commitment that takes the pool past its capacity.
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
        CheckConstraint("covered_fen > 0", name="covered_fen"),
        CheckConstraint("ip_share_bp BETWEEN 1 AND 10000", name="ip_share_bp"),
        Index(
            "uq_commitments_live_pledge",
            "pledge_id",
            unique=True,
            postgresql_where=text("status = 'committed'"),
        ),
        Index("uq_commitments_transfer", "pool_id", "transfer_id", unique=True),
    )

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    scheme_id: Mapped[uuid.UUID]
    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    transfer_id: Mapped[uuid.UUID]
    ip_share_bp: Mapped[int]
    covered_fen: Mapped[int]
    status: Mapped[str]
    committed_on: Mapped[date]
    released_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]

    def release(self, status: CommitmentStatus, on: date) -> None:
        """Stop reserving capacity."""
        self.status = status.value
        self.released_on = on
