"""Assets of the national register: rights, their numbers, classes, statuses, links and titles."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.asset import AssetKind, AssetStatus, LinkKind, NumberScheme, Regime
from app.domain.patent_number import PatentType
from app.models.base import Base, IdMixin, one_of


class Asset(IdMixin, Base):
    """A patent or trademark right of any office (`office`: WIPO ST.3 code).

    `serial` gives exclusion constraints a number to compare. `status` is the current legal status,
    checked with `status_source` on `status_as_of`; its history is in `asset_status_changes`.
    `last_day_in_force` is the last day of the right's term (LS-02, LS-12), unknown when not computable.
    `number` is the number people quote.
    """

    __tablename__ = "assets"
    __table_args__ = (
        one_of("kind", AssetKind),
        one_of("patent_type", PatentType),
        one_of("regime", Regime),
        one_of("status", AssetStatus),
        CheckConstraint("(regime = 'cn') = (office = 'CN')", name="regime_of_office"),
        CheckConstraint("(kind = 'patent') OR patent_type IS NULL", name="patent_type_of_patent"),
        UniqueConstraint("serial"),
        UniqueConstraint("id", "serial", "regime", name="uq_assets_id_serial_regime"),
        Index("ix_assets_status_last_day_in_force", "status", "last_day_in_force"),
    )

    serial: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    office: Mapped[str]
    kind: Mapped[str]
    patent_type: Mapped[str | None]
    regime: Mapped[str]
    number: Mapped[str]
    name: Mapped[str]
    ipc: Mapped[str | None]
    filed_on: Mapped[date | None]
    granted_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    last_day_in_force: Mapped[date | None]
    status: Mapped[str]
    status_as_of: Mapped[date | None]
    status_source: Mapped[str]
    suspended: Mapped[bool]
    invalidation_pending: Mapped[bool]
    imported: Mapped[bool]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def come_into(self, status: AssetStatus, *, as_of: date, source: str) -> None:
        """Take on a legal status as checked on a day with a source."""
        self.status = status.value
        self.status_as_of = as_of
        self.status_source = source


class AssetIdentifier(IdMixin, Base):
    """One of a right's numbers. `key` is its normal form; no two rights of an office share one.

    For CN patents the key is the digits without check character (ID-07). The key leads the unique
    index, which so also finds a number whose office is not known.
    """

    __tablename__ = "asset_identifiers"
    __table_args__ = (
        one_of("scheme", NumberScheme),
        one_of("kind", AssetKind),
        UniqueConstraint("key", "office", "kind", "scheme"),
        Index("ix_asset_identifiers_asset_id", "asset_id"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    office: Mapped[str]
    kind: Mapped[str]
    scheme: Mapped[str]
    value: Mapped[str]
    key: Mapped[str]


class AssetClass(IdMixin, Base):
    """A Nice class of a trademark registration with the goods or services named in it."""

    __tablename__ = "asset_classes"
    __table_args__ = (
        CheckConstraint("nice_class BETWEEN 1 AND 45", name="nice_class"),
        UniqueConstraint("asset_id", "nice_class"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    nice_class: Mapped[int] = mapped_column(SmallInteger)
    goods: Mapped[str | None]


class AssetStatusChange(IdMixin, Base):
    """A legal status with the day it took effect and the moment it became known. Append-only."""

    __tablename__ = "asset_status_changes"
    __table_args__ = (
        one_of("status", AssetStatus),
        Index("ix_asset_status_changes_asset_id", "asset_id"),
        Index("ix_asset_status_changes_event_id", "event_id"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    status: Mapped[str]
    effective_on: Mapped[date | None]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class AssetLink(IdMixin, Base):
    """Two rights that belong together, e.g. an invention and its same-day utility model."""

    __tablename__ = "asset_links"
    __table_args__ = (
        one_of("kind", LinkKind),
        CheckConstraint("asset_id <> other_asset_id", name="two_assets"),
        UniqueConstraint("asset_id", "other_asset_id", "kind"),
        Index("ix_asset_links_other_asset_id", "other_asset_id"),
        Index("ix_asset_links_event_id", "event_id"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    other_asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    kind: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class Title(IdMixin, Base):
    """Ownership of a right by one party over a period; `party_id` NULL means the owner is unrecorded.

    `share_ppm` is NULL for all owners (undivided, the usual Chinese case) or the live shares of a
    right sum to 1 000 000 (a deferred constraint trigger). `ordinal` keeps the order of owners: 1 is
    the first patentee. A title ends (`ceased_on`); it is never deleted.
    """

    __tablename__ = "titles"
    __table_args__ = (
        CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name="share_ppm"),
        CheckConstraint("(ceased_at IS NULL) = (ceased_event_id IS NULL)", name="ceased"),
        CheckConstraint("ceased_at IS NOT NULL OR ceased_on IS NULL", name="ceased_on_recorded"),
        Index("ix_titles_asset_id", "asset_id"),
        Index("ix_titles_party_id", "party_id"),
        Index(
            "uq_titles_live_party",
            "asset_id",
            "party_id",
            unique=True,
            postgresql_where="ceased_at IS NULL",
            postgresql_nulls_not_distinct=True,
        ),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    party_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    share_ppm: Mapped[int | None]
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    acquired_on: Mapped[date | None]
    ceased_on: Mapped[date | None]
    recordal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recordals.id"))
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    ceased_event_id: Mapped[uuid.UUID | None]
    ceased_at: Mapped[datetime | None]
