"""Deals and the rights they cover."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.deal import DEAL, DealEvent, DealKind, DealStatus, LicenceType
from app.models.base import Base, OperationalMixin, one_of


class Deal(OperationalMixin, Base):
    """A licence or transfer between two parties. `amount_fen` is the fixed consideration by contract.

    A licence is recorded (`record_no`, `recorded_on`), a transfer filed and registered (`registration_no`,
    `registered_on`), which moves the title. `export_evidence` is needed when a right leaves the country
    (TR-04); `affiliated` deals count without their amount (ST-10); `settlement` says how the price was
    paid and, of a pledged right, the receipt of early repayment or deposit (TR-06).
    """

    __tablename__ = "deals"
    __table_args__ = (
        one_of("kind", DealKind),
        one_of("licence_type", LicenceType),
        one_of("status", DealStatus),
        CheckConstraint("(kind = 'licence') = (licence_type IS NOT NULL)", name="licence_type_of_licence"),
        CheckConstraint("kind <> 'licence' OR (term_from IS NOT NULL AND term_to >= term_from)", name="term"),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        CheckConstraint("grantor_id <> grantee_id", name="two_parties"),
        UniqueConstraint("number"),
        CheckConstraint("kind <> 'transfer' OR term_from IS NULL", name="no_term_of_transfer"),
        CheckConstraint("(settled_on IS NULL) = (settlement IS NULL)", name="settled"),
        UniqueConstraint("record_no"),
        UniqueConstraint("registration_no"),
        Index("ix_deals_organisation_id", "organisation_id"),
        Index("ix_deals_listing_id", "listing_id"),
    )

    number: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    listing_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("listings.id"))
    kind: Mapped[str]
    licence_type: Mapped[str | None]
    grantor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    grantee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    territory: Mapped[str]
    field: Mapped[str]
    term_from: Mapped[date | None]
    term_to: Mapped[date | None]
    amount_fen: Mapped[int]
    currency: Mapped[str]
    contract_no: Mapped[str | None]
    contract_on: Mapped[date | None]
    record_no: Mapped[str | None]
    recorded_on: Mapped[date | None]
    affiliated: Mapped[bool]
    export_evidence: Mapped[dict[str, Any] | None]
    filed_on: Mapped[date | None]
    registration_no: Mapped[str | None]
    registered_on: Mapped[date | None]
    settled_on: Mapped[date | None]
    settlement: Mapped[dict[str, Any] | None]
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: DealEvent) -> None:
        """Move to the next state or refuse."""
        self.status = DEAL.next(DealStatus(self.status), event)
        self.version += 1


class DealItem(OperationalMixin, Base):
    """A right covered by a deal."""

    __tablename__ = "deal_items"
    __table_args__ = (UniqueConstraint("deal_id", "asset_id"), Index("ix_deal_items_asset_id", "asset_id"))

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
