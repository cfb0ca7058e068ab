"""The sandbox test clock: it moves the business date forward, and the jobs follow day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain.district import NATIONAL
from app.domain.permission import SYSTEM_ID
from app.domain.request import CLOCK_BACKWARD, SANDBOX_ONLY
from app.queries import clock as queries
from app.queries.driver import driver
from app.services import events, jobs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


class ClockStatus(StrEnum):
    """`advancing` while business-date jobs have days to catch up on."""

    ready = "ready"
    advancing = "advancing"


@dataclass(frozen=True, slots=True)
class Clock:
    """The business date, and the day up to which all jobs have run."""

    business_date: date
    jobs_through: date | None

    @property
    def status(self) -> ClockStatus:
        """Whether what the business date brings has happened."""
        done = self.jobs_through is not None and self.jobs_through >= self.business_date
        return ClockStatus.ready if done else ClockStatus.advancing


_MOVE = """
UPDATE instance SET business_date = $1 WHERE $1 >= coalesce(business_date, $2) RETURNING business_date
"""
_BEGIN = "UPDATE instance SET business_date = $1 WHERE business_date IS NULL AND mode = 'sandbox'"


async def read(session: AsyncSession, *, moment: Moment) -> Clock:
    """The clock as it stands. Raises: `clock.sandbox_only`."""
    await _require_sandbox(session)
    return Clock(moment.today, await jobs.through(session))


async def move(session: AsyncSession, *, actor: Actor, moment: Moment, business_date: date) -> Clock:
    """Set the business date, never back; from then on it stands still until it is moved again.

    Raises: `clock.sandbox_only`, `clock.backward`.
    """
    await _require_sandbox(session)
    event = events.NewEvent(
        type="clock.moved",
        noun="clock",
        subject_id=SYSTEM_ID,
        stream=NATIONAL,
        public=True,
        occurred_on=business_date,
        payload={"from": moment.today, "to": business_date},
    )
    # The row lock of the update puts two callers in order: the second is held to the first one's date.
    if await (await driver(session)).fetchval(_MOVE, business_date, moment.today) is None:
        today = await queries.business_date(session)
        raise CLOCK_BACKWARD.error("/business_date", today=today or moment.today)
    await events.record(session, actor=actor, moment=moment, events=[event])
    return Clock(business_date, await jobs.through(session))


async def begin(session: AsyncSession, day: date) -> None:
    """Set the test clock of an empty sandbox, to any day; from then on it moves forward only."""
    await (await driver(session)).execute(_BEGIN, day)


async def _require_sandbox(session: AsyncSession) -> None:
    if not await queries.is_sandbox(session):
        raise SANDBOX_ONLY.error()
