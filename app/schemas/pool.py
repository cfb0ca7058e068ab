"""Pools and their schemes on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.pool import SourceType
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
from app.schemas.scheme import SchemeIn, SchemeOut


class PoolIn(RequestModel):
    """A pool to be opened with its first scheme.

    From `second_person_from` on, a transfer booked by hand is proposed by one client and posted by another.
    """

    name: Name
    currency: Currency = "CNY"
    second_person_from: PositiveMoney | None = None
    scheme: SchemeIn


class ReleaseIn(RequestModel):
    """On which document, and why, the finance office lifts a suspension."""

    document_id: Id
    reason: Text


class ContributionIn(RequestModel):
    """Money paid into the pool's special account, by one of its sources, or by the plain one of a type.

    One of `source_id` and `source`.
    """

    source: Annotated[SourceType | None, Field(strict=False)] = None
    source_id: Id | None = None
    amount: PositiveMoney
    occurred_on: Day


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
    second_person_from: MoneyOut | None
    scheme: SchemeOut | None
    capacity: CapacityOut | None
    risk: RiskOut | None
    version: int


class ContributionOut(ResponseModel):
    """A contribution as booked."""

    transfer_id: uuid.UUID
    pool_id: uuid.UUID
    source: str
    source_id: uuid.UUID
    amount: MoneyOut
    occurred_on: date
