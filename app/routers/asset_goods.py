"""`/v1/assets/{asset_id}/goods`: what a mark is registered for, item by item."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.asset_goods import NewItem
from app.domain.permission import Permission
from app.models.asset import AssetGood
from app.queries import asset_goods as queries, assets as asset_queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.asset_goods import GoodOut, GoodsIn, GoodsOut, RemovalsIn
from app.schemas.common import Day
from app.services import assets

router = APIRouter(prefix="/v1/assets/{asset_id}/goods", tags=["assets"])

Writing = Annotated[WriteUnit, writes(Permission.asset_write)]
Telling = Annotated[WriteUnit, writes(Permission.asset_status)]
Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


def _out(asset_id: uuid.UUID, rows: Iterable[AssetGood], on: date | None = None) -> GoodsOut:
    return GoodsOut(asset_id=asset_id, on=on, items=[GoodOut.model_validate(row) for row in rows])


@router.post("", status_code=201, response_model=GoodsOut)
async def enter(asset_id: uuid.UUID, body: GoodsIn, unit: Writing) -> Response:
    """Name items of goods or services of a mark, with their similarity groups."""
    items = [NewItem(given.nice_class, given.item, given.similar_group) for given in body.items]
    made = await assets.enter_goods(
        unit.session, actor=unit.actor, moment=unit.moment, asset_id=asset_id, items=items
    )
    return await unit.reply(201, _out(asset_id, made))


@router.post("/removals", status_code=201, response_model=GoodsOut)
async def remove(asset_id: uuid.UUID, body: RemovalsIn, unit: Telling) -> Response:
    """Strike items out: a mark cancelled or invalidated in part. They stay on record with the day."""
    removed = await assets.remove_goods(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        item_ids=body.item_ids,
        removed_on=body.removed_on,
        reason=body.reason,
    )
    return await unit.reply(201, _out(asset_id, removed))


@router.get("")
async def listed(
    asset_id: uuid.UUID,
    unit: Reading,
    on: Annotated[Day | None, Query(description="Only items not struck out by this day.")] = None,
) -> GoodsOut:
    """The items of a mark, those struck out with their day."""
    await asset_queries.get(unit.session, asset_id)
    rows = await queries.of_mark(unit.session, asset_id)
    if on is not None:
        rows = [row for row in rows if row.removed_on is None or row.removed_on > on]
    return _out(asset_id, rows, on)
