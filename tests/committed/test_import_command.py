"""`import` as its keeper runs it: what comes of a file, told by the exit code and by what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from app.domain.imports import ImportKind
from tests.support import server
from tests.support.importing import party, read, write

pytestmark = pytest.mark.committed


def run(url: str, file: Path) -> subprocess.CompletedProcess[str]:
    """The command on that database, with no other settings of this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("IPOPS_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "import", "parties", str(file)],
        env=env | {"IPOPS_DATABASE_URL": url, "IPOPS_DATA_DIR": str(file.parent)},
        cwd=server.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


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
