"""Valuations of rights."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.valuation import VALUATION, ValuationEvent, ValuationMode, ValuationStatus
from app.models.base import Base, OperationalMixin, one_of


class Valuation(OperationalMixin, Base):
    """What a right is worth on `base_on` in the opinion of `appraiser_id`; signed, it is never altered.

    An agency's report needs two methods, or a reason for one, and two signatories (资产评估法第26、27条).
    """

    __tablename__ = "valuations"
    __table_args__ = (
        one_of("mode", ValuationMode),
        one_of("status", ValuationStatus),
        CheckConstraint("value_fen > 0", name="value_fen"),
        CheckConstraint(
            "status <> 'signed' OR (value_fen IS NOT NULL AND base_on IS NOT NULL AND signed_on IS NOT NULL)",
            name="signed_whole",
        ),
        CheckConstraint(
            "status <> 'signed' OR mode <> 'agency' OR (cardinality(signatories) >= 2"
            " AND (cardinality(methods) >= 2 OR method_reason IS NOT NULL))",
            name="agency_report",
        ),
        UniqueConstraint("number"),
        UniqueConstraint("id", "asset_id"),
        Index("ix_valuations_asset_id", "asset_id"),
        Index("ix_valuations_application_id", "application_id"),
        Index("ix_valuations_organisation_id", "organisation_id"),
        Index("ix_valuations_appraiser_id", "appraiser_id"),
    )

    number: Mapped[str]
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    application_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    appraiser_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    mode: Mapped[str]
    base_on: Mapped[date | None]
    value_fen: Mapped[int | None]
    currency: Mapped[str]
    methods: Mapped[list[str]]
    method_reason: Mapped[str | None]
    signatories: Mapped[list[str]]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    signed_on: Mapped[date | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ValuationEvent) -> None:
        """Move to the next state or refuse."""
        self.status = VALUATION.next(ValuationStatus(self.status), event)
        self.version += 1
