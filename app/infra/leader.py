"""The leader lock: of several workers one works, and only while it holds the lock.

The lock is a session-level advisory lock, and all work is done in transactions on the very connection
that holds it. A leader that lost its connection lost the lock with it and can commit nothing more: the
database itself fences it off. The connection must reach PostgreSQL directly, not through a pooler that
shares connections between transactions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from app.infra.db import WORKER, Database

if TYPE_CHECKING:
    import asyncpg

LOCK_KEY = 7_120_112
STATEMENT_TIMEOUT_MS = 60_000


class LeadershipLost(RuntimeError):  # noqa: N818 - a state, named like one
    """The connection that held the lock is gone."""


class LeaderDatabase(Database):
    """A database edge whose every unit of work runs on the one connection that holds the leader lock."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url, pool_size=1, read_pool_size=1, statement_timeout_ms=STATEMENT_TIMEOUT_MS, role=WORKER
        )
        self._connection: AsyncConnection | None = None
        self._driver: asyncpg.Connection[asyncpg.Record] | None = None

    async def try_lead(self) -> bool:
        """Connect if need be and ask for the lock once; True when this worker now leads."""
        if not self._alive():
            await self._connect()
        if self._driver is None:
            raise LeadershipLost
        # On the driver itself: the lock belongs to the session, no transaction is needed for it.
        return bool(await self._driver.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY))

    @property
    def lost(self) -> bool:
        """Whether the connection, and with it the lock, is gone."""
        return not self._alive()

    async def close(self) -> None:
        """Let go of the lock by ending the session that holds it."""
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            # Not back into a pool, where the session would live on and keep the lock.
            await connection.invalidate()
            await connection.close()
        await super().close()

    def _session(self, engine: AsyncEngine) -> AsyncSession:  # noqa: ARG002 - there is one connection
        # SQLAlchemy would quietly reconnect a lost connection: the new one would not hold the lock.
        if self._connection is None or not self._alive():
            raise LeadershipLost
        return AsyncSession(self._connection, expire_on_commit=False)

    def _alive(self) -> bool:
        return (
            self._connection is not None
            and not self._connection.invalidated
            and self._driver is not None
            and not self._driver.is_closed()
        )

    async def _connect(self) -> None:
        await self.close()
        self._connection = await self.writer.connect()
        raw = await self._connection.get_raw_connection()
        self._driver = cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)
