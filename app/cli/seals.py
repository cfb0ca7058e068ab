"""`verify`: recompute every seal, and name what was tampered with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.cli.console import load_settings

if TYPE_CHECKING:
    from app.services.seals import Verification


def verify(
    stream: Annotated[
        str | None, typer.Option(help="只查一条链（区划代码或 national）· One stream only.")
    ] = None,
) -> None:
    """核验封存链，有误则返回 1 · Verify the seals; exits with 1 if anything was altered."""
    settings = load_settings()
    with database.open_server(settings) as server:
        database.make_ready(server.as_found(), settings.mode)
        found = asyncio.run(_verify(server.url, stream))
    for name, count in sorted(found.seals.items()):
        typer.echo(f"{name:<10}{count:>12}")
    for breach in found.breaches:
        typer.echo(str(breach), err=True)
    if found.breaches:
        raise typer.Exit(1)
    typer.echo("封存链完好 · all seals hold")


async def _verify(url: str, stream: str | None) -> Verification:
    from app.infra.db import Database
    from app.services import seals

    opened = Database(url, pool_size=1, read_pool_size=1, statement_timeout_ms=0)
    try:
        async with opened.read() as unit:
            return await seals.verify(unit.session, stream)
    finally:
        await opened.close()
