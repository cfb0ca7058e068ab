"""Business-date jobs: what the calendar does by itself, day by day, missed days included (OPS-03)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from app.domain.permission import Actor, system_actor
from app.queries import jobs as queries
from app.queries.driver import driver
from app.services import (
    amendments,
    bookkeeping,
    commitments,
    consents,
    deals,
    delegations,
    demands,
    enrolments,
    fees,
    filings,
    idempotency,
    interest,
    listings,
    loans,
    mandates,
    offers,
    pledges,
    pool_breakers,
    portfolios,
    reservations,
    stays,
    terms,
)

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


async def lapse_offers(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Offers past their last day, or on a listing that has left the market, lapse."""
    return {"lapsed": await offers.lapse_due(session, actor=actor, moment=moment)}


async def expire_reservations(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Rights that banks reserved for pledges are free again when the time is over (UNI-26)."""
    return {"expired": await reservations.expire_due(session, actor=actor, moment=moment)}


async def lapse_reservations(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Capacity of pools that approvals reserved and no filing confirmed is given back (RP-05)."""
    return {"lapsed": await commitments.lapse_due(session, actor=actor, moment=moment)}


async def end_mandates(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Mandates whose last day is over end, and so do proposals that nobody decided."""
    return {"ended": await mandates.end_due(session, actor=actor, moment=moment)}


async def expire_delegations(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Authority to act for another ends with its last day (PLG-16)."""
    return {"expired": await delegations.expire_due(session, actor=actor, moment=moment)}


async def demands_fall_due(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Demands for the release of a pledge that nobody answered in time fall due (PLG-10)."""
    return {"due": await demands.fall_due(session, actor=actor, moment=moment)}


async def expire_consents(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Consents whose last day is over, asked for or granted, expire (RB-04)."""
    return {"expired": await consents.expire_due(session, actor=actor, moment=moment)}


async def expire_stays(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Preservations and suspensions whose last day is over free their rights (LS-09, LS-10)."""
    return {"expired": await stays.expire_due(session, actor=actor, moment=moment)}


async def follow_fees(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Unpaid fees fall late and lapse with their rights, and those concerned are told (LS-05, PL-12)."""
    return await fees.follow(session, actor=actor, moment=moment)


async def expire_rights(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Rights whose term is over expire, or enter or leave their grace."""
    return await terms.expire(session, actor=actor, moment=moment)


async def end_enrolments(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Trusteeships whose agreed term is over end (TG-05)."""
    return {"ended": await enrolments.end_due(session, actor=actor, moment=moment)}


async def merge_coverages(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Of two covered firms that became one, the later coverage counts no more (TG-06)."""
    return {"folded": await enrolments.merge_coverages(session, actor=actor, moment=moment)}


async def requalify_portfolios(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Portfolios begin or cease to qualify when rights in them end or pass to others (DL-04, BH-06)."""
    return {"changed": await portfolios.requalify(session, actor=actor, moment=moment)}


async def expire_transfers(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Pending transfers by hand whose last day is over give back what they set aside (POL-04)."""
    return {"expired": await bookkeeping.expire_due(session, actor=actor, moment=moment)}


async def follow_loans(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Loans fall due and overdue, those who lend are told at each rung, classes follow the days (RP-08)."""
    return {"changed": await loans.follow_due(session, actor=actor, moment=moment)}


async def watch_pledges(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Both sides are told of registrations of pledged marks that end soon; what is over lapses (PL-19)."""
    return {
        "lapsed": await pledges.lapse_due(session, actor=actor, moment=moment),
        "told": await pledges.remind(session, actor=actor, moment=moment),
        "closed": await amendments.settle_moot(session, actor=actor, moment=moment),
    }


async def review_coverages(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Banks are told once when their rights support a loan no longer, once when they do again (PLG-08)."""
    return {"changed": await pledges.review_coverages(session, actor=actor, moment=moment)}


async def watch_offices(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Banks and operators are told of filings that the office should have decided (PL-05)."""
    return {"overdue": await filings.tell_overdue(session, actor=actor, moment=moment)}


async def evaluate_breakers(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Breakers of pools follow the ratios and the schemes of the day (RP-13)."""
    return {"changed": await pool_breakers.evaluate_all(session, actor=actor, moment=moment)}


async def accrue_interest(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
    """Interest of the day before accrues on special accounts that have a rate (POL-18)."""
    return {"accrued": await interest.accrue_due(session, actor=actor, moment=moment)}


async def forget_keys(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:  # noqa: ARG001
    """Idempotency keys kept for their 35 days are forgotten; their age goes by the real clock."""
    return {"forgotten": await idempotency.forget(session, before=moment.now - idempotency.KEPT)}


JOBS: Mapping[str, Job] = {
    "release_reservations": release_reservations,
    "expire_reservations": expire_reservations,
    "expire_listings": expire_listings,
    "lapse_offers": lapse_offers,
    "lapse_reservations": lapse_reservations,
    "end_mandates": end_mandates,
    "expire_delegations": expire_delegations,
    "demands_fall_due": demands_fall_due,
    "expire_consents": expire_consents,
    "expire_stays": expire_stays,
    "follow_fees": follow_fees,
    "expire_rights": expire_rights,
    "requalify_portfolios": requalify_portfolios,
    "end_enrolments": end_enrolments,
    "merge_coverages": merge_coverages,
    "expire_transfers": expire_transfers,
    "follow_loans": follow_loans,
    "watch_pledges": watch_pledges,
    "review_coverages": review_coverages,
    "watch_offices": watch_offices,
    "evaluate_breakers": evaluate_breakers,
    "accrue_interest": accrue_interest,
    "forget_keys": forget_keys,
}
"""In the order in which they run on a day."""


@dataclass(frozen=True, slots=True)
class Run:
    """One job done for one day."""

    job: str
    business_date: date
    result: Mapping[str, Any]


def due(last: Mapping[str, date | None], today: date) -> tuple[list[str], date] | None:
    """The earliest day that is open, and its jobs in their order; None when all days are done.

    A job that never ran begins with today.
    """
    open_days = [(today if day is None else day + timedelta(days=1), job) for job, day in last.items()]
    earliest = min((day for day, _ in open_days), default=None)
    if earliest is None or earliest > today:
        return None
    return [job for day, job in open_days if day == earliest], earliest


async def waiting(
    session: AsyncSession,
    *,
    moment: Moment,
    jobs: Mapping[str, Job] | None = None,
    but_for: Collection[str] = (),
) -> tuple[list[str], date] | None:
    """What is next up to `moment.today`: the jobs of the earliest open day; None when all is done.

    Jobs named in `but_for` are left out: they have just failed, and the others go on without them.
    """
    names = [name for name in (JOBS if jobs is None else jobs) if name not in but_for]
    found = await queries.last_days(session, names)
    return due({job: found[job] for job in names}, moment.today)


async def run(
    session: AsyncSession,
    *,
    moment: Moment,
    job: str,
    day: date,
    jobs: Mapping[str, Job] | None = None,
) -> Run:
    """Run a job for a day, and record it in the same transaction under a key that makes a day run once.

    A run that found nothing to do may be lost in a crash: it is then done again. So its commit need not
    wait for the disk.
    """
    todo = (JOBS if jobs is None else jobs)[job]
    result = await todo(session, system_actor(f"job:{job}:{day}"), replace(moment, today=day))
    await session.flush()
    connection = await driver(session)
    if not any(result.values()):
        await connection.execute("SET LOCAL synchronous_commit = off")
    await connection.execute(_FINISHED, job, day, json.dumps(dict(result), default=str), moment.now)
    return Run(job, day, result)


async def through(session: AsyncSession) -> date | None:
    """The business date up to which every job has run; None while one never has."""
    last = await queries.last_days(session, list(JOBS))
    days = [day for day in last.values() if day is not None]
    return min(days) if len(days) == len(last) else None
