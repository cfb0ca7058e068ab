"""Roots: the heads of all chains on a day under one signature."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Root(Base):
    """The heads of all streams when a business date was over, hashed and signed (POL-10). Append-only.

    `heads`: per stream its number and hash (hex). Whoever keeps a root can tell a chain that was written
    anew since.
    """

    __tablename__ = "roots"
    __table_args__ = (PrimaryKeyConstraint("root_on"), Index("ix_roots_event_id", "event_id"))

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
