"""Delegations of authority between organisations."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.delegation import DELEGATION, DelegationEvent, DelegationStatus
from app.models.base import Base, OperationalMixin, one_of


class Delegation(OperationalMixin, Base):
    """`agent_id` may act for `principal_id`: with the permissions named, on the days from/to (RB-05)."""

    __tablename__ = "delegations"
    __table_args__ = (
        one_of("status", DelegationStatus),
        CheckConstraint("valid_to >= valid_from", name="validity"),
        CheckConstraint("principal_id <> agent_id", name="two_organisations"),
        CheckConstraint("cardinality(permissions) > 0", name="permissions"),
        CheckConstraint("(status = 'granted') = (ended_on IS NULL)", name="ended_on"),
        UniqueConstraint("number"),
        Index("ix_delegations_principal_id", "principal_id"),
        Index("ix_delegations_agent_id", "agent_id"),
    )

    number: Mapped[str]
    principal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    agent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    permissions: Mapped[list[str]]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    reason: Mapped[str | None]
    ended_on: Mapped[date | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: DelegationEvent) -> None:
        """Move to the next state or refuse."""
        self.status = DELEGATION.next(DelegationStatus(self.status), event)
        self.version += 1
