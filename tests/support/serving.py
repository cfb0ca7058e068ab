"""The command line as a user runs it, and services that run as processes of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support import server

PATIENCE_SECONDS = 60
"""A machine that runs other tests beside this may take long over anything."""


def command(data_dir: Path, *arguments: str, **settings: str) -> dict[str, Any]:
    """How to start the command line as a user does, with no settings of this machine and bytecode kept."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("IPOPS_")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        "args": [sys.executable, "-m", "app.cli", *arguments],
        "env": env | {"IPOPS_DATA_DIR": str(data_dir)} | settings,
        "cwd": server.ROOT,
        "text": True,
    }


def told(data_dir: Path, *arguments: str, **settings: str) -> str:
    """What a command prints that goes well."""
    started = command(data_dir, *arguments, **settings)
    done = subprocess.run(**started, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def values(printed: str) -> dict[str, str]:
    """What a command printed as `name=value`, a line each."""
    return dict(line.split("=", 1) for line in printed.splitlines())


def refused(data_dir: Path, *arguments: str, **settings: str) -> str:
    """Why a command does not do what it was asked; in words, not as a traceback."""
    started = command(data_dir, *arguments, **settings)
    done = subprocess.run(**started, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return str(done.stderr)


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is ready, what its `sandbox.json` says, and how long it took."""

    process: subprocess.Popen[str]
    sandbox: dict[str, Any]
    seconds: float

    @asynccontextmanager
    async def client(self, credentials: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
        """The API with a token for those credentials."""
        async with httpx.AsyncClient(base_url=self.sandbox["base_url"], timeout=20) as http:
            secret = (credentials["client_id"], credentials["client_secret"])
            form = {"grant_type": "client_credentials"}
            answer = await http.post(self.sandbox["token_url"], data=form, auth=secret)
            http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
            yield http


@dataclass(frozen=True, slots=True)
class Started:
    """A service that answers, though it may not be ready."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def said(self) -> str:
        """What it has printed and logged so far."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def starting(data_dir: Path, *options: str) -> Iterator[Started]:
    """The service on a free port, once it answers. At the end it is told to stop, unless it is gone by then."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    begun = command(data_dir, "serve", "--port", url.rsplit(":", maxsplit=1)[-1], *options)
    log = data_dir / "serve.log"
    with log.open("w") as output, subprocess.Popen(**begun, stdout=output, stderr=output) as process:
        started = Started(process, url, log)
        try:
            wait_for(f"{url}/healthz", started)
            yield started
            process.terminate()
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()


@contextmanager
def serving(data_dir: Path, *options: str, story: bool = False) -> Iterator[Running]:
    """The service once it is ready; a new sandbox has no story unless one is asked for."""
    began = time.monotonic()
    with starting(data_dir, *options, *([] if story else ["--no-story"])) as started:
        wait_for(f"{started.url}/readyz", started)
        seconds = time.monotonic() - began
        yield Running(started.process, json.loads((data_dir / "sandbox.json").read_text()), seconds)


def wait_for(url: str, started: Started) -> None:
    """Wait until the address answers well."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers(url):
        assert started.process.poll() is None, started.said()
        assert time.monotonic() < deadline, started.said()
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Whether somebody is there and content."""
    try:
        return httpx.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
