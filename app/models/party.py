"""Parties of the national register, their identifiers, names and successions."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.party import IdentifierScheme, PartyKind, SuccessionKind
from app.models.base import Base, DistrictCode, IdMixin, one_of


class Party(IdMixin, Base):
    """An organisation or person. `district_code` is where it is registered today (ID-18).

    `name_key` is the normalised name by which parties without identifiers are recognised.
    """

    __tablename__ = "parties"
    __table_args__ = (one_of("kind", PartyKind), Index("ix_parties_name_key", "name_key"))

    kind: Mapped[str]
    name: Mapped[str]
    name_key: Mapped[str]
    country: Mapped[str | None]
    district_code: Mapped[DistrictCode]
    address: Mapped[str | None]
    registered_on: Mapped[date | None]
    imported: Mapped[bool]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]


class PartyIdentifier(IdMixin, Base):
    """A number that names a party under a scheme, e.g. 统一社会信用代码."""

    __tablename__ = "party_identifiers"
    __table_args__ = (
        one_of("scheme", IdentifierScheme),
        UniqueConstraint("scheme", "value"),
        Index("ix_party_identifiers_party_id", "party_id"),
    )

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    scheme: Mapped[str]
    value: Mapped[str]


class PartySuccession(IdMixin, Base):
    """A recorded rename, merger or split: `successor_id` follows `predecessor_id` from a day on."""

    __tablename__ = "party_successions"
    __table_args__ = (
        one_of("kind", SuccessionKind),
        CheckConstraint("predecessor_id <> successor_id", name="two_parties"),
        UniqueConstraint("predecessor_id", "successor_id", "kind"),
        Index("ix_party_successions_event_id", "event_id"),
    )

    predecessor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    successor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    kind: Mapped[str]
    occurred_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
