"""`ledger`: taking the books of a pool out of the system."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from app.cli import database
from app.cli.console import Refusal, load_settings
from app.domain.ledger_export import ExportFormat
from app.domain.permission import system_actor

app = typer.Typer(help="资金池账簿 · The books of pools.", no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """资金池账簿 · The books of pools."""


@app.command("export")
def export(
    pool: Annotated[str, typer.Option(help="资金池编号 · Number of the pool.")],
    to: Annotated[
        Path, typer.Option(dir_okay=False, help="写入的文件，不得已存在 · A file that is not there yet.")
    ],
    wanted: Annotated[
        ExportFormat, typer.Option("--format", help="csv 为表格的 ZIP 包 · csv comes as a ZIP of tables.")
    ] = ExportFormat.xlsx,
) -> None:
    """导出试算平衡、日记账与全部对账单 · Write trial balance, journals and every statement to a file."""
    from app.domain.errors import DomainError

    settings = load_settings()
    with database.open_server(settings) as server:
        database.make_ready(server.as_found(), settings.mode)
        try:
            _write(server.url, pool, wanted, to)
        except DomainError as refused:
            raise Refusal(f"{refused.zh}：{pool}", f"{refused.en} ({pool})") from refused
        except OSError as error:
            raise Refusal(
                f"无法写入 {to}：{error.strerror}", f"{to} cannot be written: {error.strerror}"
            ) from error
    typer.echo(f"{to}: {to.stat().st_size} bytes")


def _write(url: str, number: str, wanted: ExportFormat, to: Path) -> None:
    with to.open("xb") as file:
        try:
            asyncio.run(_export(url, number, wanted, file))
        except BaseException:
            to.unlink()  # half of the books is none
            raise


async def _export(url: str, number: str, wanted: ExportFormat, file: BinaryIO) -> None:
    from app.infra import ledger_files
    from app.infra.db import Database
    from app.queries import ledger_exports as queries
    from app.services import ledger_exports

    opened = Database(url, pool_size=1, read_pool_size=1, statement_timeout_ms=0)
    actor = system_actor("cli")
    try:
        async with opened.read() as unit:
            pool = await queries.pool_of(unit.session, number)
            books = await queries.books(unit.session, pool, moment=unit.moment, taken_by="cli")
            await ledger_files.write(books, wanted, file)
        async with opened.write() as writing:
            await ledger_exports.record(
                writing.session,
                actor=actor,
                moment=writing.moment,
                pool_id=pool.id,
                district_code=pool.district_code,
                head=books.head,
                wanted=wanted,
            )
    finally:
        await opened.close()
