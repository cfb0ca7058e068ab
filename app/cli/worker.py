"""`worker`: the process beside the service, and how the service keeps one running."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Annotated

import structlog
import typer

from app.cli import database
from app.cli.console import load_settings
from app.config import Settings

log = structlog.get_logger()

STOP_SECONDS = 20
"""How long a worker may take to finish what it is doing."""
LIVED_WELL_SECONDS = 60
LONGEST_PAUSE_SECONDS = 30


def work(
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """运行后台进程 · Run the worker: sealing and business-date jobs."""
    settings = load_settings()
    if supervised:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    with database.open_server(settings) as server:
        database.make_ready(server.as_found(), settings.mode)
        asyncio.run(_run(server.url, settings))


def _end_with_parent() -> None:
    """Wait for the other end of standard input to close, which a killed parent cannot forget, then leave."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)


async def _run(url: str, settings: Settings) -> None:
    from app.infra.roots import RootFolder, RootSigner
    from app.infra.security import load_or_create_seed
    from app.worker import Worker

    given = settings.signing_key
    seed = given.get_secret_value() if given else load_or_create_seed(settings.data_dir / "signing.key")
    folder = settings.roots_folder
    worker = Worker(url, signer=RootSigner(seed), folder=RootFolder(folder) if folder else None)
    task = asyncio.create_task(worker.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    await task


class Supervisor:
    """Keeps one worker process running while the block lasts, with pauses that grow while it keeps dying."""

    def __init__(self) -> None:
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the process itself starts soon after."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the worker, giving it time to finish."""
        self._stopping = True
        if self._task is None:
            return
        if self._process is None:  # between two lives
            self._task.cancel()
        else:
            with suppress(ProcessLookupError):
                self._process.terminate()
        _, late = await asyncio.wait({self._task}, timeout=STOP_SECONDS)
        if late and self._process is not None:
            log.error("worker.killed", waited_seconds=STOP_SECONDS)
            self._process.kill()
            await asyncio.wait(late)

    async def _keep(self) -> None:
        pause = 1
        while not self._stopping:
            started = time.monotonic()
            status = await self._live()
            if self._stopping:
                return
            lived = time.monotonic() - started
            pause = 1 if lived > LIVED_WELL_SECONDS else min(2 * pause, LONGEST_PAUSE_SECONDS)
            log.error("worker.died", status=status, lived_seconds=round(lived, 1), restart_in_seconds=pause)
            await asyncio.sleep(pause)

    async def _live(self) -> int:
        command = (sys.executable, "-m", "app.cli", "worker", "--supervised")
        # Its own session: Ctrl-C reaches the service alone, which then ends the worker in its turn.
        self._process = process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            return await process.wait()
        finally:
            self._process = None
