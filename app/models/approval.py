"""Approvals: who decided which step of a case."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.approval import ApprovalStep, Decision
from app.models.base import Base, OperationalMixin, one_of


class Approval(OperationalMixin, Base):
    """A decision on a step of a round of a case. Append-only.

    No client decides two steps of one round, and no step is decided twice: maker is not checker (RB-02).
    """

    __tablename__ = "approvals"
    __table_args__ = (
        one_of("step", ApprovalStep),
        one_of("decision", Decision),
        UniqueConstraint("subject_id", "round", "client_id"),
        UniqueConstraint("subject_id", "round", "step"),
        Index("ix_approvals_event_id", "event_id"),
    )

    noun: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(SmallInteger)
    step: Mapped[str]
    decision: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id"))
    reason: Mapped[str | None]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
