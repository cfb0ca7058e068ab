"""Imports on the wire."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from app.domain.imports import ImportKind, ImportStatus
from app.schemas.common import ResponseModel


class ImportOut(ResponseModel):
    """A run over one file. `rows_done` of `rows` are taken or refused; the event is recorded at the end.

    `manifest` says what became of them, of a run under way so far.
    """

    id: uuid.UUID
    kind: ImportKind
    file_name: str
    file_sha256: str
    status: ImportStatus
    rows: int
    rows_done: int
    accepted: int
    unchanged: int
    refused: int
    manifest: dict[str, Any]
    event_id: uuid.UUID | None
    recorded_at: datetime
    finished_at: datetime | None
