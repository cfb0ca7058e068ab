"""`/v1/assets/{asset_id}/state`: a right on any day, as known at any moment."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from app.domain.permission import Permission
from app.queries.asset_history import state_at
from app.routers.dependencies import ReadUnit, reads
from app.schemas.asset_history import StateOut
from app.schemas.common import Day, Instant

router = APIRouter(prefix="/v1/assets/{asset_id}/state", tags=["assets"])

Read = Annotated[ReadUnit, reads(Permission.asset_read)]


@router.get("")
async def state(
    asset_id: uuid.UUID,
    unit: Read,
    on: Annotated[Day | None, Query(description="Default: today.")] = None,
    known_at: Annotated[Instant | None, Query(description="Default: now.")] = None,
) -> StateOut:
    """Who owned the right, was it in force and what hung on it: on a day, as known at a moment."""
    moment = unit.moment
    found = await state_at(unit.session, asset_id, on=on or moment.today, known_at=known_at or moment.now)
    return StateOut.model_validate(found)
