"""Notices: telling organisations what they have to know or do, in the transaction that causes it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.domain.identifiers import new_id
from app.queries import notices as queries
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.notice import NoticeKind
    from app.domain.permission import Actor
    from app.models.notice import Notice
    from app.services.events import NewEvent

_SEND = """
INSERT INTO notices (id, district_code, organisation_id, kind, noun, subject_id, facts, due_on,
                     event_id, recorded_at)
SELECT r.id, $2, r.organisation_id, $3, $4, $5, $6::jsonb, $7, $8, $9
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, organisation_id uuid)
ON CONFLICT DO NOTHING
"""


async def send(
    session: AsyncSession,
    *,
    moment: Moment,
    event: NewEvent,
    kind: NoticeKind,
    recipients: Iterable[uuid.UUID],
    facts: Mapping[str, Any] = MappingProxyType({}),
    due_on: date | None = None,
) -> None:
    """Tell organisations about the subject of `event`, which has been recorded before; once each.

    `facts` fill the words of the notice (`app.domain.notice`); `due_on` is the day by which to act.
    """
    rows = [{"id": new_id(), "organisation_id": one} for one in dict.fromkeys(recipients)]
    connection = await driver(session)
    await connection.execute(
        _SEND,
        json.dumps(rows, default=str),
        event.stream,
        kind.value,
        event.noun,
        event.subject_id,
        json.dumps(dict(facts), ensure_ascii=False, default=str),
        due_on,
        event.id,
        moment.now,
    )


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice to one organisation, in the district it belongs to, about a subject of its own."""

    organisation_id: uuid.UUID
    district_code: str
    kind: NoticeKind
    noun: str
    subject_id: uuid.UUID
    facts: Mapping[str, Any]
    due_on: date | None = None


_SEND_EACH = """
INSERT INTO notices (id, district_code, organisation_id, kind, noun, subject_id, facts, due_on,
                     event_id, recorded_at)
SELECT id, district_code, organisation_id, kind, noun, subject_id, facts, due_on, $2, $3
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, district_code text, organisation_id uuid, kind text,
     noun text, subject_id uuid, facts jsonb, due_on date)
ON CONFLICT DO NOTHING
"""


async def send_each(
    session: AsyncSession, *, moment: Moment, event_id: uuid.UUID, notices: Iterable[NewNotice]
) -> None:
    """Send many notices of one event, which has been recorded before, in one statement; once each."""
    rows = [{"id": new_id(), **asdict(one)} for one in notices]
    connection = await driver(session)
    await connection.execute(
        _SEND_EACH, json.dumps(rows, ensure_ascii=False, default=str), event_id, moment.now
    )


async def mark_read(session: AsyncSession, *, actor: Actor, moment: Moment, notice_id: uuid.UUID) -> Notice:
    """Note when a notice was first read; reading it again changes nothing.

    That is the recipient's own mark and no event of the subject. Raises: `notice.not_found`.
    """
    notice = await queries.lock(session, actor, notice_id)
    notice.read_at = notice.read_at or moment.now
    await session.flush()
    return notice
