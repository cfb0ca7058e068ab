"""What the worker, and what an owner with the triggers switched off, can do to a test's transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from app.infra.db import Unit
from app.queries.driver import driver
from app.services import seals


@asynccontextmanager
async def as_role(unit: Unit, role: str) -> AsyncIterator[None]:
    """Work as another role; `none` is whoever logged in, the owner."""
    await unit.session.flush()
    await unit.session.execute(text(f"SET LOCAL ROLE {role}"))
    yield
    await unit.session.execute(text("SET LOCAL ROLE ipops_app"))


async def seal_all(unit: Unit) -> int:
    """Seal the whole tail in the worker's role."""
    await unit.session.flush()
    done = 0
    async with as_role(unit, "ipops_worker"):
        while sealed := await seals.seal(unit.session, moment=unit.moment):
            done += sealed
    return done


async def tamper(unit: Unit, statement: str, *arguments: Any) -> None:
    """Change sealed rows as an owner can: with the triggers switched off."""
    async with as_role(unit, "none"):
        connection = await driver(unit.session)
        await connection.execute("SET LOCAL session_replication_role = replica")
        done = await connection.execute(statement, *arguments)
        assert done.split()[-1] == "1", done
        await connection.execute("SET LOCAL session_replication_role = origin")
