"""The database of an instance: found or started, migrated to the schema of this version, and of one mode."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import Refusal, load_settings, prepare_data_dir
from app.config import Mode, Settings
from app.domain.errors import DomainError

if TYPE_CHECKING:
    import asyncpg

    from app.infra.db import Unit

ROOT = Path(__file__).parents[2]
NAME = "ipops"
OLDEST_SERVER = 15
_REVISION = re.compile(r"""^(revision|down_revision)\b[^=\n]*= ["'](\w+)["']""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the instance's database is. `owner_url` is None where only `migrate` may change the schema."""

    url: str
    owner_url: str | None
    embedded: bool

    def as_found(self) -> Server:
        """The same for commands that must not change the schema."""
        return replace(self, owner_url=None)


@dataclass(frozen=True, slots=True)
class State:
    """What a database is: its revision (None: empty) and its mode (None: not said yet)."""

    revision: str | None
    mode: str | None


@contextmanager
def open_server(settings: Settings, *, embedded: bool = True) -> Iterator[Server]:
    """The server the settings name, or the embedded one, which runs at least as long as the block.

    Raises `Refusal` when there is neither.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        owner = settings.owner_database_url
        own = url if settings.mode is Mode.sandbox else None
        yield Server(url, owner.get_secret_value() if owner else own, embedded=False)
        return
    if not embedded:
        raise Refusal(
            "未设置 IPOPS_DATABASE_URL，而 --no-embedded 不允许启动内置 PostgreSQL。",
            "IPOPS_DATABASE_URL is not set, and --no-embedded forbids the embedded PostgreSQL.",
        )
    from app.infra.postgres import EmbeddedPostgres, EmbeddedPostgresFailed, EmbeddedPostgresUnavailable

    prepare_data_dir(settings)
    postgres = EmbeddedPostgres(settings.data_dir / "postgres")
    try:
        postgres.start()
    except EmbeddedPostgresUnavailable as error:
        raise Refusal(*str(error).split("\n", 1)) from error
    except EmbeddedPostgresFailed as error:
        raise Refusal(
            "内置 PostgreSQL 未能启动，原因见下。", f"the embedded PostgreSQL failed: {error}"
        ) from error
    try:
        yield Server(postgres.url(NAME), postgres.url(NAME), embedded=True)
    finally:
        postgres.stop()


def make_ready(server: Server, mode: Mode) -> None:
    """Migrate the database if it is behind, and make sure that it is an instance of `mode`.

    Raises `Refusal` when it is of the other mode, of a newer version, or behind and not ours to change.
    """
    state = asyncio.run(read_state(server))
    newest, known = revisions()
    if state.revision not in {None, *known}:
        raise Refusal(
            f"数据库的结构版本 {state.revision} 比本程序新，请使用相应版本的程序。",
            f"the database's schema {state.revision} is newer than this program: use the newer program.",
        )
    if (state.revision == newest and state.mode is not None) or server.owner_url is None:
        _refuse_unless(state, newest, mode)
        return
    if state.mode is not None:
        _refuse_other(state.mode, mode)
    if state.revision != newest:
        upgrade(server.owner_url)
    asyncio.run(_settle(server.owner_url, mode))


def _refuse_unless(state: State, newest: str, mode: Mode) -> None:
    if state.revision != newest or state.mode is None:
        raise Refusal(
            f"数据库的结构版本为 {state.revision or '空'}，应为 {newest}。请先以表所有者身份运行："
            "IPOPS_OWNER_DATABASE_URL=... python -m app.cli migrate",
            f"the database is at schema {state.revision or 'none'}, this program needs {newest}. "
            "First run, as the owner of the tables: IPOPS_OWNER_DATABASE_URL=... python -m app.cli migrate",
        )
    _refuse_other(state.mode, mode)


def _refuse_other(found: str, mode: Mode) -> None:
    if found != mode:
        raise Refusal(
            f"该数据库属于 {found} 实例，而 IPOPS_MODE 为 {mode}。"
            "沙箱与正式数据不可混用，一个数据库建成后不再改变。",
            f"this database belongs to a {found} instance, but IPOPS_MODE is {mode}. "
            "Sandbox and live data never mix; a database keeps the mode it was created with.",
        )


def revisions() -> tuple[str, frozenset[str]]:
    """The newest revision and all of them, read from the files: much faster than asking Alembic."""
    found: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for file in (ROOT / "migrations" / "versions").glob("*.py"):
        for name, value in _REVISION.findall(file.read_text(encoding="utf-8")):
            found[name].add(value)
    (newest,) = found["revision"] - found["down_revision"]
    return newest, frozenset(found["revision"])


async def connect(url: str) -> asyncpg.Connection:
    """A connection beside the engines. Raises `Refusal` when the server does not let us in or is too old."""
    import asyncpg

    try:
        connection = await asyncpg.connect(re.sub(r"^postgres(ql)?(\+asyncpg)?://", "postgresql://", url))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Refusal(
            f"无法连接数据库（{error}）。请检查 IPOPS_DATABASE_URL 与数据库服务。",
            f"the database cannot be reached ({error}). Check IPOPS_DATABASE_URL and the server.",
        ) from error
    if connection.get_server_version().major < OLDEST_SERVER:
        await connection.close()
        raise Refusal("需要 PostgreSQL 15 或更高版本。", "PostgreSQL 15 or newer is needed.")
    return connection


async def read_state(server: Server) -> State:
    """What the database is; makes an empty one on the embedded server where there is none."""
    if server.embedded:
        await _create(server.url)
    connection = await connect(server.url)
    try:
        there = "SELECT to_regclass('public.' || $1) IS NOT NULL"
        versioned = await connection.fetchval(there, "alembic_version")
        settled = await connection.fetchval(there, "instance")
        return State(
            await connection.fetchval("SELECT version_num FROM alembic_version") if versioned else None,
            await connection.fetchval("SELECT mode FROM instance") if settled else None,
        )
    finally:
        await connection.close()


async def _create(url: str) -> None:
    connection = await connect(url.replace(f"/{NAME}?", "/postgres?"))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", NAME):
            await connection.execute(f"CREATE DATABASE {NAME}")
    finally:
        await connection.close()


async def _settle(url: str, mode: Mode) -> None:
    """Write down the mode of a new instance, once and for all."""
    connection = await connect(url)
    try:
        await connection.execute(
            "INSERT INTO instance (id, mode) VALUES (1, $1) ON CONFLICT DO NOTHING", mode.value
        )
        found = await connection.fetchval("SELECT mode FROM instance")
    finally:
        await connection.close()
    _refuse_other(found, mode)


def upgrade(url: str) -> None:
    """Run the migrations up to the newest, as the owner; one process at a time does it."""
    from alembic import command
    from alembic.config import Config

    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def transact(work: Callable[[Unit], Awaitable[None]]) -> None:
    """Do `work` in one transaction on the instance's database; what the system refuses is a `Refusal`."""
    from sqlalchemy.exc import DBAPIError

    from app.errors import from_database
    from app.infra.db import Database

    async def run(url: str) -> None:
        opened = Database(url, pool_size=1, read_pool_size=1)
        try:
            async with opened.write() as unit:
                await work(unit)
        finally:
            await opened.close()

    settings = load_settings()
    with open_server(settings) as server:
        make_ready(server.as_found(), settings.mode)
        try:
            asyncio.run(run(server.url))
        except DomainError as refusal:
            raise Refusal(refusal.zh, refusal.en) from refusal
        except DBAPIError as error:
            known = from_database(error)
            if known is None:
                raise
            raise Refusal(known.zh, known.en) from error


def migrate(
    mode: Annotated[
        Mode | None, typer.Option(help="新库的类型，默认取 IPOPS_MODE · What a new database becomes.")
    ] = None,
) -> None:
    """把数据库升级到最新结构（以表所有者身份）· Bring the database to the newest schema, as its owner."""
    settings = load_settings()
    with open_server(settings) as server:
        owned = replace(server, owner_url=server.owner_url or server.url)
        make_ready(owned, mode or settings.mode)
    typer.echo(f"数据库已是最新 · the database is at {revisions()[0]} ({(mode or settings.mode).value})")
