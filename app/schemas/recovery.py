"""Recoveries on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.recovery import RecoverySource
from app.schemas.common import Day, Id, MoneyIn, MoneyOut, PositiveMoney, RequestModel, ResponseModel


class RecoveryIn(RequestModel):
    """Money that came back: `gross`, less the documented `cost` of getting it, is shared."""

    source: Annotated[RecoverySource, Field(strict=False)]
    gross: PositiveMoney
    cost: MoneyIn | None = None
    occurred_on: Day
    document_id: Id | None = None


class RecoveryShareOut(ResponseModel):
    """One party's part of a recovery."""

    party: str
    amount: MoneyOut


class RecoveryOut(ResponseModel):
    """A recovery as shared; `surplus` is the pledgor's. `transfer_id` books the pool's part."""

    id: uuid.UUID
    source: str
    gross: MoneyOut
    cost: MoneyOut
    net: MoneyOut
    surplus: MoneyOut
    occurred_on: date
    transfer_id: uuid.UUID | None
    shares: list[RecoveryShareOut]
