"""A committed database with real connections, for tests in which requests truly run side by side."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.config import Settings
from app.infra.db import Database
from app.infra.security import TokenIssuer
from app.main import create_app
from tests.conftest import fill
from tests.support import server
from tests.support.api import Api


@dataclass(frozen=True, slots=True)
class Stage:
    """A database of its own, the edge on it, and a client of the application."""

    url: str
    database: Database
    api: Api


@pytest.fixture
async def stage(server_url: str, worker_id: str, tokens: TokenIssuer) -> AsyncIterator[Stage]:
    """A fresh clone with the sample organisations; dropped at the end."""
    name = f"ipops_stage_{worker_id}_{os.getpid()}"
    url = await server.clone(server_url, name)
    database = Database(url, pool_size=16, read_pool_size=4)
    api = Api(create_app(Settings(), database, tokens), tokens, await fill(database))
    yield Stage(url, database, api)
    await api.http.aclose()
    await database.close()
    await server.drop(server_url, name)
