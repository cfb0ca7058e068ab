"""Interest on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.interest import PPM, DayCount
from app.schemas.common import Day, MoneyOut, PositiveMoney, RequestModel, ResponseModel


class InterestRateIn(RequestModel):
    """A yearly rate in parts per million (15000 is 1.5 %), and how many days its year has."""

    rate_ppm: Annotated[int, Field(ge=0, le=PPM)]
    day_count: Annotated[DayCount, Field(strict=False)]
    effective_from: Day


class InterestRateOut(ResponseModel):
    """A yearly rate and the day from which it is in effect."""

    id: uuid.UUID
    rate_ppm: int
    day_count: str
    effective_from: date
    recorded_at: datetime


class InterestOut(ResponseModel):
    """Interest of a special account: all income so far, and what of it has accrued and is not paid yet.

    `policy` says whether it stays in the pool (`roll_in`) or goes to the treasury, which is then booked by
    hand out of `interest`; without a scheme in effect there is none.
    """

    policy: str | None
    rates: list[InterestRateOut]
    accrued_through: date | None
    income: MoneyOut
    receivable: MoneyOut


class InterestAccrualOut(ResponseModel):
    """What accrued on one day: whole fen, and the parts of a fen carried to the next."""

    accrued_on: date
    rate_id: uuid.UUID
    balance: MoneyOut
    accrued: MoneyOut
    carry: str
    transfer_id: uuid.UUID | None


class InterestReceiptIn(RequestModel):
    """Interest that the bank paid into the special account."""

    amount: PositiveMoney
    occurred_on: Day


class InterestReceiptOut(ResponseModel):
    """The transfers booked, and what is accrued and not paid after it."""

    transfer_ids: list[uuid.UUID]
    receivable: MoneyOut
