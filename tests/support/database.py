"""The database edge as tests see it: the real one, on one connection whose transaction never commits."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from app.infra.db import Database, Unit


class SavepointDatabase(Database):
    """Every unit of work becomes a savepoint of the test's transaction; commit and rollback code runs."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.connection: AsyncConnection | None = None

    def _session(self, engine: AsyncEngine) -> AsyncSession:  # noqa: ARG002 - one connection for both
        assert self.connection is not None
        return AsyncSession(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")

    @asynccontextmanager
    async def write(self, client_id: uuid.UUID | None = None) -> AsyncIterator[Unit]:
        """As in production; deferred constraints are deferred again for the next unit of work."""
        try:
            async with super().write(client_id) as unit:
                yield unit
        finally:
            assert self.connection is not None
            await self.connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
