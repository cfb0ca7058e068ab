"""Deals on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.domain.deal import LicenceType
from app.schemas.common import Day, Id, MoneyIn, MoneyOut, Name, RequestModel, ResponseModel, Text

MAX_ASSETS = 200


class DealIn(RequestModel):
    """A licence to be drafted; transfers are not taken yet.

    `territory` is WW, CN or a GB/T 2260 code, `field` ALL or a GB/T 4754 code of 2 to 4 digits. `amount`
    is the fixed consideration by contract.
    """

    kind: Literal["licence"] = "licence"
    licence_type: Annotated[LicenceType, Field(strict=False)]
    grantor_id: Id
    grantee_id: Id
    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ASSETS)]
    territory: Name = "CN"
    field: Name = "ALL"
    term_from: Day
    term_to: Day
    amount: MoneyIn
    contract_no: Name | None = None
    listing_id: Id | None = None


class SignatureIn(RequestModel):
    """A signed contract.

    `co_owner_consents` are the co-owners whose signed consent is at hand (专利法第14条).
    """

    signed_on: Day
    co_owner_consents: Annotated[list[Id], Field(max_length=100)] = Field(default_factory=list)


class RecordingIn(RequestModel):
    """The office's 备案 of a licence."""

    record_no: Name
    recorded_on: Day


class TerminationIn(RequestModel):
    """The end of a deal before its term."""

    reason: Text
    terminated_on: Day


class DealOut(ResponseModel):
    """A deal.

    `recording_due_on` is the last day to record it, `recording_overdue` that it was missed (TR-15).
    """

    id: uuid.UUID
    number: str
    kind: str
    licence_type: str | None
    listing_id: uuid.UUID | None
    organisation_id: uuid.UUID
    district_code: str
    grantor_id: uuid.UUID
    grantee_id: uuid.UUID
    asset_ids: list[uuid.UUID]
    territory: str
    field: str
    term_from: date | None
    term_to: date | None
    amount: MoneyOut
    contract_no: str | None
    contract_on: date | None
    recording_due_on: date | None
    recording_overdue: bool
    record_no: str | None
    recorded_on: date | None
    status: str
    version: int
