"""The server, the database and the service that the benchmarks run on, gone at the end."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.cli.database import ROOT, Server, make_ready
from app.config import Mode
from app.domain.permission import Actor, Role, permissions_of
from app.infra.db import Database
from app.infra.postgres import EmbeddedPostgres
from app.infra.security import TokenIssuer, new_secret, secret_digest
from app.services import sandbox
from benchmarks.runner import CONNECTIONS, Sizes

if TYPE_CHECKING:
    from app.services.sandbox import SampleClient

ISSUER = "ipops"
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Bench:
    """What a benchmark works with. `owner` is a connection outside the application."""

    url: str
    folder: Path
    sizes: Sizes
    database: Database
    owner: asyncpg.Connection[Any]
    seed: str
    tokens: TokenIssuer
    samples: Mapping[str, SampleClient]

    @property
    def plain_url(self) -> str:
        """The URL as libpq reads it."""
        return plain(self.url)

    def actor(self, role: str) -> Actor:
        """The sample organisation of that role."""
        sample = self.samples[role]
        roles = frozenset(Role(name) for name in sample.client.roles)
        return Actor(
            client_id=sample.client.id,
            organisation_id=sample.organisation.id,
            party_id=sample.organisation.party_id,
            district_code=sample.organisation.district_code,
            roles=roles,
            permissions=permissions_of(roles),
            request_id="bench",
        )

    def token(self, role: str) -> str:
        """An access token of that organisation with all its permissions."""
        actor = self.actor(role)
        return self.tokens.issue(actor, sorted(permission.value for permission in actor.permissions))

    async def settle(self) -> None:
        """Before a turn: no side pays for the pages that another has left dirty."""
        await self.owner.execute("CHECKPOINT")


def plain(url: str) -> str:
    """`url` without the driver's name."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """URL of the server: IPOPS_BENCH_DATABASE_URL, or an embedded one of its own with durable settings."""
    given = os.environ.get("IPOPS_BENCH_DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(folder / "postgres", durable=True) as started:
        yield started.url("postgres")


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """A migrated, empty database, dropped at the end."""
    name = f"ipops_bench_{secrets.token_hex(4)}"
    asyncio.run(_run(server_url, f"CREATE DATABASE {name}"))
    try:
        url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        make_ready(Server(url, url, embedded=False), Mode.sandbox)
        yield url
    finally:
        asyncio.run(_run(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(plain(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def open_bench(url: str, folder: Path, sizes: Sizes) -> Bench:
    """The database with the sample organisations in it."""
    database = Database(url, pool_size=CONNECTIONS, read_pool_size=CONNECTIONS)
    async with database.write() as unit:
        samples = await sandbox.add_organisations(
            unit.session, moment=unit.moment, new_secret=new_secret, digest=secret_digest
        )
    seed = secrets.token_urlsafe(32)
    tokens = TokenIssuer(seed, issuer=ISSUER, seconds=3600)
    owner = await asyncpg.connect(plain(url))
    return Bench(url, folder, sizes, database, owner, seed, tokens, samples)


@contextmanager
def service(bench: Bench) -> Iterator[int]:
    """The port of the service, started as anybody starts it: one process, its log in a file, no worker."""
    home = Path(tempfile.mkdtemp(dir=bench.folder))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = os.environ | {
        "IPOPS_DATABASE_URL": bench.url,
        "IPOPS_DATA_DIR": str(home),
        "IPOPS_SIGNING_KEY": bench.seed,
        "IPOPS_MODE": "sandbox",
        "IPOPS_ISSUER": ISSUER,
        "IPOPS_POOL_SIZE": str(CONNECTIONS),
    }
    command = [*_profiler(), "-m", "app.cli", "serve", "--no-worker", "--no-embedded", "--port", str(port)]
    with (home / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, cwd=ROOT, stdout=log, stderr=log
        )
        try:
            _wait(process, port, home / "service.log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _profiler() -> list[str]:
    """IPOPS_BENCH_PROFILE names a file for the service's cProfile statistics; the rates are then void."""
    file = os.environ.get("IPOPS_BENCH_PROFILE")
    return ["-m", "cProfile", "-o", file] if file else []


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the service did not start:\n{log.read_text()[-3000:]}")
