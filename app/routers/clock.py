"""`/v1/sandbox/clock`: moves the business date of a sandbox forward; a live instance has no such thing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.clock import ClockIn, ClockOut
from app.services import clock

router = APIRouter(prefix="/v1/sandbox/clock", tags=["sandbox"])


@router.get("")
async def read(unit: Annotated[ReadUnit, reads(Permission.clock_write)]) -> ClockOut:
    """The business date and how far the jobs have followed."""
    return ClockOut.model_validate(await clock.read(unit.session, moment=unit.moment))


@router.put("", response_model=ClockOut)
async def move(body: ClockIn, unit: Annotated[WriteUnit, writes(Permission.clock_write)]) -> Response:
    """Move the business date forward. Jobs follow day by day; ask until `status` is `ready`."""
    moved = await clock.move(
        unit.session, actor=unit.actor, moment=unit.moment, business_date=body.business_date
    )
    return await unit.reply(200, ClockOut.model_validate(moved))
