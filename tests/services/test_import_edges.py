"""Imports at their edges: broken off and overtaken, reports in the wrong place, texts too long, days not told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import DomainError
from app.domain.imports import ImportKind
from app.queries import integrity
from app.services import imports
from tests.support.database import SavepointDatabase
from tests.support.importing import Importer, document, party, patent, read, write


@pytest.fixture
def importer(database: SavepointDatabase, tmp_path: Path) -> Importer:
    """Imports into the test's transaction."""
    return Importer(database, tmp_path)


async def test_documents_that_another_file_brings_before_a_run_goes_on_are_not_taken_twice(
    importer: Importer,
) -> None:
    """AST-13: what is done is left out, whatever others took in the meantime; every row is counted once."""
    rows = [
        document(
            *("transfer", "", f"2020-01-0{day}"),
            application_numbers=f"9000000{day}",
            assignor_orgs=f"SAMPLE A{day}",
            assignee_orgs=f"SAMPLE B{day}",
        )
        for day in range(1, 7)
    ]
    path = write(importer.folder / "x.csv", ImportKind.recordals, rows)

    def stop(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await imports.run(importer.database, ImportKind.recordals, path, batch=2, progress=stop)
    assert (await importer.rows(ImportKind.recordals, [rows[0], rows[4]])).accepted == 1
    summary = await imports.run(importer.database, ImportKind.recordals, path, batch=2)
    assert (summary.resumed, summary.accepted, summary.unchanged, summary.refused) == (4, 5, 1, 0)
    assert (await importer.counts())["recordals"] == 6
    async with importer.database.read() as unit:
        assert not await integrity.findings(unit.session)


@pytest.mark.parametrize("spare", ["errors", "differences"])
async def test_a_report_never_takes_the_place_of_the_file_that_is_imported(
    importer: Importer, spare: str
) -> None:
    path = write(importer.folder / "x.csv", ImportKind.parties, [party(1)])
    given: dict[str, Any] = {spare: importer.folder / ".." / importer.folder.name / "x.csv"}
    with pytest.raises(DomainError) as refused:
        await imports.run(importer.database, ImportKind.parties, path, **given)
    assert refused.value.code.code == "import.report_taken"
    assert path.exists()


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        (ImportKind.parties, party(1), "name"),
        (ImportKind.patents, patent("201410026192.3"), "applicants"),
        (ImportKind.recordals, document("transfer", "1-1", "2020-01-02", assignee_orgs="A"), "reel_frame"),
        (ImportKind.recordals, document("transfer", "1-1", "2020-01-02", assignor_orgs="A"), "assignee_orgs"),
    ],
)
async def test_a_text_too_long_to_look_up_is_refused_and_the_longest_is_taken(
    importer: Importer, kind: ImportKind, row: dict[str, str], column: str
) -> None:
    """AST-13: refused by itself; the database's index would refuse the batch."""
    longest = "".join(chr(0x20000 + 7 * place) for place in range(600))
    summary = await importer.rows(kind, [row | {column: longest + "字"}, row | {column: longest}])
    assert (summary.accepted, summary.codes) == (1, {"import.text_too_long": 1})
    assert summary.errors is not None
    assert [one["error_column"] for one in read(summary.errors)] == [column]


async def test_a_status_told_without_its_day_holds_from_the_day_it_was_heard(importer: Importer) -> None:
    """AST-04: the register's status of today is that of its history, and the past stays as it was."""
    number = "201410026192.3"
    granted = patent(number, status_text="授权", grant_date="2017-01-04")
    for row in (granted, granted | {"status_text": "expired - fee"}, granted | {"title": "一种示例"}):
        await importer.rows(ImportKind.patents, [row])
    async with importer.database.read() as unit:
        today = unit.moment.today
    found = await importer.all(
        "SELECT c.status, c.effective_on FROM asset_status_changes c JOIN assets a ON a.id = c.asset_id"
        " WHERE a.number = :n ORDER BY c.id",
        n=number,
    )
    assert found == [("granted", date(2017, 1, 4)), ("terminated_fee", today), ("granted", today)]
    assert await importer.all("SELECT status FROM assets WHERE number = :n", n=number) == [("granted",)]
