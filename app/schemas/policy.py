"""Policies on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.policy import DeltaDirection, PolicyProduct
from app.schemas.common import (
    Day,
    Id,
    Legible,
    MoneyIn,
    MoneyOut,
    Name,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
)

MAX_ASSETS = 200

PaperNo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Legible]
"""The number the insurer has printed on a policy or an endorsement."""


class PolicyIn(RequestModel):
    """A policy as its insurer reports it, at most 366 days before it starts; it counts on its start.

    `sum_insured` is the insurer's maximum liability (保险法第18条); `subsidy` is the part of the premium
    that a government bears. `product_name` says what `other` is. `pledge_id` names the financing that a
    loan guarantee insures.
    """

    policy_no: PaperNo
    insured_id: Id
    product: Annotated[PolicyProduct, Field(strict=False)]
    product_name: Name | None = None
    sum_insured: PositiveMoney
    premium: MoneyIn
    subsidy: MoneyIn | None = None
    starts_on: Day
    ends_on: Day
    asset_ids: Annotated[list[Id], Field(max_length=MAX_ASSETS)] = Field(default_factory=list)
    pledge_id: Id | None = None


class DeltaIn(RequestModel):
    """By how much the sum insured is raised or lowered."""

    direction: Annotated[DeltaDirection, Field(strict=False)]
    amount: PositiveMoney


class EndorsementIn(RequestModel):
    """A change of the sum insured from `occurred_on` on; the difference counts on that day."""

    endorsement_no: PaperNo
    delta: DeltaIn
    occurred_on: Day
    reason: Text


class CancellationIn(RequestModel):
    """The day a policy ends early; what it counted for stays."""

    cancelled_on: Day
    reason: Text


class DeltaOut(ResponseModel):
    """By how much the sum insured was raised or lowered."""

    direction: DeltaDirection
    amount: MoneyOut


class EndorsementOut(ResponseModel):
    """A change of the sum insured."""

    id: uuid.UUID
    endorsement_no: str
    delta: DeltaOut
    occurred_on: date
    reason: str
    recorded_at: datetime


class InsuredAssetOut(ResponseModel):
    """A right the policy covers."""

    asset_id: uuid.UUID
    kind: str
    number: str
    name: str


class PolicyOut(ResponseModel):
    """A policy. `sum_insured_now` follows the endorsements and is zero when it covers nothing today."""

    id: uuid.UUID
    number: str
    policy_no: str
    organisation_id: uuid.UUID
    insured_id: uuid.UUID
    product: str
    product_name: str | None
    sum_insured: MoneyOut
    sum_insured_now: MoneyOut
    premium: MoneyOut
    subsidy: MoneyOut
    starts_on: date
    ends_on: date
    status: str
    ended_on: date | None
    in_force: bool
    pledge_id: uuid.UUID | None
    assets: list[InsuredAssetOut]
    endorsements: list[EndorsementOut]
    district_code: str
    version: int
