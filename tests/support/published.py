"""The files of published registers: where they are, and importing all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.infra.db import Database
from app.services import imports
from scripts.import_published_data import FILES, with_district_codes

FOLDER = Path(os.environ.get("IPOPS_REAL_DATA_DIR") or Path(__file__).parents[2].parent / "shared" / "data")
PUBLISHED = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason=f"no published data in {FOLDER} (set IPOPS_REAL_DATA_DIR)"
    ),
]


@dataclass
class Register:
    """The database after the imports, and what each import said."""

    connection: asyncpg.Connection
    database: Database
    summaries: dict[str, imports.Summary]
    folder: Path

    async def all(self, statement: str, *values: object) -> list[asyncpg.Record]:
        return list(await self.connection.fetch(statement, *values))


async def import_all(database: Database, folder: Path) -> dict[str, imports.Summary]:
    return {
        name: await imports.run(
            database,
            kind,
            with_district_codes(FOLDER / f"{name}_real.csv", folder),
            errors=folder / f"{name}.errors.csv",
        )
        for name, kind in FILES.items()
    }
