"""Pledgors' demands that a pledge be released."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.demand import DEMAND, DemandEvent, DemandStatus
from app.domain.pledge import DeregistrationReason
from app.models.base import Base, OperationalMixin, one_of


class Demand(OperationalMixin, Base):
    """A pledgor or borrower asks that a pledge be cancelled; the pledgee answers by `respond_by`."""

    __tablename__ = "demands"
    __table_args__ = (
        one_of("ground", DeregistrationReason),
        one_of("status", DemandStatus),
        CheckConstraint("respond_by >= demanded_on", name="respond_by"),
        Index("ix_demands_pledge_id", "pledge_id"),
        Index(
            "uq_demands_open",
            "pledge_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("status IN ('open', 'due')"),
        ),
    )

    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    ground: Mapped[str]
    reason: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    demanded_on: Mapped[date]
    respond_by: Mapped[date]
    answer: Mapped[str | None]
    answered_on: Mapped[date | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: DemandEvent) -> None:
        """Move to the next state or refuse."""
        self.status = DEMAND.next(DemandStatus(self.status), event)
        self.version += 1
