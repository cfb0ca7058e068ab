"""Providers on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.schemas.common import Day, Name, RequestModel, ResponseModel, Text


class SelectionIn(RequestModel):
    """How many firms the provider may serve at a time, and the purchase contract that says so."""

    quota: Annotated[int, Field(ge=1, le=1_000_000)]
    contract_no: Name


class ExitIn(RequestModel):
    """When and why a provider leaves."""

    exited_on: Day
    reason: Text


class ProviderOut(ResponseModel):
    """A provider in a programme. `serving` counts against its quota; `contract_no` is shown to itself and
    its district.
    """

    id: uuid.UUID
    programme_id: uuid.UUID
    organisation_id: uuid.UUID
    district_code: str
    status: str
    quota: int | None
    serving: int
    contract_no: str | None
    decided_on: date | None
    exited_on: date | None
    version: int
