"""Monitors on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.monitor import Crossing, MonitorField
from app.schemas.common import MoneyIn, MoneyOut, RequestModel, ResponseModel


class MonitorIn(RequestModel):
    """A threshold on the balance of an account, by its code; the balance is that of its normal side."""

    account_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
    field: Annotated[MonitorField, Field(strict=False)]
    crossing: Annotated[Crossing, Field(strict=False)]
    threshold: MoneyIn


class MonitorOut(ResponseModel):
    """A monitor; `crossed` tells whether the balance lies beyond the threshold now."""

    id: uuid.UUID
    ledger_id: uuid.UUID
    account_code: str
    field: str
    crossing: str
    threshold: MoneyOut
    crossed: bool
    ended_on: date | None
    version: int
