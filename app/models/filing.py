"""Filings at the office."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.asset import AssetKind
from app.domain.filing import FILING, FilingAction, FilingChannel, FilingEvent, FilingStatus
from app.models.base import Base, OperationalMixin, one_of


class Filing(OperationalMixin, Base):
    """What was handed in for the rights of one kind of a pledge: patents and marks go to the office apart.

    `due_on` is the last day of the office's time limit in working days (PL-05). `requested_on`: when the
    office last asked for corrections; `respond_by`: the last day of the applicants' answer. `amendment_id`:
    of a change or an extension. `grounds`: which of the twelve the office refused it on (PL-06).
    """

    __tablename__ = "filings"
    __table_args__ = (
        one_of("asset_kind", AssetKind),
        one_of("action", FilingAction),
        one_of("channel", FilingChannel),
        one_of("status", FilingStatus),
        CheckConstraint(
            "(status = 'correction') <= (respond_by IS NOT NULL AND requested_on IS NOT NULL)",
            name="respond_by",
        ),
        CheckConstraint("respond_by >= requested_on AND corrected_on >= requested_on", name="corrected_on"),
        CheckConstraint(
            "(status IN ('registered', 'refused', 'withdrawn')) = (decided_on IS NOT NULL)", name="decided_on"
        ),
        UniqueConstraint("asset_kind", "application_no"),
        Index(
            "uq_filings_open",
            "pledge_id",
            "asset_kind",
            "action",
            unique=True,
            postgresql_where=text("status IN ('submitted', 'correction')"),
        ),
        Index("ix_filings_pledge_id", "pledge_id"),
        Index("ix_filings_amendment_id", "amendment_id"),
        Index("ix_filings_due_on", "due_on", postgresql_where=text("status IN ('submitted', 'correction')")),
    )

    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    amendment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("amendments.id"))
    asset_kind: Mapped[str]
    action: Mapped[str]
    channel: Mapped[str]
    application_no: Mapped[str]
    submitted_on: Mapped[date]
    due_on: Mapped[date]
    correction_reason: Mapped[str | None]
    requested_on: Mapped[date | None]
    corrected_on: Mapped[date | None]
    respond_by: Mapped[date | None]
    decided_on: Mapped[date | None]
    announced_on: Mapped[date | None]
    reason: Mapped[str | None]
    grounds: Mapped[list[str] | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: FilingEvent) -> None:
        """Move to the next state or refuse."""
        self.status = FILING.next(FilingStatus(self.status), event)
        self.version += 1
