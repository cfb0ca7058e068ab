"""`verify`: recompute every seal and check every invariant, and name what does not hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.cli.console import load_settings
from app.queries import integrity
from app.queries.integrity import CHECKS

if TYPE_CHECKING:
    from app.queries.integrity import Finding
    from app.services.seals import Verification


def verify(
    stream: Annotated[
        str | None, typer.Option(help="只查一条链（区划代码或 national）· One stream only.")
    ] = None,
) -> None:
    """核验封存链与数据一致性，有误则返回 1 · Verify seals and invariants; exits with 1 on any fault."""
    settings = load_settings()
    with database.open_server(settings) as server:
        database.make_ready(server.as_found(), settings.mode)
        found, findings = asyncio.run(_verify(server.url, stream))
    for name, count in sorted(found.seals.items()):
        typer.echo(f"{name:<10}{count:>12}")
    for breach in found.breaches:
        typer.echo(str(breach), err=True)
    for finding in findings:
        typer.echo(f"{finding.check}  {finding.subject}  {finding.detail}", err=True)
    if found.breaches or findings:
        raise typer.Exit(1)
    typer.echo(f"封存链完好，{len(CHECKS)} 项一致性检查通过 · all seals hold, {len(CHECKS)} invariants hold")


async def _verify(url: str, stream: str | None) -> tuple[Verification, list[Finding]]:
    from app.infra.db import Database
    from app.services import seals

    opened = Database(url, pool_size=1, read_pool_size=1, statement_timeout_ms=0)
    try:
        async with opened.read() as unit:
            return await seals.verify(unit.session, stream), await integrity.findings(unit.session)
    finally:
        await opened.close()
