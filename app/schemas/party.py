"""Parties on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.party import IdentifierScheme, PartyKind, PartyRole, SuccessionKind
from app.domain.size_class import Industry
from app.schemas.common import Day, DistrictCode, Id, Name, RequestModel, ResponseModel, Text

Figure = Annotated[int, Field(ge=0, le=10**12)]
"""Staff in persons, revenue or assets in 万元."""


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


class NameIn(RequestModel):
    """A name a party has from a day on; `source` says where it is known from."""

    name: Name
    effective_on: Day
    source: Text


class DistrictIn(RequestModel):
    """A district a party is registered in from a day on."""

    district_code: DistrictCode
    effective_on: Day
    source: Text


class SizeIn(RequestModel):
    """The figures of an enterprise in a year; revenue and assets in 万元."""

    year: Annotated[int, Field(ge=1949, le=2999)]
    industry: Annotated[Industry, Field(strict=False)]
    employees: Figure | None = None
    revenue_wan: Figure | None = None
    assets_wan: Figure | None = None
    source: Text


class RoleIn(RequestModel):
    """A role a party took (`begins`) or gave up on a day."""

    role: Annotated[PartyRole, Field(strict=False)]
    begins: bool
    effective_on: Day
    source: Text


class SuccessionIn(RequestModel):
    """Another party follows this one from a day on."""

    successor_id: Id
    kind: Annotated[SuccessionKind, Field(strict=False)]
    occurred_on: Day
    source: Text


class IdentifierOut(ResponseModel):
    """A number under a scheme."""

    scheme: str
    value: str


class PartyOut(ResponseModel):
    """A party of the register, as it is today."""

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


class SuccessorOut(ResponseModel):
    """Who a party is today."""

    id: uuid.UUID
    name: str


class FoundPartyOut(PartyOut):
    """A party as a search finds it: under which of its names, and who it is today if it is another."""

    found_as: str | None
    successor: SuccessorOut | None


class NameOut(ResponseModel):
    """A name and the day from which the party has it; null: since ever, as far as is known."""

    id: uuid.UUID
    name: str
    effective_on: date | None
    source: str
    recorded_at: datetime


class DistrictOut(ResponseModel):
    """A district and the day from which the party is registered there; null: since ever."""

    id: uuid.UUID
    district_code: str
    effective_on: date | None
    source: str
    recorded_at: datetime


class SizeOut(ResponseModel):
    """The size class of an enterprise by its figures of a year, and the rule that says so."""

    id: uuid.UUID
    year: int
    industry: str
    employees: int | None
    revenue_wan: int | None
    assets_wan: int | None
    size_class: str
    size_rule: str
    source: str
    recorded_at: datetime


class RoleOut(ResponseModel):
    """A role taken or given up."""

    id: uuid.UUID
    role: str
    begins: bool
    effective_on: date
    source: str
    recorded_at: datetime


class SuccessionOut(ResponseModel):
    """A party follows another; `counts` is false for a merge of duplicates that was undone."""

    id: uuid.UUID
    predecessor_id: uuid.UUID
    predecessor_name: str
    successor_id: uuid.UUID
    successor_name: str
    kind: str
    occurred_on: date | None
    source: str | None
    counts: bool
    recorded_at: datetime


class PartyOnOut(PartyOut):
    """A party as it was `on` a day, by what was known at `known_at`.

    Name, district, size and roles are those of that day, the rest as it is today.
    """

    on: date
    known_at: datetime
    size: SizeOut | None
    roles: list[str]
    successor: SuccessorOut | None
