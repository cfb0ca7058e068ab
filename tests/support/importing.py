"""Files of every importable kind, and a short way to import them into a test's transaction."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.domain.imports import COLUMNS, ImportKind
from app.services import imports
from app.services.sandbox import sample_uscc
from tests.support.database import SavepointDatabase

Rows = Sequence[dict[str, str]]
TABLES = (
    "parties",
    "assets",
    "titles",
    "recordals",
    "pledges",
    "holds",
    "facts",
    "events",
    "import_rows",
    "imports",
)


def write(path: Path, kind: ImportKind, rows: Rows, *, encoding: str = "utf-8") -> Path:
    extra = sorted({name for row in rows for name in row} - set(COLUMNS[kind]))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS[kind], *extra], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class Importer:
    """Imports rows of one kind after another into the test's transaction."""

    def __init__(self, database: SavepointDatabase, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.files = 0

    async def rows(self, kind: ImportKind, rows: Rows, **options: Any) -> imports.Summary:
        self.files += 1
        return await imports.run(
            self.database, kind, write(self.folder / f"{self.files}.csv", kind, rows), **options
        )

    async def all(self, statement: str, **values: object) -> list[Any]:
        async with self.database.read() as unit:
            return [tuple(row) for row in await unit.session.execute(text(statement), values)]

    async def counts(self) -> dict[str, int]:
        return {table: (await self.all(f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}

    async def owners(self, number: str, *, live: bool = True) -> list[Any]:
        return await self.all(
            "SELECT p.name, t.acquired_on, t.ceased_on FROM titles t"
            " JOIN asset_identifiers i ON i.asset_id = t.asset_id AND i.scheme = 'application' AND i.value = :number"
            " LEFT JOIN parties p ON p.id = t.party_id WHERE (t.ceased_at IS NULL) = :live"
            " AND t.superseded_at IS NULL ORDER BY t.ordinal, t.id",
            number=number,
            live=live,
        )

    async def liens(self, number: str) -> list[Any]:
        return await self.all(
            "SELECT r.reference, h.rank, h.ended_on, p.status, y.name FROM holds h"
            " JOIN asset_identifiers i ON i.asset_id = h.asset_id AND i.scheme = 'application' AND i.value = :number"
            " JOIN pledges p ON p.id = h.source_id JOIN recordals r ON r.id = p.recordal_id"
            " LEFT JOIN parties y ON y.id = p.pledgee_id ORDER BY h.rank",
            number=number,
        )


def party(number: int, **changes: str) -> dict[str, str]:
    return {
        "uscc": sample_uscc(7000 + number),
        "name": f"示例导入公司{number}",
        "registered_on": "1999-05-06",
        "uscc_district": "120110",
        "address": f"示例路{number}号",
    } | changes


def patent(number: str, **changes: str) -> dict[str, str]:
    return {
        "application_no": number,
        "patent_type": "invention",
        "title": "一种示例装置",
        "applicants": "示例导入公司",
        "applicant_kind": "organisation",
        "filing_date": "2014-01-20",
        "status_text": "申请公布",
    } | changes


def document(kind: str, reference: str, recorded: str, **changes: str) -> dict[str, str]:
    return {
        "jurisdiction": "US",
        "ip_type": "patent",
        "event_kind": kind,
        "reel_frame": reference,
        "recorded": recorded,
        "conveyance": kind.upper(),
        "n_individual_assignors": "0",
        "n_individual_assignees": "0",
        "application_numbers": "90000001",
    } | changes


def pledge(reference: str, recorded: str, secured: str, **changes: str) -> dict[str, str]:
    return (
        document("pledge", reference, recorded, assignor_orgs="SAMPLE OWNER INC", assignee_orgs=secured)
        | changes
    )


def release(reference: str, recorded: str, secured: str, **changes: str) -> dict[str, str]:
    return document("pledge_release", reference, recorded, assignor_orgs=secured) | changes
