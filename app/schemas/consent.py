"""Consents on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.consent import ConsentKind, Proceeds
from app.domain.deal import DealKind, LicenceType
from app.schemas.common import Day, Id, MoneyIn, MoneyOut, RequestModel, ResponseModel, Text

MAX_ASSETS = 200
MAX_USES = 1_000


class ConsentScopeIn(RequestModel):
    """What is to be allowed over which rights.

    Without `licence_type` or `grantee_id` any; `floor` is the lowest price of the deal.
    """

    kind: Annotated[ConsentKind, Field(strict=False)]
    action: Annotated[DealKind, Field(strict=False)]
    licence_type: Annotated[LicenceType, Field(strict=False)] | None = None
    grantee_id: Id | None = None
    grantor_id: Id | None = Field(
        default=None, description="The co-owner whose consent it is; left out for a pledgee."
    )
    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ASSETS)]
    floor: MoneyIn | None = None
    valid_to: Day | None = Field(default=None, description="Last day; 90 days when left out.")
    note: Text | None = None


class ConsentRequestIn(ConsentScopeIn):
    """A consent to be asked of the pledgee of the rights, or of a co-owner."""


class ConsentTermsIn(RequestModel):
    """On what terms a consent that was asked for is granted; what is left out stays as it was asked for.

    `proceeds` is what the pledgee asks of the price: unless said otherwise, early repayment.
    """

    floor: MoneyIn | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    max_uses: Annotated[int, Field(ge=1, le=MAX_USES)] = 1
    proceeds: Annotated[Proceeds, Field(strict=False)] | None = None
    document_id: Id | None = None


class ConsentIn(ConsentScopeIn):
    """A consent granted without a request, by the pledgee or a co-owner itself.

    The operator enters it for a co-owner that does not use the platform, with the paper as `document_id`.
    """

    valid_from: Day | None = None
    max_uses: Annotated[int, Field(ge=1, le=MAX_USES)] = 1
    proceeds: Annotated[Proceeds, Field(strict=False)] | None = None
    document_id: Id | None = None


class ConsentOut(ResponseModel):
    """A consent as the caller may see it.

    Of a pledgee's consent, who grants it (`grantor_id`, `organisation_id`) and its paper are null for all
    but the pledgee and the regulators of its district. `uses` counts the deals that have used it.
    """

    id: uuid.UUID
    number: str
    district_code: str
    kind: str
    action: str
    licence_type: str | None
    grantee_id: uuid.UUID | None
    grantor_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    requested_by: uuid.UUID | None
    asset_ids: list[uuid.UUID]
    floor: MoneyOut | None
    valid_from: date
    valid_to: date
    max_uses: int
    uses: int
    proceeds: str
    document_id: uuid.UUID | None
    note: str | None
    reason: str | None
    status: str
    decided_on: date | None
    version: int
