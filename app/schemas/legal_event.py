"""Announcements of offices on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.common import ResponseModel


class LegalEventOut(ResponseModel):
    """An announcement of the office: its INPADOC code and what the code says, its days and its own words."""

    id: uuid.UUID
    code: str
    description: str
    announced_on: date | None
    effective_on: date | None
    text: str | None
    event_id: uuid.UUID
    recorded_at: datetime
