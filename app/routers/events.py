"""`/v1/events`: everything that happened and concerns the caller, in one order, to follow without gaps."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from app.domain.permission import Permission
from app.domain.request import CURSOR_INVALID
from app.models.event import Event, Seal
from app.queries import events as queries
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import MAX_PAGE
from app.schemas.event import EventFeed, EventOut

router = APIRouter(prefix="/v1/events", tags=["events"])
_LAST_POSITION = 2**63 - 1 - queries.SCAN


def out(event: Event, seal: Seal) -> EventOut:
    """The event as it is shown."""
    return EventOut(
        id=event.id,
        position=seal.position,
        stream=seal.stream,
        seq=seal.seq,
        type=event.type,
        noun=event.noun,
        subject_id=event.subject_id,
        occurred_on=event.occurred_on,
        recorded_at=event.recorded_at,
        sealed_at=seal.sealed_at,
        payload=event.payload,
    )


@router.get("")
async def feed(
    unit: Annotated[ReadUnit, reads(Permission.event_read)],
    after: Annotated[str, Query(description="`next_cursor` of the page before; 0 begins anew.")] = "0",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    types: Annotated[
        list[str], Query(alias="type", max_length=20, description="Only these types, e.g. pledge.filed.")
    ] = [],  # noqa: B006 - FastAPI copies defaults
) -> EventFeed:
    """Read the feed from a cursor on. Sealed events only: an event appears within a second of its commit."""
    if not (after.isascii() and after.isdigit() and len(after) < 20 and int(after) <= _LAST_POSITION):
        raise CURSOR_INVALID.error("query:after")
    page = await queries.feed(unit.session, unit.actor, after=int(after), limit=limit, types=types)
    items = [out(event, seal) for event, seal in page.rows]
    return EventFeed(items=items, next_cursor=str(page.cursor), has_more=page.has_more)


@router.get("/{event_id}")
async def get(event_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.event_read)]) -> EventOut:
    """One sealed event."""
    event, seal = await queries.get(unit.session, unit.actor, event_id)
    return out(event, seal)
