"""Recoveries on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.recovery import RecoverySource
from app.schemas.common import Day, Id, MoneyIn, MoneyOut, PositiveMoney, RequestModel, ResponseModel


class RecoveryIn(RequestModel):
    """Money that came back on the covered part of a loan: `gross`, less the `cost` of getting it, is shared.

    Where the scheme leaves costs with the bank they are not taken off. `interest` is all interest and penalty
    of the bank, computed in the document; it is served once everybody is whole, and once only: what earlier
    recoveries gave the bank of it is taken off (RP-14).
    """

    source: Annotated[RecoverySource, Field(strict=False)]
    gross: PositiveMoney
    cost: MoneyIn | None = None
    interest: MoneyIn | None = None
    occurred_on: Day
    document_id: Id | None = None


class RecoveryShareOut(ResponseModel):
    """One party's part of a recovery."""

    party: str
    amount: MoneyOut


class RecoveryOut(ResponseModel):
    """A recovery as shared: `cost` was taken off first, `interest` is the bank's, `surplus` the pledgor's.

    `transfer_id` books the pool's part, to be passed on by `remit_by`; booked later it is `late_days` late.
    """

    id: uuid.UUID
    source: str
    gross: MoneyOut
    cost: MoneyOut
    net: MoneyOut
    interest: MoneyOut
    surplus: MoneyOut
    occurred_on: date
    remit_by: date
    late_days: int
    transfer_id: uuid.UUID | None
    shares: list[RecoveryShareOut]
