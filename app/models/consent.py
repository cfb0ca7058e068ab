"""Consents to deals, the rights they cover, and their uses."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.consent import CONSENT, ConsentEvent, ConsentKind, ConsentStatus, Proceeds
from app.domain.deal import DealKind, LicenceType
from app.models.base import Base, OperationalMixin, one_of


class Consent(OperationalMixin, Base):
    """What `grantor_id` (the pledgee or a co-owner) allows: a kind of deal within a scope (RB-04).

    None of a scope's column means no limit: any licence type, any grantee, any price. `organisation_id`
    answers for the grantor; `requested_by` asked for it, with a `note`. `reason` says why it was refused
    or revoked.
    """

    __tablename__ = "consents"
    __table_args__ = (
        one_of("kind", ConsentKind),
        one_of("action", DealKind),
        one_of("licence_type", LicenceType),
        one_of("proceeds", Proceeds),
        one_of("status", ConsentStatus),
        CheckConstraint("valid_to >= valid_from", name="validity"),
        CheckConstraint("max_uses >= 1", name="max_uses"),
        CheckConstraint("floor_fen >= 0", name="floor_fen"),
        UniqueConstraint("number"),
        Index("ix_consents_grantor_id", "grantor_id"),
        Index("ix_consents_organisation_id", "organisation_id"),
        Index("ix_consents_requested_by", "requested_by"),
    )

    number: Mapped[str]
    kind: Mapped[str]
    grantor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    action: Mapped[str]
    licence_type: Mapped[str | None]
    grantee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    floor_fen: Mapped[int | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    max_uses: Mapped[int] = mapped_column(SmallInteger)
    proceeds: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    note: Mapped[str | None]
    reason: Mapped[str | None]
    status: Mapped[str]
    decided_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ConsentEvent) -> None:
        """Move to the next state or refuse."""
        self.status = CONSENT.next(ConsentStatus(self.status), event)
        self.version += 1


class ConsentItem(OperationalMixin, Base):
    """A right a consent covers; for a pledgee's consent with the lien it lifts for the deal."""

    __tablename__ = "consent_items"
    __table_args__ = (
        UniqueConstraint("consent_id", "asset_id", "hold_id", postgresql_nulls_not_distinct=True),
        Index("ix_consent_items_asset_id", "asset_id"),
        Index("ix_consent_items_hold_id", "hold_id"),
    )

    consent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consents.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    hold_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("holds.id"))


class ConsentUse(OperationalMixin, Base):
    """A deal that used a consent, in the deal's own transaction. Append-only.

    A trigger locks the consent and refuses a use that is not granted, out of its validity or beyond
    `max_uses`.
    """

    __tablename__ = "consent_uses"
    __table_args__ = (
        UniqueConstraint("consent_id", "deal_id"),
        Index("ix_consent_uses_deal_id", "deal_id"),
        Index("ix_consent_uses_event_id", "event_id"),
    )

    consent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consents.id"))
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    used_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
