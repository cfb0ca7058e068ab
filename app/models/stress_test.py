"""Stress tests of pools, kept with their parameters and results."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, OperationalMixin


class StressTest(OperationalMixin, Base):
    """What a pool would lose on its live exposures of a day under scenarios (UNI-13). Append-only.

    `evidence` is all it was computed from beside its parameters, as the record had it; `sha256` is over
    both. The same evidence and parameters, the seed among them, yield the same result to the byte.
    `as_of` is set when it went by what was sealed at an earlier instant; otherwise by all of `known_at`.
    """

    __tablename__ = "stress_tests"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_stress_tests_pool_id", "pool_id"),
        Index("ix_stress_tests_event_id", "event_id"),
    )

    number: Mapped[str]
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    on: Mapped[date]
    known_at: Mapped[datetime]
    as_of: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]]
    parameters: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
