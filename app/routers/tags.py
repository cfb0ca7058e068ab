"""`/v1/assets/{asset_id}/tags`: what a right is classed as, and since when."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.tag import TagScheme, holding
from app.models.asset import AssetTag
from app.queries import assets as asset_queries, tags as queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.common import Day, Instant
from app.schemas.tag import TagEndIn, TagIn, TagOut, TagsOut
from app.services import tags

router = APIRouter(prefix="/v1/assets/{asset_id}/tags", tags=["tags"])

Writing = Annotated[WriteUnit, writes(Permission.asset_write)]
Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


def _out(tag: AssetTag, known_at: datetime) -> TagOut:
    """The tag as it was known then: an end that came later is not told."""
    ended = tag.ended_at is not None and tag.ended_at <= known_at
    return TagOut(
        id=tag.id,
        scheme=tag.scheme,
        code=tag.code,
        name=tags.industries().get(tag.code) if tag.scheme == TagScheme.gbt4754 else None,
        main=tag.main,
        valid_from=tag.valid_from,
        valid_to=tag.valid_to if ended else None,
        source=tag.source,
        recorded_at=tag.recorded_at,
        ended_at=tag.ended_at if ended else None,
    )


@router.post("", status_code=201, response_model=TagOut)
async def tag(asset_id: uuid.UUID, body: TagIn, unit: Writing) -> Response:
    """Class a right by IPC, CPC, Locarno, GB/T 4754 or a key industry from a day on."""
    new = tags.NewTag(body.scheme, body.code, body.main, body.valid_from, body.source)
    made = await tags.tag(unit.session, actor=unit.actor, moment=unit.moment, asset_id=asset_id, new=new)
    return await unit.reply(201, _out(made, unit.moment.now))


@router.post("/{tag_id}/end", response_model=TagOut)
async def end(asset_id: uuid.UUID, tag_id: uuid.UUID, body: TagEndIn, unit: Writing) -> Response:
    """End a tag; what was counted by it stays counted."""
    ended = await tags.end(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        tag_id=tag_id,
        valid_to=body.valid_to,
    )
    return await unit.reply(200, _out(ended, unit.moment.now))


@router.get("")
async def known(
    asset_id: uuid.UUID,
    unit: Reading,
    on: Annotated[Day | None, Query(description="Only tags that hold on this day.")] = None,
    known_at: Annotated[Instant | None, Query(description="Default: now.")] = None,
) -> TagsOut:
    """The tags of a right: all that were known at an instant, or of these the ones that hold on a day."""
    await asset_queries.get(unit.session, asset_id)
    at = known_at or unit.moment.now
    found = await queries.of_right(unit.session, asset_id, known_at=at)
    if on is not None:
        found = holding(found, on=on, known_at=at)
    return TagsOut(asset_id=asset_id, on=on, known_at=at, items=[_out(one, at) for one in found])
