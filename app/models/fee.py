"""Fees that keep rights alive."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.fee import FEE, REDUCTIONS, Charge, FeeEvent, FeeKind, FeeStatus, opened_charge
from app.models.base import Base, IdMixin, one_of


class Fee(IdMixin, Base):
    """A fee of a right somebody watches: the annuity of a patent year, the renewal of a mark's decade.

    `ordinal` is the patent year (2 and up) or the number of the renewal. `amount_fen` is the full fee
    without surcharge, of which `reduction_percent` need not be paid (LS-06); `paid_fen` what was paid,
    surcharge included. A right has one open fee: the next one opens when this one is paid.
    """

    __tablename__ = "fees"
    __table_args__ = (
        one_of("kind", FeeKind),
        one_of("status", FeeStatus),
        CheckConstraint("ordinal >= 1", name="ordinal"),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        CheckConstraint(f"reduction_percent IN {REDUCTIONS}", name="reduction_percent"),
        CheckConstraint("paid_fen >= 0", name="paid_fen"),
        CheckConstraint("grace_ends_on >= due_on", name="grace"),
        CheckConstraint("(status = 'paid') = (paid_on IS NOT NULL)", name="paid_on"),
        UniqueConstraint("asset_id", "kind", "ordinal"),
        Index(
            "uq_fees_open",
            "asset_id",
            unique=True,
            postgresql_where=text("status IN ('due', 'late')"),
        ),
        Index("ix_fees_due_on", "due_on", postgresql_where=text("status IN ('due', 'late')")),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    kind: Mapped[str]
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[date]
    grace_ends_on: Mapped[date]
    amount_fen: Mapped[int]
    reduction_percent: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str]
    paid_on: Mapped[date | None]
    paid_fen: Mapped[int | None]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def charge(self) -> Charge:
        """The fee at the amount and the day it was opened with."""
        return opened_charge(FeeKind(self.kind), self.ordinal, self.due_on, self.amount_fen)

    def advance(self, event: FeeEvent) -> None:
        """Move to the next state or refuse."""
        self.status = FEE.next(FeeStatus(self.status), event)
        self.version += 1
