"""The running service: Uvicorn on the address taken, and the worker beside it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from app.cli import database, sandbox
from app.cli.demo.caller import Refused
from app.cli.demo.telling import READY, SAMPLE_DATA, tell_to
from app.cli.worker import Supervisor
from app.config import Mode, Settings
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer, load_or_create_seed
from app.main import create_app

log = structlog.get_logger()

FINISH_SECONDS = 20
"""How long requests in flight may take once the service is told to stop."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What is about to serve: settings, database, the address taken, and when the start began."""

    settings: Settings
    server: database.Server
    listener: socket.socket
    began: float
    worker: bool
    story: bool

    @property
    def base_url(self) -> str:
        """How a client on this machine reaches the service."""
        host, port = self.listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Service(uvicorn.Server):
    """Uvicorn that says when it listens, and does not die of the signal that told it to stop."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let signals end the service; what is beside it is ended afterwards, in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def run(instance: Instance) -> None:
    """Serve until a signal says stop: then accept nothing more, finish what is in flight, end the worker."""
    settings = instance.settings
    given = settings.signing_key
    seed = given.get_secret_value() if given else load_or_create_seed(settings.data_dir / "signing.key")
    opened = Database(
        instance.server.url,
        pool_size=settings.pool_size,
        read_pool_size=settings.read_pool_size,
        lock_timeout_ms=settings.lock_timeout_ms,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    tokens = TokenIssuer(seed, issuer=settings.issuer, seconds=settings.token_seconds)
    press = CertificatePress(
        seed,
        public_url=settings.public_url or instance.base_url,
        sample=settings.mode is Mode.sandbox,
    )
    app = create_app(settings, opened, tokens, press)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(instance, opened, app, config))
    typer.echo("已停止 · stopped")


async def _serve(instance: Instance, opened: Database, app: FastAPI, config: uvicorn.Config) -> None:
    sample = None
    if instance.settings.mode is Mode.sandbox:
        file = instance.settings.data_dir / sandbox.FILE
        sample = await sandbox.fill(opened, file, instance.base_url, story=instance.story)
    app.state.filling = sample is not None and sample["story"] == sandbox.Story.pending
    supervisor = Supervisor()
    tasks: list[asyncio.Task[None]] = []

    def on_listening() -> None:
        if instance.worker:
            supervisor.start()
        if app.state.filling and sample is not None:
            tasks.append(asyncio.create_task(_fill_in(app, service, sample, instance)))
        else:
            announce(instance, sample)

    service = Service(config, on_listening)
    try:
        await service.serve(sockets=[instance.listener])
    finally:
        for task in tasks:
            task.cancel()
        await supervisor.stop()


async def _fill_in(app: FastAPI, service: Service, sample: dict[str, Any], instance: Instance) -> None:
    """Tell a new sandbox its story; until it is told, the service answers but says that it is not ready.

    A story cut off because the service ends stays pending, which the next start reports.
    """

    def say(what: str) -> None:
        typer.echo(f"{SAMPLE_DATA}{what}")

    say("2018–2022 …")
    try:
        await tell_to(sample, say)
        sample["story"] = sandbox.Story.told
    except Exception as error:  # whatever it is, the service must not stay unready without a word
        if service.should_exit:
            return
        log.exception("sandbox.story_failed")
        say(str(error) if isinstance(error, Refused) else repr(error))
        sample["story"] = sandbox.Story.failed
    sandbox.mark(instance.settings.data_dir / sandbox.FILE, sample["story"])
    app.state.filling = False
    announce(instance, sample)


def announce(instance: Instance, sample: dict[str, Any] | None) -> None:
    """Print where everything is."""
    mode = {Mode.sandbox: "沙箱 sandbox", Mode.live: "正式 live"}[instance.settings.mode]
    base = instance.base_url
    lines = [
        f"{READY} · ready ({mode}, {time.monotonic() - instance.began:.1f} s)",
        f"  服务 service       {base}",
        f"  接口 OpenAPI       {base}/openapi.json",
        f"  令牌 tokens        {base}/v1/oauth/token",
        f"  状态 health        {base}/healthz  /readyz  /metrics",
    ]
    if instance.server.embedded:
        lines.append(
            f"  数据库 database    内置 PostgreSQL · embedded, {instance.settings.data_dir / 'postgres'}"
        )
    if sample is not None:
        file = instance.settings.data_dir / sandbox.FILE
        lines.append(f"  凭据 credentials   {file}  示例客户端的密钥 · secrets of the sample clients:")
        lines += [f"    {one['client_id']:<26}{one['name']}" for one in sample["clients"].values()]
        if sample["story"] == sandbox.Story.failed:
            lines += _incomplete(instance)
    typer.echo("\n".join([*lines, "按 Ctrl-C 停止 · Ctrl-C stops it"]))


def _incomplete(instance: Instance) -> list[str]:
    """The sample years are half there, in a sandbox that otherwise works, and what helps."""
    if instance.server.embedded:
        zh, en = "删除数据目录", "delete the data folder"
    else:
        zh, en = "清空数据库并删除数据目录", "empty the database and delete the data folder"
    folder = instance.settings.data_dir
    return [
        f"{SAMPLE_DATA}不完整：请停止服务，{zh} {folder} 后重新启动",
        f"{SAMPLE_DATA}incomplete: stop the service, {en} {folder} and start again",
    ]
