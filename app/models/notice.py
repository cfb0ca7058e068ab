"""Notices to organisations."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.notice import NoticeKind
from app.models.base import Base, OperationalMixin, one_of


class Notice(OperationalMixin, Base):
    """What an organisation has to know or do about a subject, by the event that caused it."""

    __tablename__ = "notices"
    __table_args__ = (
        one_of("kind", NoticeKind),
        UniqueConstraint("organisation_id", "kind", "subject_id", "event_id"),
        Index("ix_notices_unread", "organisation_id", "id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notices_organisation_id", "organisation_id", "id"),
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    noun: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    facts: Mapped[dict[str, Any]]
    due_on: Mapped[date | None]
    read_at: Mapped[datetime | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
