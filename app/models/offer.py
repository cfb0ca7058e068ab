"""Offers on listings, and their rounds."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.offer import OFFER, OfferEvent, OfferSide, OfferStatus
from app.models.base import Base, OperationalMixin, one_of


class Offer(OperationalMixin, Base):
    """A buyer's offer on a listing, with the terms of its last round, and the deal that came of it."""

    __tablename__ = "offers"
    __table_args__ = (
        one_of("status", OfferStatus),
        one_of("last_by", OfferSide),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        CheckConstraint("term_to >= term_from", name="term"),
        CheckConstraint("(status = 'accepted') = (deal_id IS NOT NULL)", name="deal_of_accepted"),
        UniqueConstraint("number"),
        UniqueConstraint("deal_id"),
        Index("ix_offers_listing_id", "listing_id"),
        Index("ix_offers_organisation_id", "organisation_id"),
        Index(
            "uq_offers_open_buyer",
            "listing_id",
            "buyer_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    number: Mapped[str]
    listing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("listings.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    buyer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    territory: Mapped[str]
    field: Mapped[str]
    term_from: Mapped[date | None]
    term_to: Mapped[date | None]
    amount_fen: Mapped[int]
    currency: Mapped[str]
    expires_on: Mapped[date]
    round: Mapped[int] = mapped_column(SmallInteger)
    last_by: Mapped[str]
    status: Mapped[str]
    deal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deals.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: OfferEvent) -> None:
        """Move to the next state or refuse."""
        self.status = OFFER.next(OfferStatus(self.status), event)
        self.version += 1


class OfferRound(OperationalMixin, Base):
    """One round of an offer: who bid what. Append-only."""

    __tablename__ = "offer_rounds"
    __table_args__ = (
        one_of("made_by", OfferSide),
        UniqueConstraint("offer_id", "round"),
        Index("ix_offer_rounds_event_id", "event_id"),
    )

    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offers.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    made_by: Mapped[str]
    amount_fen: Mapped[int]
    term_from: Mapped[date | None]
    term_to: Mapped[date | None]
    message: Mapped[str | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
