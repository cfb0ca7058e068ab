"""Interest on special accounts: the rates in effect and what accrued day by day."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.interest import PARTS, DayCount
from app.models.base import Base, DistrictCode, OperationalMixin, one_of


class InterestRate(OperationalMixin, Base):
    """The yearly rate of a pool's special account from a day on, in parts per million. Append-only."""

    __tablename__ = "interest_rates"
    __table_args__ = (
        one_of("day_count", DayCount),
        CheckConstraint("rate_ppm BETWEEN 0 AND 1000000", name="rate_ppm"),
        UniqueConstraint("ledger_id", "effective_from"),
        Index("ix_interest_rates_event_id", "event_id"),
    )

    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    rate_ppm: Mapped[int]
    day_count: Mapped[str]
    effective_from: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class InterestAccrual(Base):
    """What accrued on one day. Append-only.

    `accrued_fen` whole fen were booked as `transfer_id` (none for 0); what is less than a fen is carried to
    the next day as `carry` parts of a fen (`app.domain.interest.PARTS`), exactly.
    """

    __tablename__ = "interest_accruals"
    __table_args__ = (
        PrimaryKeyConstraint("ledger_id", "accrued_on"),
        CheckConstraint("balance_fen >= 0 AND accrued_fen >= 0", name="amounts"),
        CheckConstraint(f"carry BETWEEN 0 AND {PARTS - 1}", name="carry"),
        CheckConstraint("(accrued_fen > 0) = (transfer_id IS NOT NULL)", name="booked"),
        ForeignKeyConstraint(
            ["ledger_id", "transfer_id"], ["ledger_transfers.ledger_id", "ledger_transfers.id"]
        ),
        Index("ix_interest_accruals_event_id", "event_id"),
    )

    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    accrued_on: Mapped[date]
    district_code: Mapped[DistrictCode]
    rate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interest_rates.id"))
    balance_fen: Mapped[int]
    accrued_fen: Mapped[int]
    carry: Mapped[int]
    transfer_id: Mapped[uuid.UUID | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
