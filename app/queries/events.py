"""Reads of events: who may see which, and the feed in the order of the seals."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, or_, select, true

from app.domain import event as rules
from app.domain.district import NATIONAL, OUTSIDE_EVERY_PLAN
from app.models.event import Event, Seal

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

SCAN = 5_000
"""Positions one page looks through; a caller who may see few of them gets an empty page and goes on."""


def visible(actor: Actor) -> ColumnElement[bool]:
    """Events the caller may see: public ones, those it is in the audience of, and a regulator's streams.

    A regulator sees the stream of its district and the national one; that of district 000000 all.
    """
    if actor.regulates == OUTSIDE_EVERY_PLAN:
        return true()
    reasons = [Event.public, Event.audience.contains([actor.organisation_id])]
    if actor.regulates is not None:
        reasons.append(Event.stream.in_([actor.regulates, NATIONAL]))
    return or_(*reasons)


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Sealed events in order, the position up to which the feed was read, and whether it goes on."""

    rows: Sequence[tuple[Event, Seal]]
    cursor: int
    has_more: bool


async def feed(
    session: AsyncSession, actor: Actor, *, after: int, limit: int, types: Sequence[str]
) -> FeedPage:
    """Events sealed after position `after` that the caller may see, of these types if any are given.

    Positions have no gaps and appear in order, so nothing is ever sealed behind a cursor.
    """
    last = await session.scalar(select(func.max(Seal.position))) or 0
    through = min(last, after + SCAN)
    statement = (
        select(Event, Seal)
        .join(Seal, Seal.event_id == Event.id)
        .where(Seal.position > after, Seal.position <= through, visible(actor))
        .order_by(Seal.position)
        .limit(limit)
    )
    if types:
        statement = statement.where(Event.type.in_(types))
    rows = [(event, seal) for event, seal in await session.execute(statement)]
    cursor = rows[-1][1].position if len(rows) == limit else max(through, after)
    return FeedPage(rows, cursor, cursor < last)


async def get(session: AsyncSession, actor: Actor, event_id: uuid.UUID) -> tuple[Event, Seal]:
    """One sealed event. Raises: `event.not_found`, also when it is not for the caller."""
    statement = (
        select(Event, Seal).join(Seal, Seal.event_id == Event.id).where(Event.id == event_id, visible(actor))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise rules.NOT_FOUND.error(event_id=event_id)
    return row[0], row[1]
