"""The published files imported into a database of their own, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.config import Settings
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer
from app.main import create_app
from tests.support import server
from tests.support.api import Api
from tests.support.published import Register, import_all
from tests.support.samples import Samples, fill


@pytest.fixture(scope="session")
async def register(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    folder = tmp_path_factory.mktemp("real_data")
    async with server.cloned(server_url, "real") as url:
        database = Database(url, pool_size=1, read_pool_size=1)
        connection = await asyncpg.connect(server.plain(url))
        yield Register(connection, database, await import_all(database, folder), folder)
        await connection.close()
        await database.close()


@pytest.fixture(scope="session")
async def organisations(register: Register) -> Samples:
    """The sample organisations beside the real ones; what looks at the imports alone runs before."""
    return await fill(register.database)


@pytest.fixture
async def api(
    register: Register, tokens: TokenIssuer, press: CertificatePress, organisations: Samples
) -> AsyncIterator[Api]:
    """The application on the imported database."""
    client = Api(create_app(Settings(), register.database, tokens, press), tokens, organisations)
    yield client
    await client.http.aclose()
