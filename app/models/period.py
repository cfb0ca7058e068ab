"""Accounting periods of a ledger, and the balances they were closed with."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.period import PERIOD, PeriodEvent, PeriodStatus
from app.models.base import Base, DistrictCode, OperationalMixin, one_of


class Period(OperationalMixin, Base):
    """A calendar month of a pool's ledger. A month without a row is open.

    `round` counts its closings: each begins with a hold, by one client, and ends with a close by another.
    """

    __tablename__ = "periods"
    __table_args__ = (
        one_of("status", PeriodStatus),
        CheckConstraint("extract(day FROM begins_on) = 1", name="begins_on"),
        CheckConstraint("round >= 1", name="round"),
        UniqueConstraint("ledger_id", "begins_on"),
    )

    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    begins_on: Mapped[date]
    status: Mapped[str]
    round: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str | None]
    closed_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: PeriodEvent) -> None:
        """Move to the next state or refuse."""
        self.status = PERIOD.next(PeriodStatus(self.status), event)
        self.version += 1


class PeriodBalance(Base):
    """An account's totals at the end of a closed period, in the round of its closing. Append-only.

    The totals are those of what had effect by the period's last day; `account_version` is the last entry
    booked by then, 0 before the first.
    """

    __tablename__ = "period_balances"
    __table_args__ = (
        PrimaryKeyConstraint("period_id", "round", "account_id"),
        Index("ix_period_balances_event_id", "event_id"),
    )

    period_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("periods.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_accounts.id"))
    district_code: Mapped[DistrictCode]
    account_version: Mapped[int]
    debits_posted: Mapped[int]
    credits_posted: Mapped[int]
    debits_pending: Mapped[int]
    credits_pending: Mapped[int]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
