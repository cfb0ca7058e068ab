"""Notices on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from app.schemas.common import ResponseModel


class NoticeOut(ResponseModel):
    """What an organisation has to know or do. `due_on` is the day by which to act, if there is one."""

    id: uuid.UUID
    kind: str
    noun: str
    subject_id: uuid.UUID
    message_zh: str
    message_en: str
    facts: dict[str, Any]
    due_on: date | None
    read_at: datetime | None
    event_id: uuid.UUID
    recorded_at: datetime
