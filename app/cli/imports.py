"""`import`: published registers and recorded documents, from CSV files with their provenance."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.cli.console import Refusal, load_settings
from app.domain.errors import DomainError
from app.domain.imports import ImportKind

if TYPE_CHECKING:
    from app.config import Settings
    from app.services.imports import Summary

SOME_REFUSED = 2
"""Exit code when rows were refused; everything else of the file is in."""

app = typer.Typer(
    help="导入登记数据（CSV）· Import registers from CSV files.",
    no_args_is_help=True,
)

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV 文件 · The CSV file."),
]
Errors = Annotated[
    Path | None,
    typer.Option(
        help="未接收的行写入此文件，默认 <FILE>.errors.csv · Where refused rows go.", dir_okay=False
    ),
]


@app.command("parties")
def parties(file: File, errors: Errors = None) -> None:
    """导入机构（统一社会信用代码）· Organisations by their unified social credit codes."""
    _import(ImportKind.parties, file, errors)


@app.command("patents")
def patents(file: File, errors: Errors = None) -> None:
    """导入中国专利 · Chinese patents."""
    _import(ImportKind.patents, file, errors)


@app.command("trademarks")
def trademarks(file: File, errors: Errors = None) -> None:
    """导入商标（各局）· Trademarks of any office."""
    _import(ImportKind.trademarks, file, errors)


@app.command("recordals")
def recordals(file: File, errors: Errors = None) -> None:
    """导入登记事项：转移、质押、解除等 · Recorded transfers, pledges, releases and changes of name."""
    _import(ImportKind.recordals, file, errors)


def _import(kind: ImportKind, file: Path, errors: Path | None) -> None:
    settings = load_settings()
    started = time.monotonic()
    with database.open_server(settings) as server:
        database.make_ready(server, settings.mode)
        try:
            summary = asyncio.run(_run(settings, server.url, kind, file, errors))
        except DomainError as refused:
            raise Refusal(refused.zh, refused.en) from refused
        except OSError as error:
            place = errors or file.parent
            raise Refusal(
                f"无法读取 {file} 或写入 {place}（{error.strerror}）；可用 --errors 另指定文件。",
                f"{file} cannot be read or {place} not be written ({error.strerror}); see --errors.",
            ) from error
    _tell(summary, time.monotonic() - started)
    if summary.refused:
        raise typer.Exit(SOME_REFUSED)


async def _run(settings: Settings, url: str, kind: ImportKind, file: Path, errors: Path | None) -> Summary:
    from app.infra.db import Database
    from app.services import imports

    opened = Database(
        url, pool_size=1, read_pool_size=1, statement_timeout_ms=max(settings.statement_timeout_ms, 120_000)
    )
    try:
        return await imports.run(opened, kind, file, errors=errors, progress=_Meter())
    finally:
        await opened.close()


class _Meter:
    """Rows done and rows a second, on standard error; one line that renews itself on a terminal."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._end = "\r" if sys.stderr.isatty() else "\n"

    def __call__(self, rows: int) -> None:
        rate = rows / max(time.monotonic() - self._started, 0.001)
        typer.echo(f"{rows} 行 · rows, {rate:.0f}/s{self._end}", err=True, nl=False)


def _tell(summary: Summary, seconds: float) -> None:
    """What became of the file; the last line is the summary."""
    for one in summary.differences:
        typer.echo(f"  {one['noun']} {one['number']} {one['field']}: {one['old']} -> {one['new']}")
    for title, counts in (("未接收 · refused", summary.codes), ("其中 · among them", summary.counts)):
        told = ", ".join(f"{name}={count}" for name, count in sorted(counts.items()) if count)
        if told:
            typer.echo(f"{title}: {told}")
    if summary.errors is not None:
        typer.echo(f"改正后可再次导入 · mend and import again: {summary.errors}")
    changes = ", ".join(f"{name} {count}" for name, count in sorted(summary.changes.items()))
    typer.echo(
        f"{summary.file}: {summary.rows} 行 · rows, 接收 accepted {summary.accepted}"
        f"{f' ({changes})' if changes else ''}, 未变 unchanged {summary.unchanged}, "
        f"未接收 refused {summary.refused}, {seconds:.1f} s"
    )
