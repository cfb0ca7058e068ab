"""`/v1/rule-packs`: the rules on pledges by the day they came into force, and old decisions under others."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.pledge_ground_check import CODES
from app.domain.rule_pack import CountingPack, GroundRule, Pack, RulePack
from app.routers.dependencies import WriteUnit, reads, writes
from app.schemas.decision import GroundOut
from app.schemas.rule_pack import (
    ChangedOut,
    CountingRuleOut,
    LimitsOut,
    ReplayIn,
    RuleOut,
    RulePackOut,
    RulePacksOut,
    RuleReplayOut,
    RuleSourceOut,
    WeighedOut,
)
from app.services import decisions, rule_packs
from app.services.decisions import Changed

router = APIRouter(prefix="/v1/rule-packs", tags=["pledges"])
READING = reads(Permission.pledge_read)


@router.get("", dependencies=[READING])
async def search() -> RulePacksOut:
    """List every rule pack: the grounds of pledges as they changed, and what a financing counts for where."""
    return RulePacksOut(items=[out(pack) for pack in rule_packs.listed()])


@router.get("/{code}", dependencies=[READING])
async def get(code: str) -> RulePackOut:
    """One pack: each ground with its severity, basis and remedy, in the order they are told."""
    return out(rule_packs.get(code))


@router.post("/{code}/replays", status_code=201, response_model=RuleReplayOut)
async def replay(
    code: str, body: ReplayIn, unit: Annotated[WriteUnit, writes(Permission.decision_replay)]
) -> Response:
    """Judge decisions of the past again under this pack: what would be said otherwise, and nothing changes.

    Each is judged from what was kept of it alone, so that the same replay always answers the same.
    """
    made = await decisions.replay(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        code=code,
        wanted=decisions.Wanted(body.first, body.last, body.kind, body.cursor, body.limit),
    )
    answer = RuleReplayOut(
        rule_pack=code,
        judged=made.judged,
        passed_before=made.passed_before,
        passed_after=made.passed_after,
        changed=[_changed(one) for one in made.changed],
        next_cursor=made.next_cursor,
    )
    return await unit.reply(201, answer)


def _changed(one: Changed) -> ChangedOut:
    difference = one.difference
    return ChangedOut(
        decision_id=one.id,
        kind=one.kind,
        pledge_id=one.pledge_id,
        decided_on=one.decided_on,
        rule_pack=one.rule_pack,
        outcome_before=one.outcome,
        outcome_after=difference.outcome,
        added=[GroundOut.model_validate(entry) for entry in difference.added],
        removed=[GroundOut.model_validate(entry) for entry in difference.removed],
        weighed=[
            WeighedOut(before=GroundOut.model_validate(before), after=GroundOut.model_validate(after))
            for before, after in difference.weighed
        ],
    )


def out(pack: Pack) -> RulePackOut:
    """A pack as it is shown."""
    return RulePackOut(
        code=pack.code,
        name_zh=pack.name_zh,
        name_en=pack.name_en,
        note=pack.note,
        effective_from=pack.effective_from,
        sources=[
            RuleSourceOut(
                title=one.title, number=one.number, in_force_from=one.in_force_from, certainty=one.certainty
            )
            for one in pack.sources
        ],
        limits=_limits(pack) if isinstance(pack, RulePack) else None,
        grounds={kind.value: [_rule(one) for one in rules] for kind, rules in pack.grounds.items()}
        if isinstance(pack, RulePack)
        else None,
        counting=CountingRuleOut(district_prefix=pack.district_prefix, min_ip_share_bp=pack.min_ip_share_bp)
        if isinstance(pack, CountingPack)
        else None,
    )


def _limits(pack: RulePack) -> LimitsOut:
    limits = pack.limits
    return LimitsOut(
        status_fresh_days=limits.status_fresh_days,
        valuation_valid_years=limits.valuation_valid_years,
        ltv_cap_bp=dict(limits.ltv_cap_bp),
        second_pledge_of_marks=limits.second_pledge_of_marks,
    )


def _rule(one: GroundRule) -> RuleOut:
    code = CODES[one.code]
    return RuleOut(
        code=one.code,
        severity=one.ruling.severity,
        basis=one.ruling.basis,
        certainty=one.certainty,
        message_zh=code.zh,
        message_en=code.en,
        remedies=list(one.remedies),
        remedy_zh=one.ruling.remedy_zh,
        remedy_en=one.ruling.remedy_en,
    )
