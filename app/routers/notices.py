"""`/v1/notices`: what an organisation has to know or do."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain import notice as rules
from app.domain.notice import NoticeKind
from app.domain.permission import Permission
from app.models.notice import Notice
from app.queries import notices as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.notice import NoticeOut
from app.services import notices

router = APIRouter(prefix="/v1/notices", tags=["notices"])

Marking = Annotated[WriteUnit, writes(Permission.notice_read)]
Reading = Annotated[ReadUnit, reads(Permission.notice_read)]


def _out(notice: Notice) -> NoticeOut:
    words = rules.told(NoticeKind(notice.kind), notice.facts)
    return NoticeOut(
        id=notice.id,
        kind=notice.kind,
        noun=notice.noun,
        subject_id=notice.subject_id,
        message_zh=words.zh,
        message_en=str(words),
        facts=notice.facts,
        due_on=notice.due_on,
        read_at=notice.read_at,
        event_id=notice.event_id,
        recorded_at=notice.recorded_at,
    )


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    unread: Annotated[bool | None, Query(description="True: not read yet; false: read.")] = None,
    kind: NoticeKind | None = None,
    subject_id: uuid.UUID | None = None,
) -> Page[NoticeOut]:
    """List the notices of the caller's organisation."""
    statement = queries.matching(queries.visible(unit.actor), unread=unread, kind=kind, subject_id=subject_id)
    found = await page(unit.session, statement, Notice.id, paging.wanted)
    return paging.answer(found, [_out(notice) for notice in found.rows])


@router.post("/{notice_id}/reading", response_model=NoticeOut)
async def mark_read(notice_id: uuid.UUID, unit: Marking) -> Response:
    """Note that a notice was read; the first time counts."""
    notice = await notices.mark_read(unit.session, actor=unit.actor, moment=unit.moment, notice_id=notice_id)
    return await unit.reply(200, _out(notice))
