"""Amendments of pledges and the rights they touch."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.amendment import (
    AMENDMENT,
    AmendmentAction,
    AmendmentEvent,
    AmendmentKind,
    AmendmentStatus,
)
from app.models.base import Base, OperationalMixin, one_of


class Amendment(OperationalMixin, Base):
    """A change of a pledge, of effect once registered. `detail` says what was and what will be.

    `changed_on` is the day on which the parties agreed; filed more than 30 days later it is `late` (PL-09).
    """

    __tablename__ = "amendments"
    __table_args__ = (
        one_of("kind", AmendmentKind),
        one_of("status", AmendmentStatus),
        CheckConstraint("filed_on >= changed_on", name="filed_on"),
        CheckConstraint("(status <> 'filed') = (decided_on IS NOT NULL)", name="decided_on"),
        UniqueConstraint("number"),
        Index("ix_amendments_pledge_id", "pledge_id"),
        Index("uq_amendments_open", "pledge_id", unique=True, postgresql_where=text("status = 'filed'")),
    )

    number: Mapped[str]
    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    kind: Mapped[str]
    changed_on: Mapped[date]
    filed_on: Mapped[date]
    late: Mapped[bool]
    detail: Mapped[dict[str, Any]]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    reason: Mapped[str | None]
    decided_on: Mapped[date | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: AmendmentEvent) -> None:
        """Move to the next state or refuse."""
        self.status = AMENDMENT.next(AmendmentStatus(self.status), event)
        self.version += 1


class AmendmentItem(OperationalMixin, Base):
    """What an amendment does to a right; `registered_on` is the day of the office's registration for it."""

    __tablename__ = "amendment_items"
    __table_args__ = (
        one_of("action", AmendmentAction),
        UniqueConstraint("amendment_id", "asset_id"),
        Index("ix_amendment_items_asset_id", "asset_id"),
    )

    amendment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("amendments.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    action: Mapped[str]
    registered_on: Mapped[date | None]
    expires_on: Mapped[date | None]
