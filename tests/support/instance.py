"""A committed instance: a database of its own, its edge with several connections, and the API on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from fastapi import FastAPI

from app.config import Settings
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer, new_secret
from app.main import create_app
from tests.support import server
from tests.support.api import Api
from tests.support.samples import fill


@dataclass(frozen=True, slots=True)
class Instance:
    """What a committed test works with; `owner` is a connection outside the application."""

    url: str
    database: Database
    app: FastAPI
    api: Api
    owner: asyncpg.Connection[Any]


@asynccontextmanager
async def instance(
    server_url: str,
    purpose: str,
    tokens: TokenIssuer,
    *,
    pool_size: int = 16,
    read_pool_size: int = 4,
    lock_timeout_ms: int = 2_000,
    extend: Callable[[FastAPI], None] | None = None,
) -> AsyncIterator[Instance]:
    """A migrated instance with the sample organisations, gone at the end. `extend` may add routes."""
    async with server.cloned(server_url, purpose) as url:
        database = Database(
            url, pool_size=pool_size, read_pool_size=read_pool_size, lock_timeout_ms=lock_timeout_ms
        )
        owner = await asyncpg.connect(server.plain(url))
        try:
            press = CertificatePress(new_secret(), public_url="https://ipops.example", sample=True)
            app = create_app(Settings(), database, tokens, press)
            if extend is not None:
                extend(app)
            api = Api(app, tokens, await fill(database))
            yield Instance(url, database, app, api, owner)
            await api.http.aclose()
        finally:
            await owner.close()
            await database.close()
