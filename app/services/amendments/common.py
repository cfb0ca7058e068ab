"""What every step of an amendment shares: its event, and who is told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.queries import pledge_coverages, pledges as pledge_queries
from app.services import events, notices
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.amendment import Amendment
    from app.models.pledge import Pledge


async def happened(
    session: AsyncSession,
    actor: Actor,
    amendment: Amendment,
    pledge: Pledge,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    facts: Sequence[NewFact] = (),
    **more: object,
) -> NewEvent:
    """The event `amendment.{what}` for all whom the pledge concerns."""
    return NewEvent(
        id=event_id or new_id(),
        type=f"amendment.{what}",
        noun="amendment",
        subject_id=amendment.id,
        stream=amendment.district_code,
        audience=sorted({actor.organisation_id, *await pledge_queries.audience(session, pledge)}),
        occurred_on=occurred_on,
        facts=facts,
        payload={
            "number": amendment.number,
            "pledge_id": str(pledge.id),
            "pledge_number": pledge.number,
            "kind": amendment.kind,
            "status": amendment.status,
            **more,
        },
    )


async def told(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    amendment: Amendment,
    pledge: Pledge,
    event: NewEvent,
    kind: NoticeKind,
) -> None:
    """Notify both sides of the pledge but for the one that acts; in the same commit (PLG-10)."""
    sides = await pledge_coverages.sides(session, pledge.id)
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=kind,
        recipients=[
            one for one in sides if one != actor.organisation_id or kind is NoticeKind.amendment_late
        ],
        facts={
            "number": amendment.number,
            "pledge": pledge.number,
            "status": amendment.status,
            "changed_on": amendment.changed_on,
        },
    )


async def record(
    session: AsyncSession, *, actor: Actor, moment: Moment, happened: Sequence[NewEvent]
) -> None:
    """Write the events of one step."""
    await events.record(session, actor=actor, moment=moment, events=happened)
