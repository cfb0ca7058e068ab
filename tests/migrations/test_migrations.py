"""The chain of migrations: one line, there and back, and in step with the models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.support.server import ROOT, created, plain

FOLDER = ROOT / "migrations"
SCRIPTS = ScriptDirectory(str(FOLDER))
CHAIN = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


@pytest.fixture(scope="module")
async def scratch(server_url: str) -> AsyncIterator[str]:
    """An empty database on a server that already has the roles."""
    async with created(server_url, "migrations") as made:
        yield made


async def alembic(url: str, step: Callable[..., Any], *arguments: str) -> None:
    """Run one Alembic command on that database (it runs an event loop of its own)."""
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = url
    await asyncio.to_thread(step, config, *arguments)


async def ask(url: str, question: str) -> Any:
    connection = await asyncpg.connect(plain(url))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def test_there_is_one_head_and_its_name_is_written_down() -> None:
    """Two branches that both add a migration collide in `migrations/HEAD`, not in production."""
    [head] = SCRIPTS.get_heads()
    newest = SCRIPTS.get_revision(head)
    stem = (FOLDER / "HEAD").read_text(encoding="utf-8").strip()
    assert newest.path.endswith(f"/{stem}.py")
    assert stem.startswith(f"{head}_")


def test_the_files_are_numbered_as_they_follow_each_other() -> None:
    assert sorted(CHAIN) == CHAIN
    assert len(CHAIN) == len(list((FOLDER / "versions").glob("*.py")))


async def test_every_migration_goes_up_down_and_up(scratch: str) -> None:
    """Stairway: each downgrade undoes what its upgrade did, so that the upgrade works again."""
    for revision in CHAIN:
        await alembic(scratch, command.upgrade, revision)
        await alembic(scratch, command.downgrade, "-1")
        await alembic(scratch, command.upgrade, revision)
    await alembic(scratch, command.downgrade, "base")
    left = await ask(
        scratch,
        "SELECT array_agg(relname::text) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic_version%'",
    )
    functions = await ask(scratch, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert (left, functions) == (None, 0)


async def test_the_models_and_the_migrations_agree(scratch: str) -> None:
    await alembic(scratch, command.upgrade, "head")
    await alembic(scratch, command.check)


async def test_roles_that_exist_already_get_their_grants(scratch: str) -> None:
    """Roles belong to the server, grants to the database: a second database needs its own."""
    await alembic(scratch, command.upgrade, "head")
    granted = await ask(
        scratch,
        "SELECT array_agg(has_table_privilege(role, 'events', 'INSERT') ORDER BY role)"
        " FROM unnest(ARRAY['ipops_app', 'ipops_read', 'ipops_worker']) AS role",
    )
    seen = await ask(scratch, "SELECT has_table_privilege('ipops_read', 'parties', 'SELECT')")
    assert (granted, seen) == ([True, False, True], True)
