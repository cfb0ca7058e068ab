"""Demands for the release of a pledge on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.demand import Authority
from app.domain.pledge import DeregistrationReason
from app.schemas.common import Day, Id, RequestModel, ResponseModel, Text


class DemandIn(RequestModel):
    """Why the registration should be cancelled; `document_id`: what shows it, such as a receipt."""

    ground: Annotated[DeregistrationReason, Field(strict=False)]
    reason: Text
    document_id: Id | None = None


class DemandAcceptanceIn(RequestModel):
    """Agreement; `deregistered_on`: the office has cancelled the registration already, on that day."""

    answer: Text | None = None
    deregistered_on: Day | None = None


class DemandEnforcementIn(RequestModel):
    """The document on which the office cancelled the registration, and the day it did."""

    authority: Annotated[Authority, Field(strict=False)]
    document_id: Id
    reason: Text
    deregistered_on: Day


class DemandOut(ResponseModel):
    """A demand. `respond_by` is the last day for the pledgee's answer."""

    id: uuid.UUID
    pledge_id: uuid.UUID
    district_code: str
    organisation_id: uuid.UUID
    ground: str
    reason: str
    document_id: uuid.UUID | None
    demanded_on: date
    respond_by: date
    answer: str | None
    answered_on: date | None
    status: str
    version: int
