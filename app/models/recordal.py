"""Recordals: what an office wrote into its register about rights, as imported with its own dates."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.imports import ImportStatus
from app.domain.recordal import RecordalKind, RecordalRole
from app.models.base import Base, IdMixin, one_of


class Recordal(IdMixin, Base):
    """One recorded document: transfer, pledge, release, rename, merger... `reference` is the reel/frame.

    `recorded_on` is the day the office recorded it, `executed_on` the day it was signed. `document_id` is
    the evidence of one that was not imported but told (TR-02); documents are operational data, so it is no
    foreign key, and a title asks whether the document is there.
    """

    __tablename__ = "recordals"
    __table_args__ = (
        one_of("kind", RecordalKind),
        UniqueConstraint("office", "reference"),
        Index("ix_recordals_event_id", "event_id"),
    )

    office: Mapped[str]
    kind: Mapped[str]
    reference: Mapped[str | None]
    refers_to: Mapped[str | None]
    recorded_on: Mapped[date | None]
    executed_on: Mapped[date | None]
    conveyance: Mapped[str]
    stated_rank: Mapped[str | None]
    partial: Mapped[bool]
    document_id: Mapped[uuid.UUID | None]
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]


class RecordalParty(IdMixin, Base):
    """A party to a recordal, on the giving or the receiving side."""

    __tablename__ = "recordal_parties"
    __table_args__ = (
        one_of("role", RecordalRole),
        UniqueConstraint("recordal_id", "role", "ordinal"),
        Index("ix_recordal_parties_party_id", "party_id"),
    )

    recordal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recordals.id"))
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    role: Mapped[str]
    ordinal: Mapped[int] = mapped_column(SmallInteger)


class RecordalAsset(IdMixin, Base):
    """A right that a recordal names."""

    __tablename__ = "recordal_assets"
    __table_args__ = (
        UniqueConstraint("recordal_id", "asset_id"),
        Index("ix_recordal_assets_asset_id", "asset_id"),
    )

    recordal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recordals.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))


class Import(IdMixin, Base):
    """One run of an import over one file, with what became of its rows.

    A run's batches are transactions of their own; each moves `rows_done` on, so that a run that was cut
    off goes on where it stopped (`status` stays `running`). Its one event, `event_id`, is recorded with
    the manifest of the whole run when it is complete; rows the run writes carry it from the first batch.
    """

    __tablename__ = "imports"
    __table_args__ = (
        one_of("status", ImportStatus),
        CheckConstraint("(status = 'completed') = (finished_at IS NOT NULL)", name="finished_at"),
        Index("ix_imports_event_id", "event_id"),
        Index(
            "uq_imports_running",
            "kind",
            "file_sha256",
            unique=True,
            postgresql_where="status = 'running'",
        ),
    )

    kind: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    rows: Mapped[int]
    accepted: Mapped[int]
    unchanged: Mapped[int]
    refused: Mapped[int]
    status: Mapped[str]
    rows_done: Mapped[int]
    manifest: Mapped[dict[str, Any]]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportRow(IdMixin, Base):
    """Provenance: the raw row an accepted record came from. The same row twice changes nothing."""

    __tablename__ = "import_rows"
    __table_args__ = (
        UniqueConstraint("kind", "row_sha256"),
        Index("ix_import_rows_noun_subject_id", "noun", "subject_id"),
        Index("ix_import_rows_event_id", "event_id"),
    )

    kind: Mapped[str]
    row_sha256: Mapped[str]
    line: Mapped[int]
    raw: Mapped[str]
    noun: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
