"""Parties on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.party import IdentifierScheme, PartyKind
from app.schemas.common import Day, DistrictCode, Name, RequestModel, ResponseModel


class IdentifierIn(RequestModel):
    """A number under a scheme."""

    scheme: Annotated[IdentifierScheme, Field(strict=False)]
    value: Name


class PartyIn(RequestModel):
    """A party to be entered."""

    kind: Annotated[PartyKind, Field(strict=False)] = PartyKind.organisation
    name: Name
    district_code: DistrictCode
    identifiers: Annotated[list[IdentifierIn], Field(default_factory=list, max_length=10)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    address: Name | None = None
    registered_on: Day | None = None


class IdentifierOut(ResponseModel):
    """A number under a scheme."""

    scheme: str
    value: str


class PartyOut(ResponseModel):
    """A party of the register."""

    id: uuid.UUID
    kind: str
    name: str
    district_code: str
    country: str | None
    address: str | None
    registered_on: date | None
    imported: bool
    identifiers: list[IdentifierOut]
    version: int
