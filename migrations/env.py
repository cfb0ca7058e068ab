"""Runs migrations: one at a time (advisory lock), each in its own transaction, as the schema's owner.

The URL comes from the caller (`config.attributes["url"]`) or from IPOPS_OWNER_DATABASE_URL /
IPOPS_DATABASE_URL.
"""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.infra.db import async_url
from app.models import Base

LOCK_KEY = 7_120_110
config = context.config


def run(connection: Connection) -> None:
    """Upgrade or compare on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async(url: str) -> None:
    """Hold the migration lock on one connection while migrating on it."""
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
            await connection.execute(text("SET lock_timeout = '4s'"))
            await connection.execute(text("SET statement_timeout = '30s'"))
            await connection.commit()
            await connection.run_sync(run)
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
            await connection.commit()
    finally:
        await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    given = config.attributes.get("url")
    url = given or os.environ.get("IPOPS_OWNER_DATABASE_URL") or os.environ.get("IPOPS_DATABASE_URL")
    if not url:
        raise SystemExit("set IPOPS_DATABASE_URL, or migrate through `python -m app.cli migrate`")
    asyncio.run(run_async(url))
