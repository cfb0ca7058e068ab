"""Decisions on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from app.schemas.common import MoneyOut, ResponseModel


class GroundOut(ResponseModel):
    """A ground that was found. `block` refuses, `acknowledge` passes once `acknowledged`, `warn` only tells.

    `of_pack` is false for what the pool or the application objects to.
    """

    code: str
    pointer: str | None
    severity: str
    acknowledged: bool
    of_pack: bool
    basis: str | None
    message_zh: str
    message_en: str
    remedy_zh: str | None
    remedy_en: str | None
    facts: dict[str, Any]


class CoverOut(ResponseModel):
    """What is secured against what bears it: the worth, how much may be lent on it, and the ratio (PL-27)."""

    secured: MoneyOut
    value: MoneyOut
    cap: MoneyOut
    ltv_bp: int


class JudgedRightOut(ResponseModel):
    """A right as it was when it was judged; `cover` where its part of the debt and its worth are known."""

    asset_id: uuid.UUID
    number: str
    kind: str
    status: str
    status_as_of: date | None
    last_day_in_force: date | None
    value: MoneyOut | None
    valuation_mode: str | None
    cover: CoverOut | None


class CountingOut(ResponseModel):
    """What the financing counts for where its first pledgor is registered; null: nothing (PLG-13)."""

    rule_pack: str
    district_code: str
    amount: MoneyOut | None


class DecisionOut(ResponseModel):
    """What a rule pack says of a pledge, a pre-check's or one that was filed.

    `assumed`: the day is before the first version of the rules, which then stands in. `cover` is null unless
    every right has been valued. A decision may be judged again under another pack (`/replays`).
    """

    id: uuid.UUID
    kind: str
    pledge_id: uuid.UUID | None
    outcome: str
    rule_pack: str
    assumed: bool
    decided_on: date
    found: list[GroundOut]
    rights: list[JudgedRightOut]
    cover: CoverOut | None
    counting: CountingOut
    recorded_at: datetime
