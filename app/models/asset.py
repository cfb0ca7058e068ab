"""Assets of the national register: rights, their numbers, classes, statuses, links and titles."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.asset import AssetKind, AssetStatus, LinkKind, MarkKind, NumberScheme, Regime
from app.domain.patent_number import PatentType
from app.domain.tag import TagScheme
from app.models.base import Base, IdMixin, one_of


class Asset(IdMixin, Base):
    """A patent or trademark right of any office (`office`: WIPO ST.3 code).

    `serial` gives exclusion constraints a number to compare. `status` is the current legal status,
    checked with `status_source` on `status_as_of`; its history is in `asset_status_changes`.
    `last_day_in_force` is the last day of the right's term (LS-02, LS-12), unknown when not computable.
    `number` is the number people quote. `sign_key` is the normal form of a mark's words, by which
    identical marks are found (TR-11). `term_extension_days` is what the office added to an invention's
    term (LS-03); `renewals` counts a mark's decades after the first.
    """

    __tablename__ = "assets"
    __table_args__ = (
        one_of("kind", AssetKind),
        one_of("patent_type", PatentType),
        one_of("regime", Regime),
        one_of("status", AssetStatus),
        one_of("mark_kind", MarkKind),
        CheckConstraint("(kind = 'trademark') OR (sign_key IS NULL AND mark_kind IS NULL)", name="of_mark"),
        CheckConstraint("term_extension_days >= 0", name="term_extension_days"),
        CheckConstraint("renewals >= 0", name="renewals"),
        CheckConstraint("(regime = 'cn') = (office = 'CN')", name="regime_of_office"),
        CheckConstraint("(kind = 'patent') OR patent_type IS NULL", name="patent_type_of_patent"),
        UniqueConstraint("serial"),
        UniqueConstraint("id", "serial", "regime", name="uq_assets_id_serial_regime"),
        Index("ix_assets_status_last_day_in_force", "status", "last_day_in_force"),
        Index("ix_assets_sign_key", "sign_key", postgresql_where="sign_key IS NOT NULL"),
    )

    serial: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    office: Mapped[str]
    kind: Mapped[str]
    patent_type: Mapped[str | None]
    regime: Mapped[str]
    number: Mapped[str]
    name: Mapped[str]
    sign_key: Mapped[str | None]
    mark_kind: Mapped[str | None]
    ipc: Mapped[str | None]
    filed_on: Mapped[date | None]
    granted_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    term_extension_days: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    renewals: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    last_day_in_force: Mapped[date | None]
    status: Mapped[str]
    status_as_of: Mapped[date | None]
    status_source: Mapped[str]
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


class AssetGood(IdMixin, Base):
    """One item of goods or services of a mark, with its similarity group (类似群, ID-13).

    Goods struck out later (`removed_on`) stay in the list of what was protected.
    """

    __tablename__ = "asset_goods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["asset_id", "nice_class"], ["asset_classes.asset_id", "asset_classes.nice_class"]
        ),
        CheckConstraint("similar_group ~ '^[0-9]{4}$'", name="similar_group"),
        CheckConstraint("left(similar_group, 2)::int = nice_class", name="group_of_class"),
        CheckConstraint("(removed_at IS NULL) = (removed_event_id IS NULL)", name="removed"),
        CheckConstraint("(removed_at IS NULL) = (removed_on IS NULL)", name="removed_on"),
        Index(
            "uq_asset_goods_item",
            "asset_id",
            "nice_class",
            "item",
            unique=True,
            postgresql_where="removed_at IS NULL",
        ),
        Index("ix_asset_goods_asset_id_nice_class", "asset_id", "nice_class"),
        Index("ix_asset_goods_similar_group", "similar_group", "asset_id"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    nice_class: Mapped[int] = mapped_column(SmallInteger)
    similar_group: Mapped[str | None]
    item: Mapped[str]
    removed_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    removed_event_id: Mapped[uuid.UUID | None]
    removed_at: Mapped[datetime | None]


class AssetTag(IdMixin, Base):
    """What a right is classed as from `valid_from` until the day before `valid_to` (AST-11).

    Classing it otherwise ends the row (`ended_at`) and begins another: what was published by the old class
    stays as it was. A row ended without a `valid_to` was wrong from its start. One live tag of a scheme is
    the main one.
    """

    __tablename__ = "asset_tags"
    __table_args__ = (
        one_of("scheme", TagScheme),
        CheckConstraint("valid_to > valid_from", name="validity"),
        CheckConstraint("valid_to IS NULL OR ended_at IS NOT NULL", name="end_known"),
        CheckConstraint("(ended_at IS NULL) = (ended_event_id IS NULL)", name="ended"),
        Index(
            "uq_asset_tags_live",
            "asset_id",
            "scheme",
            "code",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
        Index(
            "uq_asset_tags_main",
            "asset_id",
            "scheme",
            unique=True,
            postgresql_where="main AND ended_at IS NULL",
        ),
        Index("ix_asset_tags_asset_id", "asset_id"),
        Index("ix_asset_tags_scheme_code", "scheme", "code"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    scheme: Mapped[str]
    code: Mapped[str]
    main: Mapped[bool]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    ended_event_id: Mapped[uuid.UUID | None]
    ended_at: Mapped[datetime | None]


class LegalEvent(IdMixin, Base):
    """An event an office announced of a right, by its INPADOC code, as imported. Append-only."""

    __tablename__ = "legal_events"
    __table_args__ = (
        UniqueConstraint("asset_id", "code", "announced_on", "text", postgresql_nulls_not_distinct=True),
        Index("ix_legal_events_event_id", "event_id"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    code: Mapped[str]
    announced_on: Mapped[date | None]
    effective_on: Mapped[date | None]
    text: Mapped[str | None]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


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
        CheckConstraint("(ended_at IS NULL) = (ended_event_id IS NULL)", name="ended"),
        Index(
            "uq_asset_links_asset_id",
            "asset_id",
            "other_asset_id",
            "kind",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
        Index("ix_asset_links_other_asset_id", "other_asset_id"),
        Index("ix_asset_links_event_id", "event_id"),
    )

    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    other_asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    kind: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    ended_event_id: Mapped[uuid.UUID | None]
    ended_at: Mapped[datetime | None]


class Title(IdMixin, Base):
    """Ownership of a right by one party over a period; `party_id` NULL means the owner is unrecorded.

    `share_ppm` is NULL for all owners (undivided, the usual Chinese case) or the live shares of a
    right sum to 1 000 000 (a deferred constraint trigger). `ordinal` keeps the order of owners: 1 is
    the first patentee. A title ends (`ceased_on`); it is never deleted.

    Who owned a right on a day D, as known at a moment K: the rows known by K (`recorded_at`), not yet
    replaced (`superseded_at`), begun by D, and whose end was not known by K or lies after D. A row about
    which more becomes known is replaced by another; one that was live ceases in the same moment.
    """

    __tablename__ = "titles"
    __table_args__ = (
        CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name="share_ppm"),
        CheckConstraint("(ceased_at IS NULL) = (ceased_event_id IS NULL)", name="ceased"),
        CheckConstraint("ceased_at IS NOT NULL OR ceased_on IS NULL", name="ceased_on_recorded"),
        CheckConstraint("(superseded_at IS NULL) = (superseded_event_id IS NULL)", name="superseded"),
        CheckConstraint("superseded_at IS NULL OR ceased_at IS NOT NULL", name="superseded_ceased"),
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
    superseded_event_id: Mapped[uuid.UUID | None]
    superseded_at: Mapped[datetime | None]
