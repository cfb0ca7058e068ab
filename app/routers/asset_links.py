"""`/v1/assets/{asset_id}/links`, `/family`, `/associated-marks`: which rights belong together."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.asset import AssetLink
from app.queries import asset_links as queries, assets as asset_queries, associated_marks
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.asset import LinkIn, LinkOut
from app.schemas.asset_link import AssociatedMarkOut, AssociatedMarksOut, FamilyMemberOut, FamilyOut
from app.schemas.common import ReasonIn
from app.services import assets

router = APIRouter(prefix="/v1/assets/{asset_id}", tags=["assets"])

Writing = Annotated[WriteUnit, writes(Permission.asset_write)]
Telling = Annotated[WriteUnit, writes(Permission.asset_status)]
"""Who may undo what holds rights together, and with it the objections that rest on it."""
Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


def _out(link: AssetLink, asset_id: uuid.UUID) -> LinkOut:
    other = link.other_asset_id if link.asset_id == asset_id else link.asset_id
    return LinkOut(id=link.id, asset_id=other, kind=link.kind)


@router.post("/links", status_code=201, response_model=LinkOut)
async def link(asset_id: uuid.UUID, body: LinkIn, unit: Writing) -> Response:
    """Link another right. A same-day twin needs one invention and one utility model."""
    made = await assets.link(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        other_asset_id=body.other_asset_id,
        kind=body.kind,
    )
    return await unit.reply(201, _out(made, asset_id))


@router.post("/links/{link_id}/end", response_model=LinkOut)
async def end_link(asset_id: uuid.UUID, link_id: uuid.UUID, body: ReasonIn, unit: Telling) -> Response:
    """End a link that was wrong; from now on it links nothing."""
    ended = await assets.end_link(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        link_id=link_id,
        reason=body.reason,
    )
    return await unit.reply(200, _out(ended, asset_id))


@router.get("/family")
async def family(asset_id: uuid.UUID, unit: Reading) -> FamilyOut:
    """The family of a right: everything that links join to it, however far."""
    await asset_queries.get(unit.session, asset_id)
    found = await queries.family(unit.session, asset_id)
    return FamilyOut(asset_id=asset_id, items=[FamilyMemberOut.model_validate(one) for one in found])


@router.get("/associated-marks")
async def associated(asset_id: uuid.UUID, unit: Reading) -> AssociatedMarksOut:
    """The marks that are transferred or pledged only together with this one (商标法第42条第2款)."""
    await asset_queries.get(unit.session, asset_id)
    found = (await associated_marks.closure(unit.session, [asset_id]))[asset_id]
    return AssociatedMarksOut(
        asset_id=asset_id, items=[AssociatedMarkOut.model_validate(mark) for mark in found]
    )
