"""Approvals on the wire."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.schemas.common import ResponseModel


class ApprovalOut(ResponseModel):
    """A decision on one step of a round of a case, and which client of which organisation took it."""

    id: uuid.UUID
    noun: str
    subject_id: uuid.UUID
    round: int
    step: str
    decision: str
    organisation_id: uuid.UUID
    client_id: uuid.UUID
    reason: str | None
    document_id: uuid.UUID | None
    event_id: uuid.UUID
    district_code: str
    recorded_at: datetime
