"""Roots: the heads of all chains on a day under one signature."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Root(Base):
    """The heads of all streams when a business date was over, hashed and signed (POL-10). Append-only.

    `heads`: per stream its number and hash (hex). `previous` is the root before, so roots are a chain too.
    Whoever keeps a root can tell a chain that was written anew since.
    """

    __tablename__ = "roots"
    __table_args__ = (
        PrimaryKeyConstraint("id"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("length(previous) = 32 AND length(root) = 32", name="hashes"),
        CheckConstraint("length(public_key) = 32 AND length(signature) = 64", name="signature"),
        UniqueConstraint("root_on"),
        UniqueConstraint("position"),
        UniqueConstraint("previous"),
        Index("ix_roots_event_id", "event_id"),
    )

    id: Mapped[uuid.UUID]
    root_on: Mapped[date]
    position: Mapped[int]
    heads: Mapped[dict[str, Any]]
    previous: Mapped[bytes]
    root: Mapped[bytes]
    key_id: Mapped[str]
    public_key: Mapped[bytes]
    signature: Mapped[bytes]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
