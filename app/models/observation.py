"""Values that departments report for indicators."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.observation import OBSERVATION, ObservationEvent, ObservationStatus
from app.models.base import Base, OperationalMixin, one_of


class Observation(OperationalMixin, Base):
    """A department's value of one component of an indicator for a calendar year, in millionths (STA-16).

    `subject` names the object where objects are counted, e.g. an institution, and is empty otherwise. An
    approved value has evidence; the next approved one of the same place supersedes it. The events by
    which it was decided and superseded date what was known when.
    """

    __tablename__ = "observations"
    __table_args__ = (
        one_of("status", ObservationStatus),
        CheckConstraint("value_micro >= 0", name="value_micro"),
        CheckConstraint("year BETWEEN 1985 AND 2200", name="year"),
        CheckConstraint(
            "status NOT IN ('approved', 'superseded') OR"
            " (document_id IS NOT NULL AND decided_event_id IS NOT NULL)",
            name="evidence",
        ),
        CheckConstraint("(status = 'superseded') = (superseded_event_id IS NOT NULL)", name="superseded"),
        UniqueConstraint("indicator_id", "component", "subject", "year", "revision"),
        Index(
            "uq_observations_approved",
            "indicator_id",
            "component",
            "subject",
            "year",
            unique=True,
            postgresql_where=text("status = 'approved'"),
        ),
        Index("ix_observations_organisation_id", "organisation_id"),
    )

    indicator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("indicators.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    component: Mapped[str]
    subject: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    revision: Mapped[int] = mapped_column(SmallInteger)
    value_micro: Mapped[int]
    note: Mapped[str | None]
    reason: Mapped[str | None]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    status: Mapped[str]
    submitted_on: Mapped[date]
    decided_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    decided_event_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.id"))
    superseded_event_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ObservationEvent) -> None:
        """Move to the next state or refuse."""
        self.status = OBSERVATION.next(ObservationStatus(self.status), event)
        self.version += 1
