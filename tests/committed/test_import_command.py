"""`import` as its keeper runs it: what comes of a file, told by the exit code and by what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain.imports import ImportKind
from app.infra.db import Database
from app.queries import integrity
from benchmarks.register_import import write_patents
from tests.support import server
from tests.support.importing import party, read, write

pytestmark = pytest.mark.committed


ROWS = 12_000
"""More than two batches."""


def command(url: str, file: Path, kind: str = "parties") -> dict[str, Any]:
    """The command on that database, with no other settings of this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("IPOPS_")}
    return {
        "args": [sys.executable, "-m", "app.cli", "import", kind, str(file)],
        "env": env | {"IPOPS_DATABASE_URL": url, "IPOPS_DATA_DIR": str(file.parent)},
        "cwd": server.ROOT,
        "text": True,
    }


def run(url: str, file: Path, kind: str = "parties") -> subprocess.CompletedProcess[str]:
    return subprocess.run(**command(url, file, kind), capture_output=True, timeout=120, check=False)


async def test_the_exit_code_tells_whether_everything_something_or_nothing_is_in(
    server_url: str, tmp_path: Path
) -> None:
    """AST-13: 0 all, 2 some rows refused and kept for mending, 1 nothing; a mended file goes on."""
    file, errors = tmp_path / "parties.csv", tmp_path / "parties.csv.errors.csv"
    async with server.cloned(server_url, "import") as url:
        write(file, ImportKind.parties, [party(1), party(2), party(3, uscc="not a code")])
        something = run(url, file)
        [row] = read(errors)
        write(file, ImportKind.parties, [row | party(3)])
        mended = run(url, file)
        file.write_text("uscc,name\n")
        nothing = run(url, file)
        connection = await asyncpg.connect(server.plain(url))
        entered = await connection.fetchval("SELECT count(*) FROM parties")
        await connection.close()
    assert [one.returncode for one in (something, mended, nothing)] == [2, 0, 1]
    assert "refused 1" in something.stdout.splitlines()[-1]
    assert (row["error_line"], row["uscc"]) == ("4", "not a code")
    assert not errors.exists()
    assert "registered_on" in nothing.stderr
    assert "Traceback" not in nothing.stderr
    assert entered == 3


async def register(url: str) -> tuple[object, ...]:
    """What the register says, without keys and instants; the run; and what breaks its integrity."""
    connection = await asyncpg.connect(server.plain(url))
    rights = await connection.fetch(
        "SELECT a.number, a.name, a.status, a.granted_on, a.last_day_in_force, a.version, p.name AS owner,"
        " array_agg(i.value ORDER BY i.value) AS numbers, count(DISTINCT c.id) AS statuses, w.line, w.row_sha256"
        " FROM assets a JOIN titles t ON t.asset_id = a.id JOIN parties p ON p.id = t.party_id"
        " JOIN asset_identifiers i ON i.asset_id = a.id JOIN asset_status_changes c ON c.asset_id = a.id"
        " JOIN import_rows w ON w.subject_id = a.id"
        " GROUP BY a.id, p.name, w.line, w.row_sha256 ORDER BY a.number"
    )
    runs = await connection.fetch(
        "SELECT i.status, i.rows, i.rows_done, i.accepted, i.unchanged, i.refused, i.manifest, e.payload,"
        " (SELECT count(*) FROM outbox o WHERE o.event_id = e.id) AS unsealed"
        " FROM imports i JOIN events e ON e.id = i.event_id"
    )
    await connection.close()
    database = Database(url, pool_size=1, read_pool_size=1)
    async with database.read() as unit:
        broken = await integrity.findings(unit.session)
    await database.close()
    return [tuple(row) for row in rights], [tuple(row) for row in runs], broken


async def test_a_killed_import_goes_on_and_ends_as_if_nothing_had_happened(
    server_url: str, tmp_path: Path
) -> None:
    """AST-13: SIGKILL between two batches or within one; the same register, counters, manifest and errors."""
    for name in ("killed", "whole"):
        (tmp_path / name).mkdir()
    files = [write_patents(tmp_path / name / "p.csv", ROWS, seed=3) for name in ("killed", "whole")]
    for file in files:
        with file.open("a", encoding="utf-8", newline="") as added:
            added.write("201710601862.4,,,示例,,,,,,\r\n")
        text = file.read_text(encoding="utf-8").replace("\n", "\n201740601862.0,,,示例,,,,,,\n", 1)
        file.write_text(text, encoding="utf-8")
    killed, whole = files
    async with server.cloned(server_url, "killed") as url, server.cloned(server_url, "whole") as other:
        process = subprocess.Popen(  # noqa: ASYNC220 - there is nothing else to do meanwhile
            **command(url, killed, "patents"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "rows" in line:  # the first batch is in, the second one under way
                break
        process.kill()
        process.wait()
        process.stderr.close()
        connection = await asyncpg.connect(server.plain(url))
        [half] = await connection.fetch("SELECT status, rows_done FROM imports")
        await connection.close()
        assert half["status"] == "running"
        assert 0 < half["rows_done"] < ROWS
        resumed, at_once = run(url, killed, "patents"), run(other, whole, "patents")
        assert (resumed.returncode, at_once.returncode) == (2, 2)
        assert str(half["rows_done"]) in resumed.stdout
        after, expected = await register(url), await register(other)
    assert after == expected
    assert after[2] == []
    assert [row["error_line"] for row in read(killed.with_name("p.csv.errors.csv"))] == ["2", str(ROWS + 3)]
