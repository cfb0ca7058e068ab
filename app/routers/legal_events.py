"""`/v1/assets/{asset_id}/legal-events`: what offices announced of a right."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from app.domain.legal_event import CODES
from app.domain.permission import Permission
from app.models.asset import LegalEvent
from app.queries import assets as asset_queries, legal_events as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.legal_event import LegalEventOut

router = APIRouter(prefix="/v1/assets/{asset_id}/legal-events", tags=["assets"])

Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


@router.get("")
async def search(asset_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[LegalEventOut]:
    """What the office announced of a right, in the order in which it became known."""
    await asset_queries.get(unit.session, asset_id)
    found = await page(unit.session, queries.of_asset(asset_id), LegalEvent.id, paging.wanted)
    outs = [
        LegalEventOut(
            id=one.id,
            code=one.code,
            description=CODES[one.code],
            announced_on=one.announced_on,
            effective_on=one.effective_on,
            text=one.text,
            event_id=one.event_id,
            recorded_at=one.recorded_at,
        )
        for one in found.rows
    ]
    return paging.answer(found, outs)
