"""Priority reservations on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.schemas.common import MAX_ROWS, Day, Id, RequestModel, ResponseModel


class ReservationIn(RequestModel):
    """Rights of an application to be kept for its bank to the end of `expires_on`; none named: all."""

    application_id: Id
    expires_on: Day
    asset_ids: Annotated[list[Id], Field(max_length=MAX_ROWS)] = Field(default_factory=list)


class PriorityReservationOut(ResponseModel):
    """A reservation. `pledge_id`: of the filing that used it."""

    id: uuid.UUID
    number: str
    district_code: str
    organisation_id: uuid.UUID
    application_id: uuid.UUID
    asset_ids: list[uuid.UUID]
    reserved_on: date
    expires_on: date
    pledge_id: uuid.UUID | None
    status: str
    version: int
