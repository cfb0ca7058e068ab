"""Parties of the national register, their identifiers, names and successions."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.party import IdentifierScheme, PartyKind, PartyRole, SuccessionKind
from app.domain.size_class import Industry, SizeClass
from app.models.base import Base, DistrictCode, IdMixin, one_of


class Party(IdMixin, Base):
    """An organisation or person, as it is today.

    `name` and `district_code` follow `party_names` and `party_districts` (ID-18); without rows there they
    have been so ever since. `name_key` is the normalised name by which parties without identifiers are
    recognised.
    """

    __tablename__ = "parties"
    __table_args__ = (
        one_of("kind", PartyKind),
        Index("ix_parties_name_key", "name_key"),
        Index("ix_parties_registered_on", "registered_on", postgresql_where="address IS NOT NULL"),
    )

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
    """A recorded rename, merger or split: `successor_id` follows `predecessor_id` from a day on.

    `duplicate` says that the two were one party all along; it counts while a row in `duplicates` that
    names it is merged. `source`: where it is known from; documents taken over by imports say it themselves.
    Append-only.
    """

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
    source: Mapped[str | None]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class PartyName(IdMixin, Base):
    """A name a party took on a day; by any of its names a party is found (AST-14). Append-only.

    `effective_on` NULL: since ever, as far as the register knows.
    """

    __tablename__ = "party_names"
    __table_args__ = (
        Index("ix_party_names_party_id", "party_id"),
        Index("ix_party_names_name_key", "name_key"),
        Index("ix_party_names_event_id", "event_id"),
    )

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    name: Mapped[str]
    name_key: Mapped[str]
    effective_on: Mapped[date | None]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class PartyDistrict(IdMixin, Base):
    """The district a party was registered in from a day on (ID-18). Append-only."""

    __tablename__ = "party_districts"
    __table_args__ = (
        Index("ix_party_districts_party_id", "party_id"),
        Index("ix_party_districts_event_id", "event_id"),
    )

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    district_code: Mapped[DistrictCode]
    effective_on: Mapped[date | None]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class PartySize(IdMixin, Base):
    """The size class of an enterprise by its figures of a year, under the table in force then (TG-08).

    Revenue and assets in 万元. Figures reported again make a new row; the last known counts. Append-only.
    """

    __tablename__ = "party_sizes"
    __table_args__ = (
        one_of("industry", Industry),
        one_of("size_class", SizeClass),
        CheckConstraint("employees >= 0", name="employees"),
        CheckConstraint("revenue_wan >= 0", name="revenue_wan"),
        CheckConstraint("assets_wan >= 0", name="assets_wan"),
        CheckConstraint("year BETWEEN 1949 AND 2999", name="year"),
        Index("ix_party_sizes_party_id", "party_id", "year"),
        Index("ix_party_sizes_event_id", "event_id"),
    )

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    year: Mapped[int]
    industry: Mapped[str]
    employees: Mapped[int | None]
    revenue_wan: Mapped[int | None]
    assets_wan: Mapped[int | None]
    size_class: Mapped[str]
    size_rule: Mapped[str]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class PartyRoleChange(IdMixin, Base):
    """A role a party took (`begins`) or gave up on a day. Append-only."""

    __tablename__ = "party_roles"
    __table_args__ = (
        one_of("role", PartyRole),
        Index("ix_party_roles_party_id", "party_id"),
        Index("ix_party_roles_event_id", "event_id"),
    )

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    role: Mapped[str]
    begins: Mapped[bool]
    effective_on: Mapped[date]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
