"""`import`: registers, recorded documents and announcements from CSV files, with their provenance."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
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

Differences = Annotated[
    Path | None,
    typer.Option(
        help="与登记簿不一致之处写入此 CSV · Where the differences from the register go.", dir_okay=False
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="只校验和比对，不写入登记簿 · Judge and compare, and keep nothing."),
]


@app.command("parties")
def parties(
    file: File, errors: Errors = None, differences: Differences = None, dry_run: DryRun = False
) -> None:
    """导入机构（统一社会信用代码）· Organisations by their unified social credit codes."""
    _import(ImportKind.parties, file, _Wanted(errors, differences, dry_run))


@app.command("patents")
def patents(
    file: File, errors: Errors = None, differences: Differences = None, dry_run: DryRun = False
) -> None:
    """导入中国专利 · Chinese patents."""
    _import(ImportKind.patents, file, _Wanted(errors, differences, dry_run))


@app.command("trademarks")
def trademarks(
    file: File, errors: Errors = None, differences: Differences = None, dry_run: DryRun = False
) -> None:
    """导入商标（各局）· Trademarks of any office."""
    _import(ImportKind.trademarks, file, _Wanted(errors, differences, dry_run))


@app.command("recordals")
def recordals(
    file: File, errors: Errors = None, differences: Differences = None, dry_run: DryRun = False
) -> None:
    """导入登记事项：转移、质押、解除等 · Recorded transfers, pledges, releases and changes of name."""
    _import(ImportKind.recordals, file, _Wanted(errors, differences, dry_run))


@app.command("legal_events")
def legal_events(
    file: File, errors: Errors = None, differences: Differences = None, dry_run: DryRun = False
) -> None:
    """导入专利法律状态公告（INPADOC 代码）· Legal events of Chinese patents by their INPADOC codes."""
    _import(ImportKind.legal_events, file, _Wanted(errors, differences, dry_run))


@dataclass(frozen=True, slots=True)
class _Wanted:
    errors: Path | None
    differences: Path | None
    dry_run: bool


def _import(kind: ImportKind, file: Path, wanted: _Wanted) -> None:
    settings = load_settings()
    started = time.monotonic()
    with database.open_server(settings) as server:
        database.make_ready(server, settings.mode)
        try:
            summary = asyncio.run(_run(settings, server.url, kind, file, wanted))
        except DomainError as refused:
            raise Refusal(refused.zh, refused.en) from refused
        except OSError as error:
            place = wanted.errors or file.parent
            raise Refusal(
                f"无法读取 {file} 或写入 {place}（{error.strerror}）；可用 --errors 另指定文件。",
                f"{file} cannot be read or {place} not be written ({error.strerror}); see --errors.",
            ) from error
    _tell(summary, time.monotonic() - started, dry_run=wanted.dry_run)
    if summary.refused:
        raise typer.Exit(SOME_REFUSED)


async def _run(settings: Settings, url: str, kind: ImportKind, file: Path, wanted: _Wanted) -> Summary:
    from app.infra.db import Database
    from app.services import imports

    opened = Database(
        url, pool_size=1, read_pool_size=1, statement_timeout_ms=max(settings.statement_timeout_ms, 120_000)
    )
    try:
        return await imports.run(
            opened,
            kind,
            file,
            errors=wanted.errors,
            differences=wanted.differences,
            progress=_Meter(),
            dry_run=wanted.dry_run,
        )
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


def _tell(summary: Summary, seconds: float, *, dry_run: bool) -> None:
    """What became of the file; the last line is the summary."""
    if summary.resumed:
        typer.echo(f"接续上次中断的导入，已完成 {summary.resumed} 行 · went on with a run that was cut off")
    if summary.errors_lost:
        typer.echo("上次未接收的行已不在错误文件中 · rows refused before are no longer in the file of errors")
    for one in summary.differences:
        typer.echo(f"  {one['noun']} {one['number']} {one['field']}: {one['old']} -> {one['new']}")
    for title, counts in (
        ("未接收 · refused", summary.codes),
        ("其中 · among them", summary.counts),
        ("不一致 · differing", summary.differing),
    ):
        told = ", ".join(f"{name}={count}" for name, count in sorted(counts.items()) if count)
        if told:
            typer.echo(f"{title}: {told}")
    if summary.errors is not None:
        typer.echo(f"改正后可再次导入 · mend and import again: {summary.errors}")
    changes = ", ".join(f"{name} {count}" for name, count in sorted(summary.changes.items()))
    trial = "试运行，未写入 · dry run, nothing kept: " if dry_run else ""
    typer.echo(
        f"{trial}{summary.file}: {summary.rows} 行 · rows, 接收 accepted {summary.accepted}"
        f"{f' ({changes})' if changes else ''}, 未变 unchanged {summary.unchanged}, "
        f"未接收 refused {summary.refused}, {seconds:.1f} s"
    )
