"""Mandates and the rights they cover."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.mandate import MANDATE, MandateEvent, MandateStatus
from app.models.base import Base, OperationalMixin, one_of


class Mandate(OperationalMixin, Base):
    """An owner's authorisation of an agency. Without items it covers all the owner's rights.

    `proposed_by` is the organisation that entered it, `document_id` the power of attorney, which is
    needed where somebody other than the owner confirms.
    """

    __tablename__ = "mandates"
    __table_args__ = (
        one_of("status", MandateStatus),
        CheckConstraint("term_to >= term_from", name="term"),
        CheckConstraint("cardinality(powers) > 0", name="powers"),
        CheckConstraint("fee_bp BETWEEN 0 AND 10000", name="fee_bp"),
        UniqueConstraint("number"),
        Index("ix_mandates_owner_id", "owner_id"),
        Index("ix_mandates_organisation_id", "organisation_id"),
    )

    number: Mapped[str]
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    proposed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    powers: Mapped[list[str]]
    term_from: Mapped[date]
    term_to: Mapped[date]
    fee_bp: Mapped[int | None]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    status: Mapped[str]
    decided_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: MandateEvent) -> None:
        """Move to the next state or refuse."""
        self.status = MANDATE.next(MandateStatus(self.status), event)
        self.version += 1


class MandateItem(OperationalMixin, Base):
    """A right covered by a mandate."""

    __tablename__ = "mandate_items"
    __table_args__ = (
        UniqueConstraint("mandate_id", "asset_id"),
        Index("ix_mandate_items_asset_id", "asset_id"),
    )

    mandate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("mandates.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
