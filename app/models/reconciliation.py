"""Reconciliations of the register with official lists, and the differences found."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.reconciliation import DIFFERENCE, DifferenceEvent, DifferenceKind, DifferenceStatus
from app.models.base import Base, OperationalMixin, one_of


class Reconciliation(OperationalMixin, Base):
    """An official list, as of its day, held against the register. Append-only."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_reconciliations_organisation_id", "organisation_id"),
        Index("ix_reconciliations_event_id", "event_id"),
    )

    number: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    subject: Mapped[str]
    list_as_of: Mapped[date]
    source: Mapped[str]
    file_sha256: Mapped[str]
    rows: Mapped[int]
    matched: Mapped[int]
    refused: Mapped[int]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class ReconciliationDifference(OperationalMixin, Base):
    """Where list and register say otherwise: a task for `assignee_id`, due on `due_on`.

    `field` names what differs (`status`, `owners`, `lien`, ...; None where the right itself is missing).
    """

    __tablename__ = "reconciliation_differences"
    __table_args__ = (
        one_of("kind", DifferenceKind),
        one_of("status", DifferenceStatus),
        CheckConstraint("(status = 'open') = (reason IS NULL)", name="reason"),
        UniqueConstraint(
            "reconciliation_id", "asset_id", "number", "field", postgresql_nulls_not_distinct=True
        ),
        Index("ix_reconciliation_differences_asset_id", "asset_id"),
        Index("ix_reconciliation_differences_assignee_id", "assignee_id", "status"),
    )

    reconciliation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reconciliations.id"))
    line: Mapped[int | None]
    kind: Mapped[str]
    asset_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("assets.id"))
    number: Mapped[str]
    field: Mapped[str | None]
    listed: Mapped[str | None]
    registered: Mapped[str | None]
    assignee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    due_on: Mapped[date]
    status: Mapped[str]
    reason: Mapped[str | None]
    decided_by: Mapped[uuid.UUID | None]
    decided_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: DifferenceEvent) -> None:
        """Move to the next state or refuse."""
        self.status = DIFFERENCE.next(DifferenceStatus(self.status), event)
        self.version += 1
