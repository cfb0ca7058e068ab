"""Rule packs and their replays on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.decision import DecisionKind
from app.schemas.common import Day, Id, RequestModel, ResponseModel
from app.schemas.decision import GroundOut

MAX_REPLAYED = 2_000


class RuleSourceOut(ResponseModel):
    """What a pack is taken from. `certainty`: `confirmed` in it, from `memory` of it, or `chosen` here."""

    title: str
    number: str
    in_force_from: date
    certainty: str


class RuleOut(ResponseModel):
    """What a pack makes of a ground for one kind of right. Words in braces are filled in from the case."""

    code: str
    severity: str
    basis: str
    certainty: str
    message_zh: str
    message_en: str
    remedies: list[str]
    remedy_zh: str
    remedy_en: str


class LimitsOut(ResponseModel):
    """What the grounds are measured by; `ltv_cap_bp` by kind of right, in parts of 10,000 of its value."""

    status_fresh_days: int
    valuation_valid_years: int
    ltv_cap_bp: dict[str, int]
    second_pledge_of_marks: bool


class CountingRuleOut(ResponseModel):
    """What a financing counts for in districts whose code begins with `district_prefix`."""

    district_prefix: str
    min_ip_share_bp: int


class RulePackOut(ResponseModel):
    """Rules on pledges in force from a day: a national pack's `grounds` by kind of right, or `counting`."""

    code: str
    name_zh: str
    name_en: str
    note: str
    effective_from: date
    sources: list[RuleSourceOut]
    limits: LimitsOut | None
    grounds: dict[str, list[RuleOut]] | None
    counting: CountingRuleOut | None


class RulePacksOut(ResponseModel):
    """Every pack in the order in which it came into force."""

    items: list[RulePackOut]


class ReplayIn(RequestModel):
    """Which decisions to judge again: those made from `from` to `to`, at most `limit` behind `cursor`."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    kind: Annotated[DecisionKind | None, Field(strict=False)] = None
    cursor: Id | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_REPLAYED)] = 1_000


class WeighedOut(ResponseModel):
    """A ground that another pack takes more or less severely."""

    before: GroundOut
    after: GroundOut


class ChangedOut(ResponseModel):
    """A decision of which the other pack says something else."""

    decision_id: uuid.UUID
    kind: str
    pledge_id: uuid.UUID | None
    decided_on: date
    rule_pack: str
    outcome_before: str
    outcome_after: str
    added: list[GroundOut]
    removed: list[GroundOut]
    weighed: list[WeighedOut]


class RuleReplayOut(ResponseModel):
    """What a pack makes of decisions of the past; `next_cursor` when there are more. Nothing was changed."""

    rule_pack: str
    judged: int
    passed_before: int
    passed_after: int
    changed: list[ChangedOut]
    next_cursor: uuid.UUID | None
