"""Deals on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from app.domain.deal import DealKind, LicenceType
from app.domain.deal_paper import ExportEvidenceType, SettlementKind
from app.schemas.common import (
    UNION_TAG,
    Day,
    Id,
    MoneyIn,
    MoneyOut,
    Name,
    RequestModel,
    ResponseModel,
    Text,
    union_tag,
)

MAX_ASSETS = 200
AssetIds = Annotated[list[Id], Field(min_length=1, max_length=MAX_ASSETS)]


class ExportEvidenceIn(RequestModel):
    """The paper without which a patent does not pass from a Chinese owner to one abroad (TR-04)."""

    type: Annotated[ExportEvidenceType, Field(strict=False)]
    number: Name


class LicenceDealIn(RequestModel):
    """A licence to be drafted.

    `territory` is WW, CN or a GB/T 2260 code, `field` ALL or a GB/T 4754 code of 2 to 4 digits. `amount`
    is the fixed consideration by contract.
    """

    kind: Literal["licence"] = "licence"
    licence_type: Annotated[LicenceType, Field(strict=False)]
    grantor_id: Id
    grantee_id: Id
    asset_ids: AssetIds
    territory: Name = "CN"
    field: Name = "ALL"
    term_from: Day
    term_to: Day
    amount: MoneyIn
    contract_no: Name | None = None
    listing_id: Id | None = None


class TransferDealIn(RequestModel):
    """A transfer to be drafted. `amount` is the price, `affiliated`: between affiliated firms (ST-10).

    `export_evidence` may wait until the signature.
    """

    kind: Literal["transfer"]
    grantor_id: Id
    grantee_id: Id
    asset_ids: AssetIds
    amount: MoneyIn
    contract_no: Name | None = None
    listing_id: Id | None = None
    affiliated: bool = False
    export_evidence: ExportEvidenceIn | None = None


def _kind(body: Any) -> str:
    """Which of the two a body is; without a kind, or with one that does not exist, it reads as a licence."""
    kind = body.get("kind") if isinstance(body, dict) else getattr(body, "kind", None)
    return f"{UNION_TAG}{DealKind.transfer if kind == DealKind.transfer else DealKind.licence}"


DealIn = Annotated[
    Annotated[LicenceDealIn, union_tag("licence")] | Annotated[TransferDealIn, union_tag("transfer")],
    Discriminator(_kind),
]
"""A deal to be drafted: `kind` is `licence`, also when left out, or `transfer`."""


class DealSignatureIn(RequestModel):
    """A signed contract. The consents it needs are picked from those granted."""

    signed_on: Day
    export_evidence: ExportEvidenceIn | None = None


class FilingIn(RequestModel):
    """The day on which a transfer, or its correction, was filed with the office."""

    filed_on: Day


class DealRefusalIn(RequestModel):
    """The office's refusal of a transfer."""

    reason: Text
    refused_on: Day


class DealRegistrationIn(RequestModel):
    """The office's registration or announcement of a transfer."""

    registration_no: Name
    registered_on: Day


class SettlementIn(RequestModel):
    """How the price was paid; `receipt_no` shows the early repayment or the deposit."""

    settled_on: Day
    kind: Annotated[SettlementKind, Field(strict=False)]
    receipt_no: Name | None = None


class RecordingIn(RequestModel):
    """The office's 备案 of a licence."""

    record_no: Name
    recorded_on: Day


class DealTerminationIn(RequestModel):
    """The end of a deal before its term."""

    reason: Text
    terminated_on: Day


class ExportEvidenceOut(ResponseModel):
    """The paper that shows that a right may leave the country."""

    type: str
    number: str


class SettlementOut(ResponseModel):
    """How the price was paid."""

    kind: str
    receipt_no: str | None


class DealOut(ResponseModel):
    """A deal. Territory, field and term are a licence's.

    `recording_due_on` is the last day to record a licence, `recording_overdue` that it was missed (TR-15).
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
    territory: str | None
    field: str | None
    term_from: date | None
    term_to: date | None
    amount: MoneyOut
    contract_no: str | None
    contract_on: date | None
    recording_due_on: date | None
    recording_overdue: bool
    record_no: str | None
    recorded_on: date | None
    affiliated: bool
    export_evidence: ExportEvidenceOut | None
    filed_on: date | None
    registration_no: str | None
    registered_on: date | None
    settled_on: date | None
    settlement: SettlementOut | None
    status: str
    version: int
