"""`demo`: four years of two districts' life in a sandbox of its own, and the scoreboards they end in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from app.cli.console import Refusal
from app.cli.demo import board
from app.cli.demo.caller import Caller

STARTING_SECONDS = 300
STOPPING_SECONDS = 30
TIMEOUT_SECONDS = 60


def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="输出一个 JSON 对象 · Print one JSON object.")
    ] = False,
) -> None:
    """演示 · Tell 2018 to 2022 to a fresh sandbox over HTTP and print both plans' scoreboards."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ipops-demo-") as folder, _sandbox(Path(folder)) as told:
        boards = read_boards(told)
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps({"indicators": board.summary(boards), "plans": boards}, ensure_ascii=False))
        return
    typer.echo("\n\n".join(board.table(one) for one in boards))
    listed = sum(len(one["indicators"]) for one in boards)
    typer.echo(f"\n{listed} 项指标 indicators, {seconds:.0f} s")


def read_boards(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The scoreboards of all plans of a sandbox whose `sandbox.json` is given."""
    with httpx.Client(base_url=told["base_url"], timeout=TIMEOUT_SECONDS) as http:
        caller = Caller(http, told["clients"])
        found = {
            code: caller.get("auditor", f"/v1/plans/{plan}/scoreboard") for code, plan in told["plan"].items()
        }
    return [found[code] for code in sorted(found, reverse=True)]


@contextmanager
def _sandbox(folder: Path) -> Iterator[dict[str, Any]]:
    """A sandbox of its own, started as everybody starts one; what its `sandbox.json` says once it is told."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("IPOPS_")}
    env["IPOPS_DATA_DIR"] = str(folder)
    log = folder / "serve.log"
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=env, stdout=output, stderr=output) as process,  # noqa: S603 - our own
    ):
        try:
            yield _when_told(process, folder, log)
        finally:
            process.terminate()
            process.wait(STOPPING_SECONDS)


def _when_told(process: subprocess.Popen[bytes], folder: Path, log: Path) -> dict[str, Any]:
    """Wait for the story's end, passing its progress on to standard error."""
    until, shown = time.monotonic() + STARTING_SECONDS, 0
    while time.monotonic() < until and process.poll() is None:
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("  示例")]
        for line in lines[shown:]:
            typer.echo(line, err=True)
        shown = len(lines)
        file = folder / "sandbox.json"
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if told.get("story") == "told":
            return told
        if told.get("story") == "failed":
            break
        time.sleep(0.2)
    lines = log.read_text(encoding="utf-8").splitlines()
    why = "\n".join([line for line in lines if line.startswith("  示例")] or lines[-20:])
    raise Refusal(f"演示未能完成：\n{why}", "the demonstration did not come to its end")
