"""Documents and their bytes."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, OperationalMixin


class DocumentContent(Base):
    """Bytes by their SHA-256, kept once. Append-only."""

    __tablename__ = "document_contents"
    __table_args__ = (CheckConstraint("sha256 = encode(sha256(content), 'hex')", name="sha256"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Document(OperationalMixin, Base):
    """One version of a document of an organisation; `series_id` is that of its first version. Append-only.

    `shared_with` names organisations that may read it besides its own and the regulators of the district.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
        UniqueConstraint("series_id", "version"),
        Index("ix_documents_organisation_id", "organisation_id"),
        Index("ix_documents_sha256", "sha256"),
        Index("ix_documents_event_id", "event_id"),
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    series_id: Mapped[uuid.UUID]
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("document_contents.sha256"))
    size_bytes: Mapped[int]
    shared_with: Mapped[list[uuid.UUID]]
    version: Mapped[int]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
