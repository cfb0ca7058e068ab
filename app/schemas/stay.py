"""Stays on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.stay import StayKind
from app.schemas.common import Day, Id, Name, Reference, RequestModel, ResponseModel, Text

"""The number of an order, as its authority writes it."""


class StayIn(RequestModel):
    """An order with its first and last day; `renews_id` is the one it goes on from."""

    kind: Annotated[StayKind, Field(strict=False)]
    authority: Name
    reference: Reference
    begins_on: Day
    ends_on: Day
    renews_id: Id | None = None


class LiftingIn(RequestModel):
    """The day an order was lifted and why."""

    lifted_on: Day
    reason: Text


class StayOut(ResponseModel):
    """An order that stays dispositions of a right; `runs`: it has effect today."""

    id: uuid.UUID
    asset_id: uuid.UUID
    kind: str
    authority: str
    reference: str
    begins_on: date
    ends_on: date
    renews_id: uuid.UUID | None
    status: str
    runs: bool
    lifted_on: date | None
    reason: str | None
    recorded_at: datetime
    version: int
