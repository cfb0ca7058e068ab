"""The demonstration's sandbox: a service started as everybody starts one, and read over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import typer

import app
from app.cli.console import Refusal
from app.cli.demo.caller import Caller
from app.cli.demo.telling import READY, SAMPLE_DATA

ROOT = Path(app.__file__).parents[1]
STARTING_SECONDS = 600
STOPPING_SECONDS = 45
"""Longer than the service gives its requests and its worker."""
TIMEOUT_SECONDS = 60


@contextmanager
def sandbox(folder: Path) -> Iterator[dict[str, Any]]:
    """Serve the sandbox of an absolute folder while the block lasts; what its `sandbox.json` says.

    A new one is told the story first; one that knows it already only starts. Raises `Refusal` when there
    is no story to show in the end.
    """
    # In its own folder, where no .env of the caller's names another database or a live instance.
    env = {name: value for name, value in os.environ.items() if not name.startswith("IPOPS_")}
    env["IPOPS_DATA_DIR"] = str(folder)
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])
    log = folder / "serve.log"
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=env, cwd=folder, stdout=output, stderr=output) as process,  # noqa: S603 - our own
    ):
        try:
            yield _when_told(process, folder, log)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the service as a keeper would; a start that hangs is not waited for."""
    process.terminate()
    try:
        process.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _when_told(process: subprocess.Popen[bytes], folder: Path, log: Path) -> dict[str, Any]:
    """Wait until the service is ready, passing the story's progress on to standard error."""
    until, shown = time.monotonic() + STARTING_SECONDS, 0
    while True:
        gone = process.poll() is not None
        lines = log.read_text(encoding="utf-8").splitlines()
        progress = [line for line in lines if line.startswith(SAMPLE_DATA)]
        for line in progress[shown:]:
            typer.echo(line, err=True)
        shown = len(progress)
        if any(line.startswith(READY) for line in lines):
            break
        if gone or time.monotonic() > until:
            raise _incomplete("\n".join(lines[-20:]))
        time.sleep(0.1)
    told: dict[str, Any] = json.loads((folder / "sandbox.json").read_text(encoding="utf-8"))
    if told["story"] == "none":
        raise Refusal(
            f"目录 {folder} 中的沙箱没有示例数据，请另选目录。",
            f"the sandbox in {folder} was started without the sample years: choose another folder.",
        )
    if told["story"] != "told":
        raise _incomplete("\n".join(progress))
    return told


def _incomplete(why: str) -> Refusal:
    return Refusal(f"演示未能完成：\n{why}", "the demonstration did not come to its end")


def read_boards(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The scoreboards of all plans of a running sandbox whose `sandbox.json` is given."""
    with httpx.Client(base_url=told["base_url"], timeout=TIMEOUT_SECONDS) as http:
        caller = Caller(http, told["clients"])
        found = {
            code: caller.get("auditor", f"/v1/plans/{plan}/scoreboard") for code, plan in told["plan"].items()
        }
    return [found[code] for code in sorted(found, reverse=True)]
