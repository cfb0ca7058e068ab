"""`/v1/decisions` and the pre-check: what the rules say of a pledge, before it is filed and ever after."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.decision import DecisionKind
from app.domain.decision_case import Case, Charged, Cover, cover, item_cover
from app.domain.decision_text import read_case
from app.domain.permission import Permission
from app.domain.rule_pack import RulePack
from app.models.pledge import Decision
from app.queries import decisions as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import PageDep
from app.routers.pledges import new_pledge
from app.schemas.common import MoneyOut, Page
from app.schemas.decision import CountingOut, CoverOut, DecisionOut, GroundOut, JudgedRightOut
from app.schemas.pledge import PledgeIn
from app.services import pledges, rule_packs

router = APIRouter(tags=["pledges"])
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


@router.post("/v1/pledges/checks", status_code=201, response_model=DecisionOut)
async def check(body: PledgeIn, unit: Annotated[WriteUnit, writes(Permission.pledge_check)]) -> Response:
    """Judge a pledge before it is filed: every ground, warning and remedy, and nothing is tied up.

    The decision is kept under its rule pack. It binds nobody: the filing is judged again, under lock.
    """
    made = await pledges.check(unit.session, actor=unit.actor, moment=unit.moment, new=new_pledge(body))
    return await unit.reply(201, out(made), headers={"Location": f"/v1/decisions/{made.id}"})


@router.get("/v1/decisions")
async def search(
    unit: Reading,
    paging: PageDep,
    pledge_id: uuid.UUID | None = None,
    kind: Annotated[DecisionKind | None, Query(description="Left out: all.")] = None,
) -> Page[DecisionOut]:
    """List the decisions on the caller's own pledges and pre-checks; offices see their district's."""
    statement = queries.visible(unit.actor, pledge_id=pledge_id, kind=kind)
    found = await page(unit.session, statement, Decision.id, paging.wanted)
    return paging.answer(found, [out(one) for one in found.rows])


@router.get("/v1/decisions/{decision_id}")
async def get(decision_id: uuid.UUID, unit: Reading) -> DecisionOut:
    """One decision with everything that was found; another bank's is not found."""
    return out(await queries.get(unit.session, unit.actor, decision_id))


def out(decision: Decision) -> DecisionOut:
    """A decision as it is shown."""
    case = read_case(decision.inputs)
    pack = rule_packs.of_grounds(decision.rule_pack)
    return DecisionOut(
        id=decision.id,
        kind=decision.kind,
        pledge_id=decision.pledge_id,
        outcome=decision.outcome,
        rule_pack=decision.rule_pack,
        assumed=decision.assumed,
        decided_on=decision.decided_on,
        found=[GroundOut.model_validate(entry) for entry in decision.found],
        rights=[_right(case, one, pack) for one in case.charged],
        cover=_cover(cover(case, pack)),
        counting=_counting(case),
        recorded_at=decision.recorded_at,
    )


def _right(case: Case, one: Charged, pack: RulePack) -> JudgedRightOut:
    right, told = one.right, one.valuation
    return JudgedRightOut(
        asset_id=right.id,
        number=right.number,
        kind=right.kind,
        status=right.status,
        status_as_of=right.status_as_of,
        last_day_in_force=right.last_day_in_force,
        value=MoneyOut.of(one.value_fen) if one.value_fen is not None else None,
        valuation_mode=told.mode if told is not None else None,
        cover=_cover(item_cover(case, one, pack)),
    )


def _cover(known: Cover | None) -> CoverOut | None:
    if known is None:
        return None
    return CoverOut(
        secured=MoneyOut.of(known.secured_fen),
        value=MoneyOut.of(known.value_fen),
        cap=MoneyOut.of(known.cap_fen),
        ltv_bp=known.ltv_bp,
    )


def _counting(case: Case) -> CountingOut:
    pack = rule_packs.packs().counting(case.counted_in, case.filing.filed_on)
    counted = pack.counted_fen(case.principal_fen, case.ip_share_bp)
    return CountingOut(
        rule_pack=pack.code,
        district_code=case.counted_in,
        amount=MoneyOut.of(counted) if counted is not None else None,
    )
