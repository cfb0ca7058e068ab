"""Roots as the worker signs them day by day and puts them away, and the commands that verify (POL-09, POL-10)."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.infra.roots import RootFolder, RootSigner
from app.infra.security import TokenIssuer, new_secret
from app.worker import Worker
from tests.factories.pledges import make_pool
from tests.support.instance import Instance, instance
from tests.support.serving import command

pytestmark = pytest.mark.committed

DAY = date(2031, 3, 2)
SIGNER = RootSigner(new_secret())


@pytest.fixture
async def stage(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    async with instance(server_url, "roots", tokens, pool_size=2, read_pool_size=2) as stage:
        yield stage


@asynccontextmanager
async def working(url: str, folder: Path) -> AsyncIterator[None]:
    """A worker that signs and keeps, while the block lasts."""
    worker = Worker(
        url,
        idle_seconds=0.01,
        standby_seconds=0.02,
        retry_seconds=0.02,
        signer=SIGNER,
        folder=RootFolder(folder),
    )
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await asyncio.wait_for(task, 10)


async def eventually(check: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        while not await check():  # noqa: ASYNC110 - what is awaited happens in the worker
            await asyncio.sleep(0.01)


async def follow(stage: Instance, folder: Path, day: date) -> None:
    """Let a worker bring all jobs through to a day."""
    await stage.owner.execute("UPDATE instance SET business_date = $1", day)
    statement = "SELECT count(*) = 1 FROM job_runs WHERE job = 'sign_root' AND business_date = $1"
    async with working(stage.url, folder):
        await eventually(lambda: stage.owner.fetchval(statement, day))
        await asyncio.sleep(0.2)


async def test_the_worker_signs_each_day_and_puts_the_root_into_the_folder(
    stage: Instance, tmp_path: Path
) -> None:
    """POL-10: the daily file is the root that anybody reads, and no later worker writes over it."""
    folder = tmp_path / "to carry" / "away"
    await make_pool(stage.api)
    await follow(stage, folder, DAY)
    await make_pool(stage.api)
    await follow(stage, folder, DAY + timedelta(days=1))
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["root-2031-03-01.json", "root-2031-03-02.json"]
    for name in names:
        kept = json.loads((folder / name).read_text(encoding="utf-8"))
        shown = (await stage.api.http.get(f"/v1/roots/{name[5:15]}")).json()
        assert kept == {member: shown[member] for member in kept}
        assert shown["key_id"] == SIGNER.key_id

    taken, changed = (folder / name for name in names)
    content = taken.read_bytes()
    taken.unlink()
    changed.write_bytes(b"{}\n")
    with capture_logs() as told:
        async with working(stage.url, folder):
            await eventually(lambda: asyncio.to_thread(taken.exists))
            await asyncio.sleep(0.2)
    assert taken.read_bytes() == content
    assert changed.read_bytes() == b"{}\n"
    assert [line["file"] for line in told if line["event"] == "root.file_differs"] == [changed.name]


async def test_a_folder_that_cannot_be_written_stops_nothing(stage: Instance, tmp_path: Path) -> None:
    """POL-10: the root is signed all the same; the file comes when it can."""
    folder = tmp_path / "roots"
    folder.write_text("a file where the folder should be", encoding="utf-8")
    await make_pool(stage.api)
    with capture_logs() as told:
        await follow(stage, folder, DAY)
    assert await stage.owner.fetchval("SELECT count(*) FROM roots") == 1
    assert "root.not_kept" in {line["event"] for line in told}


async def test_verify_ledger_names_the_entry_and_ends_with_one(stage: Instance, tmp_path: Path) -> None:
    """POL-09: one changed figure of one entry, by a superuser; the other pool is not to blame."""
    broken, sound = await make_pool(stage.api), await make_pool(stage.api)

    def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
        started = command(tmp_path, "verify", "ledger", *arguments, IPOPS_DATABASE_URL=stage.url)
        return subprocess.run(**started, capture_output=True, timeout=60, check=False)

    done = verify()
    assert done.returncode == 0, done.stderr
    assert broken["number"] in done.stdout
    await stage.owner.execute("SET session_replication_role = replica")
    await stage.owner.execute(
        "UPDATE ledger_entries e SET debits_posted = e.debits_posted # 1 FROM ledger_accounts a"
        " WHERE a.id = e.account_id AND a.code = 'cash' AND a.ledger_id = $1",
        broken["id"],
    )
    done = verify()
    assert done.returncode == 1
    assert f"{broken['number']}, account cash, entry 1, transfer " in done.stderr
    assert "debits_posted: expected 100000000, found 100000001" in done.stderr
    assert "Traceback" not in done.stderr
    assert verify("--pool", sound["number"]).returncode == 0
    assert verify("--pool", broken["number"]).returncode == 1
    done = verify("--pool", "PO-000000-2026-000000")
    assert (done.returncode, "there is no pool" in done.stderr) == (1, True)
