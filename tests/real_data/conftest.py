"""The published files imported into a database of their own, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.infra.db import Database
from tests.support import server
from tests.support.published import Register, import_all


@pytest.fixture(scope="session")
async def register(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    folder = tmp_path_factory.mktemp("real_data")
    async with server.cloned(server_url, "real") as url:
        database = Database(url, pool_size=1, read_pool_size=1)
        connection = await asyncpg.connect(server.plain(url))
        yield Register(connection, database, await import_all(database, folder), folder)
        await connection.close()
        await database.close()
