"""Programmes on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.programme import MIN_SERVICE_MONTHS, PASS_SCORE
from app.domain.service_record import DEFAULT_DELIVERABLES, ServiceKind
from app.schemas.common import Day, Id, Name, RequestModel, ResponseModel


class ProgrammeIn(RequestModel):
    """A programme under a plan of the caller's district, and when a service under it counts."""

    name: Name
    plan_id: Id
    starts_on: Day
    ends_on: Day
    min_service_months: Annotated[int, Field(ge=0, le=120)] = MIN_SERVICE_MONTHS
    deliverables: Annotated[
        list[Annotated[ServiceKind, Field(strict=False)]], Field(max_length=len(ServiceKind))
    ] = Field(default_factory=lambda: list(DEFAULT_DELIVERABLES))
    pass_score: Annotated[int, Field(ge=0, le=100)] = PASS_SCORE


class ProgrammeOut(ResponseModel):
    """A programme."""

    id: uuid.UUID
    number: str
    name: str
    plan_id: uuid.UUID
    organisation_id: uuid.UUID
    district_code: str
    starts_on: date
    ends_on: date
    min_service_months: int
    deliverables: list[str]
    pass_score: int
    status: str
    version: int
