"""Enforcements of pledges and what became of the proceeds."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enforcement import (
    ENFORCEMENT,
    EnforcementEvent,
    EnforcementMode,
    EnforcementStatus,
    ProceedsPurpose,
)
from app.models.base import Base, OperationalMixin, one_of


class Enforcement(OperationalMixin, Base):
    """The realisation of a pledge. Its id is the trace id of everything that follows: listing, deal, money.

    `reserve_fen` is the least price, `price_fen` what was paid. Costs, interest and penalty are by document.
    """

    __tablename__ = "enforcements"
    __table_args__ = (
        one_of("mode", EnforcementMode),
        one_of("status", EnforcementStatus),
        CheckConstraint("reserve_fen > 0", name="reserve_fen"),
        CheckConstraint("price_fen > 0", name="price_fen"),
        CheckConstraint("(status IN ('sold', 'closed')) = (sold_on IS NOT NULL)", name="sold_on"),
        CheckConstraint("(sold_on IS NULL) = (price_fen IS NULL)", name="price_of_sold"),
        CheckConstraint("price_fen >= reserve_fen", name="reserve_kept"),
        UniqueConstraint("number"),
        UniqueConstraint("listing_id"),
        UniqueConstraint("deal_id"),
        Index(
            "uq_enforcements_open",
            "pledge_id",
            unique=True,
            postgresql_where=text("status IN ('opened', 'listed', 'sold')"),
        ),
        Index("ix_enforcements_pledge_id", "pledge_id"),
        Index("ix_enforcements_organisation_id", "organisation_id"),
    )

    number: Mapped[str]
    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    mode: Mapped[str]
    opened_on: Mapped[date]
    reserve_fen: Mapped[int | None]
    currency: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    listing_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("listings.id"))
    deal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deals.id"))
    price_fen: Mapped[int | None]
    sold_on: Mapped[date | None]
    reason: Mapped[str | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    @property
    def by_court(self) -> bool:
        """Whether a court disposes of the rights, which its own preservation does not hinder."""
        return self.mode == EnforcementMode.court

    def advance(self, event: EnforcementEvent) -> None:
        """Move to the next state or refuse."""
        self.status = ENFORCEMENT.next(EnforcementStatus(self.status), event)
        self.version += 1


class EnforcementItem(OperationalMixin, Base):
    """A right that is sold; `price_fen` is what it brought, where it was sold at a price of its own."""

    __tablename__ = "enforcement_items"
    __table_args__ = (
        UniqueConstraint("enforcement_id", "asset_id"),
        CheckConstraint("price_fen > 0", name="price_fen"),
        Index("ix_enforcement_items_asset_id", "asset_id"),
    )

    enforcement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enforcements.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    price_fen: Mapped[int | None]


class EnforcementPayment(OperationalMixin, Base):
    """A part of the proceeds and what it paid; the parts make up the price. Append-only."""

    __tablename__ = "enforcement_payments"
    __table_args__ = (
        one_of("purpose", ProceedsPurpose),
        CheckConstraint("amount_fen > 0", name="amount_fen"),
        UniqueConstraint("enforcement_id", "ordinal"),
        Index("ix_enforcement_payments_payee_id", "payee_id"),
        Index("ix_enforcement_payments_event_id", "event_id"),
    )

    enforcement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enforcements.id"))
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[str]
    payee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    amount_fen: Mapped[int]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
