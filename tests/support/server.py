"""The PostgreSQL server of the tests, the migrated template, and databases cloned from it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic import command
from alembic.config import Config

from app.infra.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
TEMPLATE_LOCK = 7_120_111


def with_database(url: str, name: str) -> str:
    """`url` with another database name."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def plain(url: str) -> str:
    """`url` as asyncpg itself reads it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


@contextmanager
def server_url() -> Iterator[str]:
    """URL of the server: TEST_DATABASE_URL, or an embedded one in `var/test-postgres`."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = EmbeddedPostgres(ROOT / "var" / "test-postgres", durable=False, max_connections=200)
    try:
        yield server.start()
    finally:
        server.stop()


def template_name() -> str:
    """Named after the migrations' content, so that a changed migration gets a new template."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "migrations").rglob("*")):
        if file.is_file() and file.suffix in {".py", ".csv"}:
            digest.update(file.read_bytes())
    return f"ipops_tpl_{digest.hexdigest()[:12]}"


def upgrade(url: str, revision: str = "head") -> None:
    """Run the migrations up to `revision`."""
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = url
    command.upgrade(config, revision)


async def _exists(connection: asyncpg.Connection, name: str) -> bool:
    return bool(await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name))


async def ensure_template(url: str) -> str:
    """Make the template once, whichever worker comes first."""
    name = template_name()
    connection = await asyncpg.connect(plain(url))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        if not await _exists(connection, name):
            building = f"{name}_building"
            await connection.execute(f"DROP DATABASE IF EXISTS {building} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {building}")
            await asyncio.to_thread(upgrade, with_database(url, building))
            filled = await asyncpg.connect(plain(with_database(url, building)))
            await filled.execute("INSERT INTO instance (id, mode) VALUES (1, 'sandbox')")
            await filled.close()
            await connection.execute(f"ALTER DATABASE {building} RENAME TO {name}")
    finally:
        await connection.close()
    return name


@asynccontextmanager
async def created(url: str, purpose: str, *, template: str = "template1") -> AsyncIterator[str]:
    """URL of a fresh database, named after what it is for and who uses it; gone at the end."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"ipops_{purpose}_{worker}_{os.getpid()}"
    connection = await asyncpg.connect(plain(url))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield with_database(url, name)
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


@asynccontextmanager
async def cloned(url: str, purpose: str) -> AsyncIterator[str]:
    """URL of a fresh database with the newest schema; gone at the end."""
    async with created(url, purpose, template=await ensure_template(url)) as made:
        yield made
