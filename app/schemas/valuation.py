"""Valuations on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.valuation import ValuationMethod, ValuationMode
from app.schemas.common import Day, Id, MoneyOut, Name, PositiveMoney, RequestModel, ResponseModel, Text

MAX_NAMES = 20


class ValuationIn(RequestModel):
    """A request to value a right.

    `appraiser_id` is an organisation: an appraiser for `agency`, else the bank that asks or that of the
    application, which values for itself (`bank_internal`) or has agreed on a value (`negotiated`).
    """

    asset_id: Id
    appraiser_id: Id
    mode: Annotated[ValuationMode, Field(strict=False)]
    application_id: Id | None = None


class ValuationSignatureIn(RequestModel):
    """What was found as of `base_on` (评估基准日), by which methods, and who signed it when."""

    base_on: Day
    value: PositiveMoney
    methods: Annotated[list[Annotated[ValuationMethod, Field(strict=False)]], Field(max_length=MAX_NAMES)] = (
        Field(default_factory=list)
    )
    method_reason: Text | None = None
    signatories: Annotated[list[Name], Field(max_length=MAX_NAMES)] = Field(default_factory=list)
    document_id: Id | None = None
    signed_on: Day


class ValuationOut(ResponseModel):
    """A valuation. `expires_on` is the last day of its use by practice, a year after its base date."""

    id: uuid.UUID
    number: str
    asset_id: uuid.UUID
    asset_number: str
    application_id: uuid.UUID | None
    organisation_id: uuid.UUID
    appraiser_id: uuid.UUID
    mode: str
    status: str
    base_on: date | None
    expires_on: date | None
    value: MoneyOut | None
    methods: list[str]
    method_reason: str | None
    signatories: list[str]
    document_id: uuid.UUID | None
    signed_on: date | None
    district_code: str
    version: int
