"""The reference: pgbench running a captured transaction, over as many connections and under the same role."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.infra.db import READER, WRITER
from app.infra.postgres import EmbeddedPostgresUnavailable, binaries
from benchmarks.runner import CONNECTIONS, WARM_UP, Pass, Sample, measure

if TYPE_CHECKING:
    import asyncpg

    from benchmarks.capture import Script

LOOKUP = "lookup.sql"
WORK = "work.sql"


def program() -> Path:
    """The pgbench of the embedded server, or the one on the path."""
    try:
        return binaries() / "pgbench"
    except EmbeddedPostgresUnavailable:
        found = shutil.which("pgbench")
        if found is None:
            raise
        return Path(found)


def _options(role: str) -> str:
    """The settings of the application's own connections (`app.infra.db.create_engine`)."""
    settings = {
        "role": role,
        "jit": "off",
        "statement_timeout": "30000",
        "idle_in_transaction_session_timeout": "60000",
    }
    if role == READER:
        settings["default_transaction_read_only"] = "on"
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


@dataclass(slots=True)
class Reference:
    """A captured transaction ready to be run; each run goes on with parameters not used before.

    pgbench cannot make ids or JSON, so it fetches the parameters of each transaction from a table, one
    indexed row, before BEGIN. What that costs is measured alone, and taken off: see `run`.
    """

    url: str
    folder: Path
    script: Script
    rows: int
    role: str = WRITER
    clients: int = CONNECTIONS
    used: int = 0
    lookup_rate: float | None = None

    async def run(self, count: int) -> Pass:
        """Run `count` transactions; the rate is without the fetching of parameters.

        Fetching is taken off as if it had kept the machine from the work for all of its time, which
        makes the reference rather too fast than too slow. Latencies are as measured.
        """
        per_client = count // self.clients
        if self.used + per_client * self.clients > self.rows:
            raise RuntimeError("the reference has run out of parameters")
        if self.script.columns and self.lookup_rate is None:
            self.lookup_rate = (await self._pgbench(LOOKUP, min(500, self.rows // self.clients))).rate
        measured = await self._pgbench(WORK, per_client)
        self.used += per_client * self.clients
        if self.lookup_rate is None:
            return measured
        return Pass(1 / (1 / measured.rate - 1 / self.lookup_rate), measured.p50, measured.p99)

    async def _pgbench(self, file: str, per_client: int) -> Pass:
        with tempfile.TemporaryDirectory() as logs:
            command: list[str] = [
                str(program()),
                *(
                    "--no-vacuum",
                    "--protocol=prepared",
                    f"--client={self.clients}",
                    f"--jobs={min(2, self.clients)}",
                ),
                *(f"--transactions={per_client}", f"--file={self.folder / file}", "--define=turn=-1"),
                *(f"--define=base={self.used}", "--log", f"--log-prefix={logs}/log"),
                *(f"--define={name}={value}" for name, value in self.script.constants.items()),
                self.url,
            ]
            environment = os.environ | {"PGOPTIONS": _options(self.role), "PGAPPNAME": "ipops:reference"}
            done = await asyncio.to_thread(
                subprocess.run, command, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                raise RuntimeError(f"pgbench failed:\n{done.stderr[-3000:]}")
            samples = list(_samples(Path(logs)))
        if len(samples) != per_client * self.clients:
            raise RuntimeError("pgbench has lost transactions")
        return measure(samples)


def _samples(logs: Path) -> Iterator[Sample]:
    """Transactions of pgbench's log: client, number, microseconds, script, then the time it ended."""
    for file in logs.iterdir():
        for line in file.read_text().splitlines():
            client, _, microseconds, _, seconds, fraction, *_ = line.split()
            yield Sample(int(client), int(seconds) + int(fraction) / 1e6, int(microseconds) / 1e6)


async def prepare(
    name: str,
    script: Script,
    *,
    url: str,
    owner: asyncpg.Connection[Any],
    folder: Path,
    rows: Iterator[Sequence[str]],
    role: str = WRITER,
    clients: int = CONNECTIONS,
) -> Reference:
    """Write the script, and fill the table it takes its parameters from."""
    home = folder / name
    home.mkdir()
    count = 0
    lookup = ""
    if script.columns:
        names = list(script.columns.values())
        await owner.execute(
            f"CREATE TABLE bench_{name} (n bigint, {', '.join(f'{column} text' for column in names)})"
        )

        def numbered() -> Iterator[tuple[Any, ...]]:
            nonlocal count
            for row in rows:
                yield (count, *row)
                count += 1

        await owner.copy_records_to_table(f"bench_{name}", records=numbered())
        await owner.execute(f"ALTER TABLE bench_{name} ADD PRIMARY KEY (n)")
        await owner.execute(f"GRANT SELECT ON bench_{name} TO PUBLIC")
        await owner.execute(f"VACUUM ANALYZE bench_{name}")
        lookup = (
            f"\\set turn :turn + 1\n\\set n :base + :turn * {clients} + :client_id\n"
            f"SELECT {', '.join(names)} FROM bench_{name} WHERE n = :n \\gset\n"
        )
    else:
        count = 1_000_000_000
    (home / LOOKUP).write_text(lookup, encoding="utf-8")
    (home / WORK).write_text(lookup + "\n".join(script.statements) + "\n", encoding="utf-8")
    return Reference(url, home, script, count, role, clients)


def rows_needed(rounds: int, count: int) -> int:
    """Parameters that so many runs use up."""
    return rounds * count + CONNECTIONS * WARM_UP
