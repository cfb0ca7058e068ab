"""`plan load` as its keeper runs it: a plan is in as a whole, or nothing of it and every fault is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from app.services.sandbox.plans import FOLDER
from tests.support import server

pytestmark = pytest.mark.committed


def run(url: str, file: Path, data: Path) -> subprocess.CompletedProcess[str]:
    """The command on that database, with no other settings of this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("IPOPS_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "plan", "load", str(file)],
        env=env | {"IPOPS_DATABASE_URL": url, "IPOPS_DATA_DIR": str(data)},
        cwd=server.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_plan_is_loaded_once_and_a_faulty_one_names_its_places(
    server_url: str, tmp_path: Path
) -> None:
    """STA-02: the plans that come with the program, on any instance."""
    faulty = tmp_path / "faulty.toml"
    text = (FOLDER / "binhai.toml").read_text(encoding="utf-8")
    faulty.write_text(text.replace('value = "70000"', "value = 1.5").replace('"score"', '"scor"'), "utf-8")
    async with server.cloned(server_url, "plan") as url:
        refused = run(url, faulty, tmp_path)
        loaded = run(url, FOLDER / "binhai.toml", tmp_path)
        again = run(url, FOLDER / "binhai.toml", tmp_path)
        connection = await asyncpg.connect(server.plain(url))
        found = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM plans), (SELECT count(*) FROM tasks),"
            " (SELECT count(*) FROM indicators), (SELECT count(*) FROM targets)"
        )
        await connection.close()
    assert [one.returncode for one in (refused, loaded, again)] == [1, 0, 1]
    assert "/indicators/3/target/value" in refused.stderr
    assert "/indicators/30/kind" in refused.stderr
    assert "Traceback" not in refused.stderr + again.stderr
    assert "26 项任务" in loaded.stdout
    assert found is not None
    assert tuple(found) == (1, 26, 31, 27)
