"""Stays of a right's procedures: preservations by courts and suspensions by the office."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.stay import STAY, StayEvent, StayKind, StayStatus
from app.models.base import Base, IdMixin, one_of


class Stay(IdMixin, Base):
    """An order that stays transfers, licences and pledges of a right from `begins_on` to `ends_on`.

    Its hold (`source_noun` = `stay`) carries the period, so that it lapses by itself. `renews_id` is the
    order it extends. `reference` is the number of the order.
    """

    __tablename__ = "stays"
    __table_args__ = (
        one_of("kind", StayKind),
        one_of("status", StayStatus),
        CheckConstraint("ends_on >= begins_on", name="period"),
        CheckConstraint("(status = 'lifted') = (lifted_on IS NOT NULL)", name="lifted_on"),
        Index("ix_stays_asset_id", "asset_id"),
        Index("ix_stays_ends_on", "ends_on", postgresql_where="status = 'in_force'"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    kind: Mapped[str]
    authority: Mapped[str]
    reference: Mapped[str]
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    renews_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stays.id"))
    status: Mapped[str]
    lifted_on: Mapped[date | None]
    reason: Mapped[str | None]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: StayEvent) -> None:
        """Move to the next state or refuse."""
        self.status = STAY.next(StayStatus(self.status), event)
        self.version += 1
