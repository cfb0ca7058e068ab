"""Fixtures: server and template once, a database per worker, a savepoint per test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from app.config import Settings
from app.domain.clock import Moment
from app.infra import logging as app_logging
from app.infra.certificates import CertificatePress
from app.infra.db import Database, Unit
from app.infra.security import TokenIssuer, new_secret
from app.main import create_app
from tests.support import server
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.samples import Samples, fill

app_logging.configure(json_lines=True)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of the PostgreSQL server."""
    with server.server_url() as url:
        yield url


@pytest.fixture(scope="session")
async def worker_database(server_url: str) -> AsyncIterator[str]:
    """URL of this worker's database."""
    async with server.cloned(server_url, "worker") as url:
        yield url


@pytest.fixture(scope="session")
async def samples(worker_database: str) -> Samples:
    """Sample organisations by role, committed once per worker."""
    database = Database(worker_database, pool_size=1, read_pool_size=1)
    try:
        return await fill(database)
    finally:
        await database.close()


@pytest.fixture(scope="session")
async def savepoint_database(worker_database: str, samples: Samples) -> AsyncIterator[SavepointDatabase]:
    """The database edge of all savepoint tests of this worker."""
    assert samples
    database = SavepointDatabase(worker_database)
    yield database
    await database.close()


@pytest.fixture
async def database(savepoint_database: SavepointDatabase) -> AsyncIterator[SavepointDatabase]:
    """One transaction for the test, rolled back at its end."""
    async with savepoint_database.writer.connect() as connection:
        transaction = await connection.begin()
        savepoint_database.connection = connection
        yield savepoint_database
        savepoint_database.connection = None
        await transaction.rollback()


@pytest.fixture
async def unit(database: SavepointDatabase) -> AsyncIterator[Unit]:
    """An open unit of work for tests of services; its writes are visible to the test's own reads."""
    async with database.write() as unit:
        yield unit


@pytest.fixture(scope="session")
def tokens() -> TokenIssuer:
    """Signs the tests' tokens."""
    return TokenIssuer(secrets.token_urlsafe(32), issuer="ipops", seconds=600)


@pytest.fixture(scope="session")
def press() -> CertificatePress:
    """Makes the tests' certificates."""
    return CertificatePress(new_secret(), public_url="https://ipops.example", sample=True)


@pytest.fixture
def app(database: SavepointDatabase, tokens: TokenIssuer, press: CertificatePress) -> FastAPI:
    """The application on the test's transaction."""
    return create_app(Settings(), database, tokens, press)


@pytest.fixture
async def api(app: FastAPI, tokens: TokenIssuer, samples: Samples) -> AsyncIterator[Api]:
    """Calls the application in any role."""
    client = Api(app, tokens, samples)
    yield client
    await client.http.aclose()


@pytest.fixture
def moment() -> Moment:
    """Now."""
    return Moment.at(datetime.now(UTC))
