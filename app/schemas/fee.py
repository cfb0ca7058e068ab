"""Fees on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.fee import Reduction
from app.domain.term import ExtensionKind
from app.schemas.common import Day, MoneyIn, MoneyOut, Name, RequestModel, ResponseModel

Ordinal = Annotated[int, Field(ge=0, le=200)]


class WatchIn(RequestModel):
    """Up to which fee a right is paid, and by which evidence; what of an annuity need not be paid (LS-06)."""

    paid_through_ordinal: Ordinal
    source: Name
    reduction_percent: Reduction = 0


class PaymentIn(RequestModel):
    """A fee that was paid, surcharge included, and by which evidence."""

    ordinal: Ordinal
    paid_on: Day
    paid: MoneyIn
    source: Name


class FeeOut(ResponseModel):
    """A fee of the calendar.

    `amount` is the full fee, `payable` what payment today would cost: reduced, and with the `surcharge` of
    today. `status` is that of the watched fee; before the first watched one `paid`, after the open one
    `upcoming`, of a right nobody watches `unwatched`.
    """

    kind: str
    ordinal: int
    opens_on: date | None
    due_on: date
    grace_ends_on: date
    amount: MoneyOut
    reduction_percent: int
    surcharge: MoneyOut
    payable: MoneyOut | None
    status: str
    paid_on: date | None
    paid: MoneyOut | None
    source: str | None


class FeesOut(ResponseModel):
    """What keeps a right alive: its whole calendar, of a mark up to its next renewal."""

    asset_id: uuid.UUID
    number: str
    asset_status: str
    last_day_in_force: date | None
    watched: bool
    items: list[FeeOut]


class ExtensionIn(RequestModel):
    """Days added to an invention's term; `approved_on` is the day the drug was approved (LS-03)."""

    days: Annotated[int, Field(ge=1, le=7_305)]
    kind: Annotated[ExtensionKind, Field(strict=False)]
    decided_on: Day
    source: Name
    approved_on: Day | None = None
