"""Audit: who asked for what, through which client, and how it ended. Append-only."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.models.base import Base, IdMixin, one_of


class AuditOutcome(StrEnum):
    """How a request ended."""

    done = "done"
    refused = "refused"


class Audit(IdMixin, Base):
    """One audited request. Refusals are written in a transaction of their own."""

    __tablename__ = "audit"
    __table_args__ = (
        one_of("outcome", AuditOutcome),
        Index("ix_audit_subject_id", "subject_id"),
        Index("ix_audit_organisation_id", "organisation_id"),
    )

    organisation_id: Mapped[uuid.UUID | None]
    client_id: Mapped[uuid.UUID | None]
    request_id: Mapped[str]
    action: Mapped[str]
    noun: Mapped[str]
    subject_id: Mapped[uuid.UUID | None]
    outcome: Mapped[str]
    codes: Mapped[list[str]]
    detail: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]
