"""The registration periods of pledged marks: told of before they end, and over by themselves (PL-19)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from app.domain.notice import NoticeKind
from app.queries import assets as asset_queries, pledge_coverages as queries
from app.services import events, notices
from app.services.pledges.ending import lapse

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.pledge_coverages import Expiring

TOLD_DAYS = (90, 30, 7)
"""How long before a registration ends its pledgee and its pledgors are told."""
PAGE = 500
"""Registrations that are ended by one round of the daily job."""


def _of_pledge(one: Expiring) -> uuid.UUID:
    return one.pledge_id


def _period(one: Expiring) -> tuple[uuid.UUID, date]:
    return one.pledge_id, one.expires_on


async def remind(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Tell both sides of the registrations that end in 90, 30 or 7 days; how many.

    Doing a day again would tell again: a day is done once.
    """
    found = await queries.expiring(session, [moment.today + timedelta(days=days) for days in TOLD_DAYS])
    for pledge_id, ending in groupby(found, key=_of_pledge):
        await _tell(session, actor, moment, pledge_id, list(ending))
    return len(found)


async def lapse_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the registrations whose last day is over, with their liens; how many (PL-19).

    Doing it again changes nothing.
    """
    lapsed = 0
    while found := await queries.over(session, moment.today, limit=PAGE):
        # All rights at once and by id, as everywhere: the pledges then lock theirs again for nothing.
        await asset_queries.lock_ids(session, await queries.rights(session, {one.pledge_id for one in found}))
        for (pledge_id, last_day), ended in groupby(found, key=_period):
            rights = [one.asset_id for one in ended]
            await lapse(
                session,
                actor=actor,
                moment=moment,
                pledge_id=pledge_id,
                asset_ids=rights,
                on=last_day + timedelta(days=1),
            )
            lapsed += len(rights)
    return lapsed


async def _tell(
    session: AsyncSession, actor: Actor, moment: Moment, pledge_id: uuid.UUID, ending: Sequence[Expiring]
) -> None:
    told = await queries.sides(session, pledge_id)
    happened = [
        events.NewEvent(
            type="pledge.expiring",
            noun="pledge",
            subject_id=pledge_id,
            stream=one.district_code,
            audience=told,
            payload={"number": one.pledge_number, "asset_id": one.asset_id, "expires_on": one.expires_on},
        )
        for one in ending
    ]
    await events.record(session, actor=actor, moment=moment, events=happened)
    for one, event in zip(ending, happened, strict=True):
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.pledge_expiring,
            recipients=told,
            facts={
                "number": one.pledge_number,
                "asset_number": one.number,
                "expires_on": one.expires_on,
                "days": (one.expires_on - moment.today).days,
            },
            due_on=one.expires_on,
        )
