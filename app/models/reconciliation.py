"""Reconciliations of the register with official lists, and the differences found."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.reconciliation import DIFFERENCE, DifferenceEvent, DifferenceKind, DifferenceStatus, Subject
from app.models.base import Base, OperationalMixin, one_of


class Reconciliation(OperationalMixin, Base):
    """An official list, as of its day, held against the register. Append-only.

    `complete_for`: the owners of whom the list names everything, so that what it lacks is a difference too.
    `refusals`: the rows that could not be read, each with its line and its objections.
    """

    __tablename__ = "reconciliations"
    __table_args__ = (
        one_of("subject", Subject),
        UniqueConstraint("number"),
        Index("ix_reconciliations_organisation_id", "organisation_id"),
        Index("ix_reconciliations_document_id", "document_id"),
        Index("ix_reconciliations_event_id", "event_id"),
    )

    number: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    subject: Mapped[str]
    list_as_of: Mapped[date]
    source: Mapped[str]
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    file_sha256: Mapped[str]
    complete_for: Mapped[list[uuid.UUID]]
    rows: Mapped[int]
    matched: Mapped[int]
    refused: Mapped[int]
    refusals: Mapped[list[Any]] = mapped_column(JSONB)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class ReconciliationDifference(OperationalMixin, Base):
    """Where list and register say otherwise: a task for `assignee_id`, due on `due_on`.

    `field` names what differs (`status`, `owners`, `pledgee`, ...; None where the right or the lien itself
    is missing or too many). `line` is that of the list, None for what the list lacks; `hold_id` is the lien
    of the register that is meant, if one is.
    """

    __tablename__ = "reconciliation_differences"
    __table_args__ = (
        one_of("kind", DifferenceKind),
        one_of("status", DifferenceStatus),
        CheckConstraint("(status = 'open') = (reason IS NULL)", name="reason"),
        CheckConstraint("(status = 'open') = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("(decided_by IS NULL) = (decided_on IS NULL)", name="decided_on"),
        UniqueConstraint(
            "reconciliation_id",
            "line",
            "number",
            "asset_id",
            "hold_id",
            "field",
            name="uq_reconciliation_differences_once",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_reconciliation_differences_asset_id", "asset_id"),
        Index("ix_reconciliation_differences_hold_id", "hold_id"),
        Index("ix_reconciliation_differences_assignee_id", "assignee_id", "status"),
    )

    reconciliation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reconciliations.id"))
    line: Mapped[int | None]
    kind: Mapped[str]
    asset_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("assets.id"))
    hold_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("holds.id"))
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
