"""A second, committed instance: a cloned database, its edge with several connections, and the API on it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from fastapi import FastAPI

from app.config import Settings
from app.infra.db import Database
from app.infra.security import TokenIssuer, new_secret, secret_digest
from app.main import create_app
from app.services import sandbox
from tests.support import server
from tests.support.api import Api


@dataclass(slots=True)
class Instance:
    """What a committed test works with; `owner` is a connection outside the application."""

    database: Database
    app: FastAPI
    api: Api
    owner: asyncpg.Connection[Any]


@asynccontextmanager
async def instance(
    server_url: str, name: str, tokens: TokenIssuer, *, extend: Callable[[FastAPI], None] | None = None
) -> AsyncIterator[Instance]:
    """A migrated instance with the sample organisations, gone at the end. `extend` may add routes."""
    name = re.sub(r"\W", "_", name.lower())[:60]
    url = await server.clone(server_url, name)
    database = Database(url)
    owner = await asyncpg.connect(server.plain(url))
    try:
        async with database.write() as unit:
            samples = await sandbox.add_organisations(
                unit.session, moment=unit.moment, new_secret=new_secret, digest=secret_digest
            )
        app = create_app(Settings(), database, tokens)
        if extend is not None:
            extend(app)
        api = Api(app, tokens, samples)
        yield Instance(database, app, api, owner)
        await api.http.aclose()
    finally:
        await owner.close()
        await database.close()
        await server.drop(server_url, name)
