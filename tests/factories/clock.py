"""The moment at which tests make things."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.clock import Moment


def now() -> Moment:
    """The real moment, for callers that have no unit of work's own."""
    return Moment.at(datetime.now(UTC))
