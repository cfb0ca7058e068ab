"""The database edge: engines, roles, and the only place that commits.

A writing request runs as role `ipops_app`, a reading one as `ipops_read` in one REPEATABLE READ,
read-only snapshot. Deferred constraints are made immediate just before the commit, so that they fail
as ordinary errors, in tests as in production.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from app.domain.clock import Moment, business_date

WRITER, READER, WORKER = "ipops_app", "ipops_read", "ipops_worker"

_OPEN = text(
    "SELECT set_config('lock_timeout', :lock_timeout, true),"
    " (SELECT business_date FROM instance) AS business_date,"
    " (SELECT revoked_at IS NULL FROM clients WHERE id = :client_id) AS client_live"
)
_CHECK_CONSTRAINTS = text("SET CONSTRAINTS ALL IMMEDIATE")


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work: a session in an open transaction, and what its opening statement told."""

    session: AsyncSession
    moment: Moment
    client_live: bool


def async_url(url: str) -> str:
    """`url` with the asyncpg driver, whichever PostgreSQL scheme it came with."""
    for prefix in ("postgresql+asyncpg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    raise ValueError("the database URL must start with postgresql://")


def create_engine(url: str, *, role: str | None, pool_size: int, statement_timeout_ms: int) -> AsyncEngine:
    """An engine whose connections act as `role` (None: as whoever logs in)."""
    settings = {
        "application_name": f"ipops:{role or 'owner'}",
        "statement_timeout": str(statement_timeout_ms),
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",
    }
    if role is not None:
        settings["role"] = role
    if role == READER:
        settings["default_transaction_read_only"] = "on"
    return create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"server_settings": settings},
        isolation_level="REPEATABLE READ" if role == READER else "READ COMMITTED",
    )


class Database:
    """Engines of one instance and the scopes in which work is done."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 16,
        read_pool_size: int = 8,
        lock_timeout_ms: int = 2_000,
        statement_timeout_ms: int = 30_000,
        role: str = WRITER,
    ) -> None:
        self._lock_timeout = f"{lock_timeout_ms}ms"
        self.writer = create_engine(
            url, role=role, pool_size=pool_size, statement_timeout_ms=statement_timeout_ms
        )
        self.reader = create_engine(
            url, role=READER, pool_size=read_pool_size, statement_timeout_ms=statement_timeout_ms
        )

    @asynccontextmanager
    async def write(self, client_id: uuid.UUID | None = None) -> AsyncIterator[Unit]:
        """A transaction that commits when the block ends well and rolls back when it does not."""
        async with self._session(self.writer) as session:
            yield await self._open(session, client_id)
            await session.flush()
            await session.execute(_CHECK_CONSTRAINTS)
            await session.commit()

    @asynccontextmanager
    async def read(self, client_id: uuid.UUID | None = None) -> AsyncIterator[Unit]:
        """One read-only snapshot."""
        async with self._session(self.reader) as session:
            yield await self._open(session, client_id)

    async def check_constraints(self, session: AsyncSession) -> None:
        """Flush and let every deferred constraint speak now (for a dry run, which never commits)."""
        await session.flush()
        await session.execute(_CHECK_CONSTRAINTS)

    def _session(self, engine: AsyncEngine) -> AsyncSession:
        return AsyncSession(engine, expire_on_commit=False)

    async def _open(self, session: AsyncSession, client_id: uuid.UUID | None) -> Unit:
        row = (
            await session.execute(_OPEN, {"lock_timeout": self._lock_timeout, "client_id": client_id})
        ).one()
        now = datetime.now(UTC)
        today: date = row.business_date or business_date(now)
        return Unit(session, Moment(now=now, today=today), bool(row.client_live))

    async def close(self) -> None:
        """Give all connections back."""
        await self.writer.dispose()
        await self.reader.dispose()


@asynccontextmanager
async def owner_connection(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection as the schema's owner, for migrations and set-up; commits at the end."""
    engine = create_engine(url, role=None, pool_size=1, statement_timeout_ms=0)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()
