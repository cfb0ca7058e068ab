"""`python -m benchmarks [--full] [--scale X] [--only NAME ...] [--out FILE]`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from logging import WARNING
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from app.infra import logging
from benchmarks.runner import FULL, FULL_RESULTS, QUICK, RESULTS, Result, Sizes, machine, save, table
from benchmarks.server import fresh_database, open_bench, server

if TYPE_CHECKING:
    from benchmarks.server import Bench

NAMES = (
    "pledge_filing",
    "pledge_volume",
    "ledger_transfer",
    "event_record",
    "seal",
    "statistics_cell",
    "register_import",
    "register_reads",
    "ledger_reads",
)


def main() -> None:
    """Measure, print, and write the file of the last results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="The application beside pgbench."
    )
    parser.add_argument("--full", action="store_true", help="at the volume of the whole country")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the rows and operations")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="only these")
    parser.add_argument("--out", type=Path, help="results go here instead")
    given = parser.parse_args()
    sizes = (FULL if given.full else QUICK).scaled(given.scale)
    out = given.out or (FULL_RESULTS if given.full else RESULTS)
    logging.configure(json_lines=True, level=WARNING)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the server is stopped then
    with tempfile.TemporaryDirectory(prefix="ipops-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        with (
            server(folder) as server_url,
            fresh_database(server_url) as url,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_run(url, folder, sizes, given.only, out))


async def _run(url: str, folder: Path, sizes: Sizes, names: Sequence[str], out: Path) -> None:
    bench = await open_bench(url, folder, sizes)
    try:
        results: list[Result] = []
        for name in names:
            begun = time.monotonic()
            results += await importlib.import_module(f"benchmarks.{name}").run(bench)
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
        save(out, await machine(bench.owner), results)
        _show(results, bench)
    finally:
        await bench.owner.close()
        await bench.database.close()


def _show(results: Sequence[Result], bench: Bench) -> None:
    rounds = bench.sizes.rounds
    print(f"\n{table(results)}\n\nMedians of {rounds} rounds; docs/benchmarks.md says what is compared.")
    for one in results:
        if "bytes_ledger" in one.sizes:
            inside, whole = one.sizes["bytes_ledger"], one.sizes["bytes_with_event"]
            print(f"{one.name}: {inside} bytes a transfer on disk, {whole} with its event, outbox and audit")


if __name__ == "__main__":
    main()
