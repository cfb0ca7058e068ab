"""Service records on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.service_record import ServiceKind
from app.schemas.common import Day, Id, RequestModel, ResponseModel, Text


class ServiceRecordIn(RequestModel):
    """What a provider did for a firm on a day, with its evidence."""

    kind: Annotated[ServiceKind, Field(strict=False)]
    summary: Text
    occurred_on: Day
    document_id: Id | None = None


class AcceptanceIn(RequestModel):
    """The day on which the firm accepted the service."""

    accepted_on: Day


class ServiceRecordOut(ResponseModel):
    """A service delivered; once accepted it is a deliverable."""

    id: uuid.UUID
    enrolment_id: uuid.UUID
    provider_id: uuid.UUID
    kind: str
    summary: str
    document_id: uuid.UUID | None
    occurred_on: date
    accepted_on: date | None
    version: int
