"""`demo`: four years of two districts' life in a sandbox of its own, and the scoreboards they end in."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from app.cli.demo import board


def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="输出一个 JSON 对象 · Print one JSON object.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="沙箱保留在此目录，再次运行只显示 · Keep the sandbox here; a second time it is only shown.",
        ),
    ] = None,
) -> None:
    """演示 · Tell 2018 to 2022 to a fresh sandbox over HTTP and print both plans' scoreboards."""
    from app.cli.demo import running

    began = time.monotonic()
    with _folder(keep) as folder, running.sandbox(folder) as told:
        boards = running.read_boards(told)
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps({"indicators": board.summary(boards), "plans": boards}, ensure_ascii=False))
        return
    typer.echo("\n\n".join(board.table(one) for one in boards))
    listed = sum(len(one["indicators"]) for one in boards)
    typer.echo(f"\n{listed} 项指标 indicators, {seconds:.0f} s")
    if keep is not None:
        typer.echo(f"IPOPS_DATA_DIR={keep} python -m app.cli serve")


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep the sandbox in, or one that is gone afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="ipops-demo-") as folder:
        yield Path(folder)
