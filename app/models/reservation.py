"""Priority reservations of banks; what they keep are `holds` of kind `reservation`."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.reservation import RESERVATION, ReservationEvent, ReservationStatus
from app.models.base import Base, OperationalMixin, one_of


class Reservation(OperationalMixin, Base):
    """Rights offered in an application, kept for the bank it was made to until `expires_on` is over."""

    __tablename__ = "reservations"
    __table_args__ = (
        one_of("status", ReservationStatus),
        CheckConstraint("expires_on >= reserved_on", name="expires_on"),
        CheckConstraint("(status = 'used') = (pledge_id IS NOT NULL)", name="pledge_of_used"),
        UniqueConstraint("number"),
        Index("ix_reservations_organisation_id", "organisation_id"),
        Index("ix_reservations_application_id", "application_id"),
        Index("ix_reservations_pledge_id", "pledge_id"),
    )

    number: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    reserved_on: Mapped[date]
    expires_on: Mapped[date]
    pledge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pledges.id"))
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ReservationEvent) -> None:
        """Move to the next state or refuse."""
        self.status = RESERVATION.next(ReservationStatus(self.status), event)
        self.version += 1
