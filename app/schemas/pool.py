"""Pools and their schemes on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from app.domain.pool import SharingParty, SourceType
from app.schemas.common import (
    Currency,
    Day,
    Id,
    MoneyOut,
    Name,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
)

BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


PositiveBasisPoints = Annotated[int, Field(ge=1, le=10_000)]


class SchemeIn(RequestModel):
    """Parameters of a scheme version; shares are basis points that sum to 10 000.

    A loan is claimable from `overdue_days` on, for `claim_window_days` after the default, at most
    `claim_cap` per claim; an approved claim is public for `publicity_days`. The breaker warns and suspends
    at NPL ratios, and suspends at the ratio of net payouts to money paid in. Valuations over a year old
    support a new pledge only where `accepts_expired_valuations` says so (PL-26).
    """

    code: Name
    effective_from: Day
    effective_to: Day | None = None
    leverage_multiple: Annotated[int, Field(ge=1, le=100)]
    household_cap: PositiveMoney | None = None
    shares_bp: Annotated[dict[Annotated[SharingParty, Field(strict=False)], BasisPoints], Field(min_length=1)]
    legal_basis: Text
    overdue_days: Annotated[int, Field(ge=1, le=360)] = 60
    claim_window_days: Annotated[int, Field(ge=1, le=3_650)] = 180
    publicity_days: Annotated[int, Field(ge=0, le=365)] = 5
    claim_cap: PositiveMoney | None = None
    npl_warn_bp: PositiveBasisPoints = 300
    npl_suspend_bp: PositiveBasisPoints = 500
    paid_ratio_suspend_bp: PositiveBasisPoints = 5_000
    accepts_expired_valuations: bool = False


class PoolIn(RequestModel):
    """A pool to be opened with its first scheme."""

    name: Name
    currency: Currency = "CNY"
    scheme: SchemeIn


class ReleaseIn(RequestModel):
    """On which document, and why, the finance office lifts a suspension."""

    document_id: Id
    reason: Text


class ContributionIn(RequestModel):
    """Money paid into the pool's special account."""

    source: Annotated[SourceType, Field(strict=False)]
    amount: PositiveMoney
    occurred_on: Day


class SchemeOut(ResponseModel):
    """A scheme version."""

    id: uuid.UUID
    code: str
    scheme_version: int
    effective_from: date
    effective_to: date | None
    leverage_multiple: int
    household_cap: MoneyOut | None
    shares_bp: dict[str, Any]
    legal_basis: str
    overdue_days: int
    claim_window_days: int
    publicity_days: int
    claim_cap: MoneyOut | None
    npl_warn_bp: int
    npl_suspend_bp: int
    paid_ratio_suspend_bp: int
    accepts_expired_valuations: bool


class RiskOut(ResponseModel):
    """What the breaker looks at (RP-13); ratios in per cent with four decimals, the rest cut off.

    `status` is what the ratios alone call for: a suspension stays until it is released.
    """

    npl: MoneyOut
    outstanding: MoneyOut
    npl_ratio: str
    paid_ratio: str
    status: str


class CapacityOut(ResponseModel):
    """What the pool can still carry: leverage x available balance, less what is outstanding (RP-05)."""

    available: MoneyOut
    limit: MoneyOut
    outstanding: MoneyOut
    free: MoneyOut


class PoolOut(ResponseModel):
    """A pool with its scheme in effect and its capacity; `risk` is for those who may read its books."""

    id: uuid.UUID
    number: str
    district_code: str
    name: str
    currency: str
    status: str
    manager_id: uuid.UUID
    scheme: SchemeOut | None
    capacity: CapacityOut | None
    risk: RiskOut | None
    version: int


class ContributionOut(ResponseModel):
    """A contribution as booked."""

    transfer_id: uuid.UUID
    pool_id: uuid.UUID
    source: str
    amount: MoneyOut
    occurred_on: date
