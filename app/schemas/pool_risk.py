"""A pool's risk, its banks, its concentration and its reports on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.common import MoneyOut, ResponseModel, SignedMoneyOut


class DistanceOut(ResponseModel):
    """What it still takes to reach a line; null: it cannot be reached by that alone.

    `npl_to_*`: further outstanding principal classed 次级 or worse; `paid_to_suspend`: further net payouts.
    """

    npl_to_warn: MoneyOut | None
    npl_to_suspend: MoneyOut | None
    paid_to_suspend: MoneyOut | None


class BankRiskOut(ResponseModel):
    """A bank's loans under the pool and its breaker: `called_for` is what the ratio alone asks for.

    `status` is what stands; null for a past day, of which only the ratios are known.
    """

    bank_id: uuid.UUID
    name: str
    status: str | None
    called_for: str
    outstanding: MoneyOut
    npl: MoneyOut
    npl_ratio: str
    npl_to_warn: MoneyOut | None
    npl_to_suspend: MoneyOut | None


class LinesOut(ResponseModel):
    """Where the breaker warns and suspends, in per cent."""

    npl_warn: str
    npl_suspend: str
    paid_suspend: str


class RoomOut(ResponseModel):
    """Capacity on the day: `leverage_used` is covered principal in multiples of what is available."""

    available: MoneyOut
    limit: MoneyOut
    covered: MoneyOut
    free: MoneyOut
    leverage_multiple: int
    leverage_used: str


class PoolRiskOut(ResponseModel):
    """What the breaker looks at, on a day, and how far it is from its lines (RP-13).

    Ratios are in per cent with four decimals, the rest cut off; lines are compared unrounded.
    """

    pool_id: uuid.UUID
    on: date
    as_of: datetime | None
    currency: str
    status: str | None
    called_for: str
    outstanding: MoneyOut
    npl: MoneyOut
    npl_ratio: str
    net_paid: MoneyOut
    paid_in: MoneyOut
    paid_ratio: str
    lines: LinesOut
    distance: DistanceOut
    capacity: RoomOut
    banks: list[BankRiskOut]


class NamedOut(ResponseModel):
    """A value of a dimension with its name."""

    id: str
    name: str


class ExposureRowOut(ResponseModel):
    """Covered principal of one combination; null: no such relation is on record."""

    values: dict[str, NamedOut | None]
    covered: MoneyOut
    share: str


class ConnectedOut(ResponseModel):
    """Borrowers that are connected as far as the register knows, and what is covered of their loans."""

    borrowers: list[NamedOut]
    covered: MoneyOut
    share: str


class ExposureOut(ResponseModel):
    """The exposure map (UNI-35): `hhi` per dimension, 10 000 for one holder of everything."""

    pool_id: uuid.UUID
    on: date
    as_of: datetime | None
    covered: MoneyOut
    loans: int
    rows: list[ExposureRowOut]
    hhi: dict[str, int]
    connected: list[ConnectedOut]


class ReportRowOut(ResponseModel):
    """A bank's part of a report; null bank: booked by hand, for no claim."""

    bank: NamedOut | None
    enrolled: int
    enrolled_principal: MoneyOut
    enrolled_covered: MoneyOut
    claims: int
    claimed: MoneyOut
    payouts: int
    paid: SignedMoneyOut
    recovered: SignedMoneyOut
    outstanding: MoneyOut
    npl: MoneyOut
    npl_ratio: str
    covered: MoneyOut


class ReportOut(ResponseModel):
    """A pool's month or quarter (RP-21): what happened from `first` to `last`, and how it stood on `last`."""

    pool_id: uuid.UUID
    period: str
    first: date
    last: date
    total: ReportRowOut
    paid_in: MoneyOut
    paid_ratio: str
    capacity: RoomOut
    banks: list[ReportRowOut]
