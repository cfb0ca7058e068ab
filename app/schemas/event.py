"""Events on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import Field

from app.schemas.common import ResponseModel


class EventOut(ResponseModel):
    """A sealed event. `position` orders all events; `stream` and `seq` name its seal in the hash chain."""

    id: uuid.UUID
    position: int
    stream: str
    seq: int
    type: str
    noun: str
    subject_id: uuid.UUID
    occurred_on: date
    recorded_at: datetime
    sealed_at: datetime
    payload: dict[str, Any]


class EventFeed(ResponseModel):
    """Events in order. Keep `next_cursor` and ask again with it, at once if `has_more`, else later."""

    items: list[EventOut]
    next_cursor: str = Field(description="Give it as `after`; present on an empty page too.")
    has_more: bool = Field(description="Whether the feed already goes on behind the cursor.")
