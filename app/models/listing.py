"""Listings and the rights they offer."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.listing import LISTING, Direction, ListingEvent, ListingMode, ListingStatus
from app.models.base import Base, OperationalMixin, one_of


class Listing(OperationalMixin, Base):
    """An offer of rights, or a need for them, posted by an agency. `price_fen` NULL: negotiable.

    `disposal`: a sale of pledged rights by enforcement, free of the lien that is enforced (UNI-12).
    """

    __tablename__ = "listings"
    __table_args__ = (
        one_of("direction", Direction),
        one_of("mode", ListingMode),
        one_of("status", ListingStatus),
        CheckConstraint("price_fen > 0", name="price_fen"),
        CheckConstraint("NOT disposal OR mode = 'transfer'", name="disposal"),
        UniqueConstraint("number"),
        Index("ix_listings_status_id", "status", "id"),
        Index("ix_listings_organisation_id", "organisation_id"),
    )

    number: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    direction: Mapped[str]
    mode: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    price_fen: Mapped[int | None]
    currency: Mapped[str]
    status: Mapped[str]
    published_on: Mapped[date | None]
    expires_on: Mapped[date]
    closed_on: Mapped[date | None]
    disposal: Mapped[bool] = mapped_column(server_default=text("false"))
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ListingEvent) -> None:
        """Move to the next state or refuse."""
        self.status = LISTING.next(ListingStatus(self.status), event)
        self.version += 1


class ListingItem(OperationalMixin, Base):
    """A right offered by a listing."""

    __tablename__ = "listing_items"
    __table_args__ = (
        UniqueConstraint("listing_id", "asset_id"),
        Index("ix_listing_items_asset_id", "asset_id"),
    )

    listing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("listings.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
