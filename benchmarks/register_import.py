"""A register imported from its file: rows a second beside COPY of what the import wrote."""

from __future__ import annotations

import asyncio
import csv
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from app.domain.identifiers import new_id
from app.domain.imports import COLUMNS, ImportKind
from app.domain.patent_number import patent_check_character
from app.infra.db import WRITER, Database
from app.services import imports
from benchmarks.runner import Pass, Result, compare
from benchmarks.server import fresh_database, plain

if TYPE_CHECKING:
    import uuid

    from benchmarks.server import Bench

TABLES = (
    "imports",
    "parties",
    "party_names",
    "assets",
    "asset_identifiers",
    "asset_status_changes",
    "asset_tags",
    "titles",
    "import_rows",
)
"""What an import of patents writes to, in an order that foreign keys allow."""
_COLUMNS = """
SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO'
"""
_FIRST_FILED = date(2004, 1, 1)
_DAYS = 6_500


async def run(bench: Bench) -> list[Result]:
    """In turns: a file imported into one database, then its rows copied into another of the same schema."""
    sizes = bench.sizes
    rounds = 1
    ours, reference = [], []
    async with fresh(bench) as first, fresh(bench) as second:
        for number in range(rounds):
            file = write_patents(bench.folder / f"patents{number}.csv", sizes.imported, seed=number)
            since = new_id()
            ours.append(await _import(first, file, sizes.imported))
            written = await _export(first, bench.folder, since)
            reference.append(await _copy(second, written, sizes.imported))
            for path, _ in written.values():
                path.unlink()
            file.unlink()
    told = {"rounds": rounds, "rows": sizes.imported, "tables": len(TABLES)}
    notes = "imports.run of a file of new patents; the reference is COPY of the rows that it wrote, one transaction"
    return [compare("register_import", ours, reference, unit="rows/s", sizes=told, notes=notes)]


def write_patents(path: Path, count: int, *, seed: int) -> Path:
    """Fictional inventions and utility models, each with its publication number; 25 of one applicant on average."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS[ImportKind.patents])
        writer.writerows(_patents(count, seed))
    return path


def _patents(count: int, seed: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(seed)
    firms = max(1, count // 25)
    kinds = (("1", "invention"), ("2", "utility_model"))
    for serial in range(count):
        filed = _FIRST_FILED + timedelta(days=chance.randrange(_DAYS))
        digit, kind = kinds[serial % 2]
        digits = f"{filed.year}{digit}{seed * 1_000_000 + serial:07d}"
        granted = serial % 4 > 0
        yield (
            f"{digits}.{patent_check_character(digits)}",
            f"CN{digit}{seed * 1_000_000 + serial:08d}{'BU'[serial % 2] if granted else 'AU'[serial % 2]}",
            kind,
            f"一种示例装置及其控制方法{serial}",
            f"示例企业{seed}-{chance.randrange(firms)}有限公司",
            "organisation",
            f"H01M {chance.randrange(1, 99)}/{chance.randrange(10, 99)}",
            filed.isoformat(),
            (filed + timedelta(days=500)).isoformat() if granted else "",
            "授权" if granted else "申请公布",
        )


@asynccontextmanager
async def fresh(bench: Bench) -> AsyncIterator[str]:
    """A migrated, empty database beside the others, made as they are in a thread without a loop."""
    made = fresh_database(bench.url)
    yield await asyncio.to_thread(made.__enter__)
    await asyncio.to_thread(made.__exit__, None, None, None)


async def _import(url: str, file: Path, rows: int) -> Pass:
    database = Database(url, pool_size=1, read_pool_size=1, statement_timeout_ms=120_000)
    await _settle(url)
    begun = time.perf_counter()
    summary = await imports.run(database, ImportKind.patents, file)
    seconds = time.perf_counter() - begun
    await database.close()
    assert (summary.accepted, summary.refused) == (rows, 0)
    return Pass(rate=rows / seconds, p50=seconds * 1000, p99=seconds * 1000)


async def _settle(url: str) -> None:
    owner = await asyncpg.connect(plain(url))
    await owner.execute("VACUUM ANALYZE")
    await owner.execute("CHECKPOINT")
    await owner.close()


async def _export(url: str, folder: Path, since: uuid.UUID) -> dict[str, tuple[Path, list[str]]]:
    """The rows made after `since`, in PostgreSQL's binary form, with their columns."""
    owner: asyncpg.Connection[Any] = await asyncpg.connect(plain(url))
    written = {}
    for table in TABLES:
        columns = await owner.fetchval(_COLUMNS, table)
        path = folder / f"{table}.copy"
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE id > '{since}' ORDER BY id"
        await owner.copy_from_query(query, output=path, format="binary")
        written[table] = path, columns
    await owner.close()
    return written


async def _copy(url: str, written: dict[str, tuple[Path, list[str]]], rows: int) -> Pass:
    """All tables in one transaction, as the application's role, with every index, key and trigger."""
    await _settle(url)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        plain(url), server_settings={"role": WRITER, "jit": "off"}
    )
    begun = time.perf_counter()
    async with connection.transaction():
        for table, (path, columns) in written.items():
            await connection.copy_to_table(table, source=path, columns=columns, format="binary", timeout=3600)
    seconds = time.perf_counter() - begun
    await connection.close()
    return Pass(rate=rows / seconds, p50=seconds * 1000, p99=seconds * 1000)
