"""`serve`: the service, its worker and, where no database is named, its own PostgreSQL, by one command."""

from __future__ import annotations

import contextlib
import errno
import importlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Annotated

import typer

from app.cli import database
from app.cli.console import Refusal, load_settings, prepare_data_dir
from app.config import Mode


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址 · Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="端口 · Port; 0 takes a free one.")
    ] = None,
    worker: Annotated[bool, typer.Option(help="同时运行后台进程 · Run the worker too.")] = True,
    story: Annotated[
        bool,
        typer.Option(help="首次启动时录入 2018–2022 年示例 · Fill a new sandbox with the sample years."),
    ] = True,
    embedded: Annotated[
        bool,
        typer.Option(
            help="未指定数据库时启动内置 PostgreSQL · Start the embedded PostgreSQL if no database is named."
        ),
    ] = True,
) -> None:
    """启动服务 · Start the service, its worker and, if no database is named, an embedded PostgreSQL."""
    began = time.monotonic()
    settings = load_settings()
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update=changes)
    if settings.mode is Mode.sandbox:
        prepare_data_dir(settings)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(bind(settings.host, settings.port))
        loading = stack.enter_context(_loading()) if settings.database_url is None else None
        server = stack.enter_context(database.open_server(settings, embedded=embedded))
        if loading is not None:
            loading.result()
        database.make_ready(server, settings.mode)
        from app.cli.service import Instance, run

        run(Instance(settings, server, listener, began=began, worker=worker, story=story and worker))


@contextlib.contextmanager
def _loading() -> Iterator[Future[ModuleType]]:
    """Import the service in a thread, a second's work to be done while PostgreSQL starts."""
    with ThreadPoolExecutor(1) as helper:
        yield helper.submit(importlib.import_module, "app.cli.service")


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything is started. Raises `Refusal` when somebody else has it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] is not socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise Refusal(
            f"端口 {port} 已被占用：请停止占用它的程序，或换一个端口，例如 --port {port + 1}。"
            if taken
            else f"无法监听 {host}:{port}（{error.strerror}）。",
            f"port {port} is taken: stop the program that uses it, or choose another, e.g. --port {port + 1}."
            if taken
            else f"cannot listen on {host}:{port} ({error.strerror}).",
        ) from error
    return listener
