"""The embedded PostgreSQL on real folders, real processes and real signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.infra import postgres
from app.infra.postgres import EmbeddedPostgres, EmbeddedPostgresUnavailable

pytestmark = pytest.mark.committed

# One process of its own: start, tell the URL, wait for a line or Ctrl-C, tell whether the server is there, leave.
USER = """
import sys
from pathlib import Path
from app.infra.postgres import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
try:
    print(server.start(), flush=True)
    sys.stdin.readline()
except KeyboardInterrupt:
    pass
print(server.is_running(), flush=True)
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pg")


@contextmanager
def user_process(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-c", USER, str(data_dir)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path.cwd(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    stream: IO[str] | None = process.stdout
    assert stream is not None
    return stream.readline().strip()


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=10)
    assert process.returncode == 0


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def socket_folder(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))


async def ask(url: str, *statements: str) -> object:
    *first, last = statements
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        for statement in first:
            await connection.execute(text(statement))
        result = await connection.execute(text(last))
        return result.scalar() if result.returns_rows else None


async def test_serves_utf8_in_a_locale_of_its_own_and_stops_cleanly(data_dir: Path) -> None:
    with EmbeddedPostgres(
        data_dir, durable=False, max_connections=33, settings={"work_mem": "7MB"}
    ) as server:
        url = server.url("postgres")
        collation = (
            "select concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale, datctype)"
        )
        assert (
            await ask(url, f"{collation} from pg_database where datname = 'postgres'") == "UTF8 b C.UTF-8 C"
        )
        names = "'max_connections', 'work_mem', 'jit', 'fsync', 'listen_addresses', 'TimeZone'"
        settings = f"select string_agg(setting, ' ' order by name) from pg_settings where name in ({names})"
        assert await ask(url, settings) == "UTC off off  33 7168"
    assert not server.is_running()
    assert not (data_dir / "cluster" / "postmaster.pid").exists()
    assert "database system is shut down" in (data_dir / "server.log").read_text()


async def test_durable_unless_told_otherwise_and_reached_through_a_path_too_long_for_a_socket(
    tmp_path: Path,
) -> None:
    with EmbeddedPostgres(tmp_path / f"数据 'x' {'long' * 25}") as server:
        names = "'fsync', 'full_page_writes', 'synchronous_commit'"
        settings = f"select string_agg(setting, ' ') from pg_settings where name in ({names})"
        url = server.url("postgres")
        assert await ask(url, settings) == "on on on"
        assert str(tmp_path) not in url
    assert not socket_folder(url).exists()


async def test_processes_share_a_server_that_outlives_the_first_and_stops_with_the_last(
    data_dir: Path,
) -> None:
    observer = EmbeddedPostgres(data_dir)
    with user_process(data_dir) as first, user_process(data_dir) as second:
        assert said(first) == (url := said(second)) == observer.url("postgres")
        pid = server_pid(data_dir)
        leave(first)
        assert await ask(url, "select 1") == 1
        assert server_pid(data_dir) == pid
        leave(second)
    assert not observer.is_running()


def test_a_killed_process_is_not_counted(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, durable=False)
    with user_process(data_dir) as other:
        said(other)
        server.start()
        other.kill()
        other.wait()
    assert server.is_running()
    server.stop()
    assert not server.is_running()


def test_ctrl_c_leaves_the_server_to_the_process_that_finishes_its_work(data_dir: Path) -> None:
    with user_process(data_dir) as foreground:
        said(foreground)
        os.killpg(foreground.pid, signal.SIGINT)
        assert said(foreground) == "True"
        foreground.wait(10)
    assert not EmbeddedPostgres(data_dir).is_running()


@pytest.mark.parametrize("reused", [False, True], ids=["pid free", "pid reused"])
async def test_a_killed_server_recovers_on_the_next_start(data_dir: Path, *, reused: bool) -> None:
    with EmbeddedPostgres(data_dir) as server:
        url = server.url("postgres")
        await ask(url, "drop table if exists kept", "create table kept as select 42 as answer")
        os.kill(killed := server_pid(data_dir), signal.SIGKILL)
        if reused:
            pid_file = data_dir / "cluster" / "postmaster.pid"
            pid_file.write_text(pid_file.read_text().replace(str(killed), str(os.getpid()), 1))
        assert server.start() == url
        assert await ask(url, "select answer from kept") == 42
        assert server_pid(data_dir) != killed


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "cluster.new").mkdir()
    (tmp_path / "cluster.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert server.is_running()


@pytest.mark.parametrize("installed", [False, True], ids=["no wheel", "no build for the platform"])
def test_says_what_to_set_when_there_is_no_server_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, installed: bool
) -> None:
    if installed:
        (tmp_path / "hollow_wheel").mkdir()
        monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(postgres, "_WHEEL", "hollow_wheel")
    with pytest.raises(
        EmbeddedPostgresUnavailable, match=r"内置 PostgreSQL 不可用.*IPOPS_DATABASE_URL"
    ) as refusal:
        EmbeddedPostgres(tmp_path / "pg").start()
    assert "unavailable" in str(refusal.value)
    assert not (tmp_path / "pg").exists()
