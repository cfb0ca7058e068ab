"""Applications for financing and the rights offered for them."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.application import APPLICATION, ApplicationEvent, ApplicationStatus
from app.models.base import Base, OperationalMixin, one_of


class Application(OperationalMixin, Base):
    """`borrower_id` asks the bank `bank_id` for `amount_fen` over `term_months`; it approves up to that."""

    __tablename__ = "applications"
    __table_args__ = (
        one_of("status", ApplicationStatus),
        CheckConstraint("amount_fen > 0", name="amount_fen"),
        CheckConstraint("approved_fen > 0 AND approved_fen <= amount_fen", name="approved_fen"),
        CheckConstraint("term_months BETWEEN 1 AND 360", name="term_months"),
        CheckConstraint("(status = 'contracted') = (pledge_id IS NOT NULL)", name="pledge_of_contracted"),
        UniqueConstraint("number"),
        UniqueConstraint("pledge_id"),
        Index("ix_applications_organisation_id", "organisation_id"),
        Index("ix_applications_bank_id", "bank_id"),
    )

    number: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    borrower_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    amount_fen: Mapped[int]
    currency: Mapped[str]
    purpose: Mapped[str]
    term_months: Mapped[int] = mapped_column(SmallInteger)
    approved_fen: Mapped[int | None]
    reason: Mapped[str | None]
    decided_on: Mapped[date | None]
    pledge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pledges.id"))
    status: Mapped[str]
    applied_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ApplicationEvent) -> None:
        """Move to the next state or refuse."""
        self.status = APPLICATION.next(ApplicationStatus(self.status), event)
        self.version += 1


class ApplicationItem(OperationalMixin, Base):
    """A right offered as security."""

    __tablename__ = "application_items"
    __table_args__ = (
        UniqueConstraint("application_id", "asset_id"),
        Index("ix_application_items_asset_id", "asset_id"),
    )

    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
