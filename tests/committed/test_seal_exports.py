"""The chains carried away and checked with one file of plain Python, by somebody without the database (POL-10)."""

from __future__ import annotations

import random
import runpy
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain import root as rules
from app.domain.clock import Moment
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.domain.seal import Reason
from app.infra.db import WORKER, Database, Unit
from app.infra.roots import RootSigner
from app.infra.security import TokenIssuer, new_secret
from app.infra.signing import verified
from app.services import events, roots, seal_exports, seals
from tests.factories.assets import make_asset
from tests.factories.pledges import make_pool
from tests.support import server
from tests.support.instance import Instance, instance
from tests.support.serving import command

pytestmark = pytest.mark.committed

ACTOR = system_actor("test")
VERIFIER = server.ROOT / "docs" / "verify_seals.py"
SIGNER = RootSigner(new_secret())
DAYS = (date(2031, 3, 1), date(2031, 3, 2))
FILES = (seal_exports.SEALS, seal_exports.ROWS, seal_exports.ROOTS, seal_exports.KEYS)


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[Unit]:
    """A transaction of the worker's."""
    database = Database(url, pool_size=1, read_pool_size=1, role=WORKER)
    try:
        async with database.write() as unit:
            yield unit
    finally:
        await database.close()


async def seal(url: str) -> None:
    async with worker(url) as unit:
        while await seals.seal(unit.session, moment=unit.moment):
            pass


async def sign(url: str, day: date, signer: RootSigner = SIGNER) -> str:
    """Seal the tail and sign the root of a day; its file."""
    await seal(url)
    async with worker(url) as unit:
        moment = Moment(unit.moment.now, day + timedelta(days=1))
        root = await roots.sign(unit.session, actor=ACTOR, moment=moment, signer=signer)
        assert root is not None
        return roots.kept(root).file()


async def write(database: Database, stream: str) -> None:
    event = events.NewEvent(
        type="listing.published",
        noun="listing",
        subject_id=new_id(),
        stream=stream,
        payload={"name": '引号"和\\', "n": [1, 2.50, 10**20]},
    )
    async with database.write() as unit:
        await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=[event])


async def export(database: Database, folder: Path, **options: Any) -> None:
    written: dict[str, list[str]] = {name: [] for name in FILES}
    async with database.read() as unit:
        async for name, line in seal_exports.lines(unit.session, **options):
            written[name].append(line)
    folder.mkdir()  # noqa: ASYNC240 - nothing else is under way
    for name, lines in written.items():
        (folder / name).write_text("".join(lines), encoding="utf-8")


def checked(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The verifier as an auditor runs it: without this project, without the site's packages."""
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(folder), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
async def stage(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """An instance with money, rights and odd characters, and roots of two days."""
    async with instance(server_url, "exports", tokens, pool_size=2, read_pool_size=2) as stage:
        await make_pool(stage.api)
        async with stage.database.write() as unit:
            await make_asset(unit.session, owners=[stage.api.samples["sme"].organisation.party_id])
        yield stage


async def test_an_export_is_checked_without_the_database_and_every_changed_byte_is_found(
    stage: Instance, tmp_path: Path
) -> None:
    """POL-10: rows, seals, roots and keys hang together; one bit in any of the files breaks it."""
    await write(stage.database, "120110")
    first = await sign(stage.url, DAYS[0])
    await write(stage.database, "120116")
    await sign(stage.url, DAYS[1])
    await seal(stage.url)
    sound = tmp_path / "sound"
    await export(stage.database, sound)
    (tmp_path / "kept.json").write_text(first, encoding="utf-8")
    done = checked(sound, "--root", tmp_path / "kept.json", "--key", SIGNER.public_key.hex())
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 roots, 1 kept" in done.stdout
    assert '"table":"ledger_entries"' in (sound / seal_exports.ROWS).read_text(encoding="utf-8")

    hashed = tmp_path / "hashed"
    await export(stage.database, hashed, hashed=["audit", "events"])
    assert checked(hashed).returncode == 0
    assert "引号" not in (hashed / seal_exports.ROWS).read_text(encoding="utf-8")

    recipe = runpy.run_path(str(VERIFIER))
    chance = random.Random(7)
    for name in FILES:
        content = (sound / name).read_bytes()
        for turn in range(12):
            place = chance.randrange(len(content))
            if b'"sealed_at"' in content[max(0, place - 30) : place + 12]:
                continue  # a time of sealing is bound by its neighbours only
            folder = tmp_path / f"{name}-{turn}"
            shutil.copytree(sound, folder)
            (folder / name).write_bytes(
                content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
            )
            with pytest.raises((recipe["Broken"], ArithmeticError, LookupError, TypeError, ValueError)):
                recipe["check"](folder, [], set())
            if turn == 0:
                done = checked(folder)
                assert (done.returncode, done.stdout) == (1, "")
                assert name in done.stderr or "seals.jsonl" in done.stderr, done.stderr
                assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", [seal_exports.SEALS, seal_exports.ROWS, seal_exports.ROOTS])
async def test_a_line_taken_out_is_named(stage: Instance, tmp_path: Path, name: str) -> None:
    """POL-10: neither a seal, nor a row, nor a root may be missing."""
    await sign(stage.url, DAYS[0])
    await write(stage.database, "120110")
    await sign(stage.url, DAYS[1])
    await export(stage.database, tmp_path / "export")
    file = tmp_path / "export" / name
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:]), encoding="utf-8")
    done = checked(tmp_path / "export")
    assert done.returncode == 1
    expected = {
        seal_exports.SEALS: "seals.jsonl:1 (",
        seal_exports.ROWS: "rows, sealed",
        seal_exports.ROOTS: f"roots.jsonl:1: the root of {DAYS[1]} is not chained",
    }
    assert expected[name] in done.stderr


async def test_a_chain_written_anew_as_a_whole_is_found_by_a_root_kept_elsewhere(
    stage: Instance, tmp_path: Path
) -> None:
    """POL-10: an owner changes a row and recomputes all seals and roots; only what was carried away tells."""
    await write(stage.database, "120110")
    kept, later = tmp_path / "root.json", tmp_path / "later.json"
    kept.write_text(await sign(stage.url, DAYS[0]), encoding="utf-8")
    await seal(stage.url)
    settings = {"IPOPS_DATABASE_URL": stage.url}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        started = command(tmp_path, *arguments, **settings)
        return subprocess.run(**started, capture_output=True, timeout=60, check=False)

    done = run("verify", "--root", str(kept))
    assert done.returncode == 0, done.stderr
    await stage.owner.execute("SET session_replication_role = replica")
    await stage.owner.execute(
        "INSERT INTO outbox (event_id, stream) SELECT event_id, stream FROM seals s"
        " WHERE event_id NOT IN (SELECT event_id FROM roots) ORDER BY position"
    )
    await stage.owner.execute("DELETE FROM seals")
    for table, column in (("events", "id"), ("audit", "id"), ("roots", "event_id")):
        await stage.owner.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT event_id FROM roots)")
    await stage.owner.execute(
        "UPDATE events SET payload = jsonb_set(payload, '{name}', '\"改\"') WHERE payload ->> 'name' LIKE '引号%'"
    )
    await stage.owner.execute("SET session_replication_role = origin")
    forger = RootSigner(new_secret())
    later.write_text(await sign(stage.url, DAYS[0], forger), encoding="utf-8")
    await seal(stage.url)

    assert run("verify").returncode == 0, "the new chain agrees with itself"
    done = run("verify", "--root", str(kept))
    assert done.returncode == 1
    assert f"rewritten: the root of {DAYS[0]} kept outside" in done.stderr
    assert "120110/" in done.stderr
    folder = tmp_path / "export"
    done = run("export-seals", "--to", str(folder))
    assert done.returncode == 0, done.stderr
    assert checked(folder, "--root", later).returncode == 0
    done = checked(folder, "--root", kept)
    assert done.returncode == 1
    assert "rewritten by position" in done.stderr
    done = checked(folder, "--key", SIGNER.public_key.hex())
    assert done.returncode == 1
    assert "not among those given" in done.stderr
    again = run("export-seals", "--to", str(folder))
    assert (again.returncode, "exists" in again.stderr) == (1, True)


async def test_seals_removed_at_the_end_with_their_events_are_found_by_a_root(
    stage: Instance, tmp_path: Path
) -> None:
    """POL-10: what the chain alone cannot tell: that it once was longer."""
    await write(stage.database, "120110")
    kept = tmp_path / "root.json"
    kept.write_text(await sign(stage.url, DAYS[0]), encoding="utf-8")
    youngest = await stage.owner.fetchval("SELECT event_id FROM seals ORDER BY position DESC LIMIT 1")
    await stage.owner.execute("SET session_replication_role = replica")
    for statement in (
        "DELETE FROM outbox",
        "DELETE FROM events WHERE id IN (SELECT event_id FROM roots)",
        "DELETE FROM audit WHERE id IN (SELECT event_id FROM roots)",
        "DELETE FROM roots",
    ):
        await stage.owner.execute(statement)
    for table, column in (("seals", "event_id"), ("events", "id"), ("audit", "id")):
        await stage.owner.execute(f"DELETE FROM {table} WHERE {column} = $1", youngest)
    async with stage.database.read() as unit:
        assert (await seals.verify(unit.session)).breaches == []
        (breach,) = await roots.verify(
            unit.session, verified=verified, kept_outside=[rules.read(kept.read_text(encoding="utf-8"))]
        )
    assert (breach.stream, breach.reason) == ("120110", Reason.rewritten)
    assert "the seal it names is gone" in breach.detail
    await export(stage.database, tmp_path / "export")
    done = checked(tmp_path / "export", "--root", kept)
    assert done.returncode == 1
    assert "names seals that are missing" in done.stderr
