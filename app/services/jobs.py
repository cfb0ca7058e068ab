"""Business-date jobs: what the calendar does by itself, day by day, missed days included (OPS-03)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from app.domain.permission import Actor, system_actor
from app.queries import jobs as queries
from app.queries.driver import driver
from app.services import deals, idempotency, listings, terms

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

Job = Callable[["AsyncSession", Actor, "Moment"], Awaitable[Mapping[str, Any]]]
"""Does what one business date (`moment.today`) brings; its answer is kept with the run."""

_FINISHED = """
INSERT INTO job_runs (job, business_date, result, finished_at) VALUES ($1, $2, $3::jsonb, $4)
"""


async def release_reservations(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Reservations whose time is over give their rights and listings back (DEA-03)."""
    return {"released": await deals.release_due(session, actor=actor, moment=moment)}


async def expire_listings(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Listings whose last day is over expire."""
    return {"expired": await listings.expire_due(session, actor=actor, moment=moment)}


async def expire_rights(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Rights whose term is over expire, or enter or leave their grace."""
    return await terms.expire(session, actor=actor, moment=moment)


async def forget_keys(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:  # noqa: ARG001
    """Idempotency keys kept for their 35 days are forgotten; their age goes by the real clock."""
    return {"forgotten": await idempotency.forget(session, before=moment.now - idempotency.KEPT)}


JOBS: Mapping[str, Job] = {
    "release_reservations": release_reservations,
    "expire_listings": expire_listings,
    "expire_rights": expire_rights,
    "forget_keys": forget_keys,
}
"""In the order in which they run on a day."""


@dataclass(frozen=True, slots=True)
class Run:
    """One job done for one day."""

    job: str
    business_date: date
    result: Mapping[str, Any]


def due(last: Mapping[str, date | None], today: date) -> tuple[str, date] | None:
    """The job and the day to run next: the earliest day first, on a day the order of the jobs.

    A job that never ran begins with today.
    """
    open_days = [(today if day is None else day + timedelta(days=1), job) for job, day in last.items()]
    earliest = min((day for day, _ in open_days), default=None)
    if earliest is None or earliest > today:
        return None
    return next(job for day, job in open_days if day == earliest), earliest


async def run_next(session: AsyncSession, *, moment: Moment, jobs: Mapping[str, Job] = JOBS) -> Run | None:
    """Run the next job that is due up to `moment.today`, for one day; None when all days are done.

    The run is recorded in the same transaction, under a key that makes a day run once.
    """
    found = await queries.last_days(session, list(jobs))
    waiting = due({job: found[job] for job in jobs}, moment.today)
    if waiting is None:
        return None
    job, day = waiting
    result = await jobs[job](session, system_actor(f"job:{job}:{day}"), replace(moment, today=day))
    await session.flush()
    connection = await driver(session)
    await connection.execute(_FINISHED, job, day, json.dumps(dict(result), default=str), moment.now)
    return Run(job, day, result)


async def through(session: AsyncSession) -> date | None:
    """The business date up to which every job has run; None while one never has."""
    last = await queries.last_days(session, list(JOBS))
    days = [day for day in last.values() if day is not None]
    return min(days) if len(days) == len(last) else None
