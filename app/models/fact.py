"""Facts: the countable consequences of operations."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.domain.fact import FactRole, Measure
from app.models.base import Base, OperationalMixin, one_of


class Fact(OperationalMixin, Base):
    """`value` counted for `measure` in a district on a business date; fen for amounts. Append-only.

    A correction is a further fact with the opposite value, never an edit. `event_id` ties the fact to
    the event whose seal dates its becoming known.
    """

    __tablename__ = "facts"
    __table_args__ = (
        one_of("measure", Measure),
        one_of("role", FactRole),
        Index("ix_facts_measure_district_code_occurred_on", "measure", "district_code", "occurred_on"),
        Index("ix_facts_event_id", "event_id"),
        Index("ix_facts_source_id", "source_id"),
    )

    measure: Mapped[str]
    role: Mapped[str]
    value: Mapped[int]
    occurred_on: Mapped[date]
    dimensions: Mapped[dict[str, Any]]
    source_noun: Mapped[str]
    source_id: Mapped[uuid.UUID]
    imported: Mapped[bool]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
