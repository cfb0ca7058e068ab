"""`/v1/assets/{asset_id}/stays`: preservations and suspensions of a right."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.stay import NewStay, StayStatus
from app.models.stay import Stay
from app.queries import assets as asset_queries, stays as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.stay import LiftingIn, StayIn, StayOut
from app.services import stays

router = APIRouter(prefix="/v1/assets/{asset_id}/stays", tags=["stays"])

Writing = Annotated[WriteUnit, writes(Permission.asset_status)]
Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


def _out(stay: Stay, today: date) -> StayOut:
    runs = stay.status == StayStatus.in_force and stay.begins_on <= today <= stay.ends_on
    return StayOut(
        id=stay.id,
        asset_id=stay.asset_id,
        kind=stay.kind,
        authority=stay.authority,
        reference=stay.reference,
        begins_on=stay.begins_on,
        ends_on=stay.ends_on,
        renews_id=stay.renews_id,
        status=stay.status,
        runs=runs,
        lifted_on=stay.lifted_on,
        reason=stay.reason,
        recorded_at=stay.recorded_at,
        version=stay.version,
    )


@router.post("", status_code=201, response_model=StayOut)
async def enter(asset_id: uuid.UUID, body: StayIn, unit: Writing) -> Response:
    """Enter an order of a court or the office; it holds the right within its days."""
    stay = await stays.enter(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        new=NewStay(body.kind, body.authority, body.reference, body.begins_on, body.ends_on),
        renews_id=body.renews_id,
    )
    return await unit.reply(201, _out(stay, unit.moment.today), headers={"ETag": etag(stay.version)})


@router.post("/{stay_id}/lifting", response_model=StayOut)
async def lift(asset_id: uuid.UUID, stay_id: uuid.UUID, body: LiftingIn, unit: Writing) -> Response:
    """Note that an order was lifted before its last day."""
    stay = await stays.lift(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        stay_id=stay_id,
        lifted_on=body.lifted_on,
        reason=body.reason,
    )
    return await unit.reply(200, _out(stay, unit.moment.today), headers={"ETag": etag(stay.version)})


@router.get("")
async def search(
    asset_id: uuid.UUID, unit: Reading, paging: PageDep, *, status: StayStatus | None = None
) -> Page[StayOut]:
    """List the orders on a right, those that are over too."""
    await asset_queries.get(unit.session, asset_id)
    found = await page(unit.session, queries.of_right(asset_id, status=status), Stay.id, paging.wanted)
    return paging.answer(found, [_out(stay, unit.moment.today) for stay in found.rows])
