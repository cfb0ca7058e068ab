"""The worker: seals events and runs business-date jobs, for as long as it holds the leader lock.

Several may run; one leads and the others stand by. Everything a leader does is one short transaction
after the other on the connection that holds the lock (`app.infra.leader`). Sealed events are what
`GET /v1/events` shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

import structlog
from asyncpg import InterfaceError, PostgresError
from sqlalchemy.exc import DBAPIError

from app.domain.root import Signer
from app.infra.leader import LeaderDatabase, LeadershipLost
from app.infra.roots import RootFolder
from app.services import jobs, roots, seals

log = structlog.get_logger()

SEALING_SECONDS = 60
"""A sealing transaction that takes longer is given up: older instants are settled (STA-09)."""
UNREACHABLE = (OSError, PostgresError, InterfaceError, DBAPIError, LeadershipLost)


class Worker:
    """One worker of an instance. `run()` until `stop()`; both belong to one event loop.

    With a `signer` it signs the root of each day, and with `folder` it puts them there as files too.
    """

    def __init__(
        self,
        database_url: str,
        *,
        idle_seconds: float = 0.2,
        standby_seconds: float = 1.0,
        retry_seconds: float = 1.0,
        signer: Signer | None = None,
        folder: RootFolder | None = None,
    ) -> None:
        self._url = database_url
        self._idle = idle_seconds
        self._standby = standby_seconds
        self._retry = retry_seconds
        self._signer = signer
        self._folder = folder
        self._batch = seals.BATCH
        self._stopping = asyncio.Event()
        self._resting: dict[str, float] = {}
        self.leading = False

    def stop(self) -> None:
        """Finish the transaction under way, then let `run()` return; may be called by a signal handler."""
        self._stopping.set()

    async def run(self) -> None:
        """Work, or stand by until it is this worker's turn; survives an unreachable database."""
        while not self._stopping.is_set():
            leader = LeaderDatabase(self._url)
            try:
                await self._serve(leader)
            except UNREACHABLE as error:
                log.warning(
                    "worker.database_lost", error=repr(error.__cause__ or error), was_leading=self.leading
                )
                await self._pause(self._retry)
            finally:
                self.leading = False
                await leader.close()
        log.info("worker.stopped")

    async def _serve(self, leader: LeaderDatabase) -> None:
        """Stand by for the lock, then work for as long as the connection lasts."""
        while not await leader.try_lead():
            await self._pause(self._standby)
            if self._stopping.is_set():
                return
        self.leading = True
        log.info("worker.leading")
        await self._keep_roots(leader)
        while not self._stopping.is_set():
            try:
                busy = await self._turn(leader)
            except Exception as error:
                if leader.lost:
                    raise LeadershipLost from error
                # Nothing was kept of the turn; what fails again is seen again in the log, sealing goes on.
                log.exception("worker.turn_failed")
                # Perhaps too much for one transaction: an event may have tens of thousands of rows under it.
                self._batch = max(1, self._batch // 4)
                await self._pause(self._retry)
            else:
                if not busy:
                    await self._pause(self._idle)

    async def _turn(self, leader: LeaderDatabase) -> bool:
        """Seal a batch, then run the jobs of one day, each in its own transaction; whether there was any."""
        clock = asyncio.get_running_loop().time
        resting = {job for job, until in self._resting.items() if until > clock()}
        async with asyncio.timeout(SEALING_SECONDS), leader.write() as unit:
            sealed = await seals.seal(unit.session, moment=unit.moment, limit=self._batch)
            waiting = await jobs.waiting(unit.session, moment=unit.moment, jobs=self._jobs(), but_for=resting)
        self._batch = min(seals.BATCH, 2 * self._batch)
        if waiting is None:
            return bool(sealed)
        for job in waiting[0]:
            try:
                await self._run(leader, job, waiting[1])
            except Exception:
                if leader.lost:
                    raise
                # Its day stays open and is tried again after a rest; the other jobs go on without it.
                log.exception("job.failed", job=job, business_date=str(waiting[1]))
                self._resting[job] = clock() + self._retry
        return True

    async def _run(self, leader: LeaderDatabase, job: str, day: date) -> None:
        async with leader.write() as unit:
            run = await jobs.run(unit.session, moment=unit.moment, jobs=self._jobs(), job=job, day=day)
        if any(run.result.values()):
            log.info("job.finished", job=job, business_date=str(day), result=dict(run.result))
            if job == roots.JOB:
                await self._keep_roots(leader)

    def _jobs(self) -> Mapping[str, jobs.Job]:
        """All jobs; the root is signed last, over what the others' days have left sealed."""
        if self._signer is None:
            return jobs.JOBS
        return {**jobs.JOBS, roots.JOB: roots.job(self._signer)}

    async def _keep_roots(self, leader: LeaderDatabase) -> None:
        """Put the files of all roots into the folder that are not there; done again at the next chance."""
        if self._folder is None:
            return
        async with leader.write() as unit:
            files = await roots.files(unit.session)
        for name, content in files:
            try:
                same = self._folder.keep(name, content)
            except OSError as error:
                log.error("root.not_kept", file=name, error=str(error))  # noqa: TRY400 - no defect of ours
                return
            if not same:
                log.error("root.file_differs", file=name)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
