"""Imports of parties and rights: provenance, refusals, and what files of each kind do."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.errors import DomainError
from app.domain.imports import ImportKind
from app.infra.db import Unit
from app.queries import integrity
from app.services import imports
from app.services.sandbox import sample_uscc
from tests.support.database import SavepointDatabase
from tests.support.importing import Importer, document, party, patent, read, write

VECTORS = Path(__file__).parents[1] / "data" / "domain_vectors.json"


async def _findings(importer: Importer) -> list[integrity.Finding]:
    async with importer.database.read() as unit:
        return await integrity.findings(unit.session)


@pytest.fixture
def importer(database: SavepointDatabase, tmp_path: Path) -> Importer:
    """Imports into the test's transaction."""
    return Importer(database, tmp_path)


async def test_the_same_file_twice_changes_nothing_and_a_changed_one_lists_what_differs(
    importer: Importer,
) -> None:
    """AST-13: same file twice, 0 changes; changed file, diff list; raw row and hash are kept."""
    first = await importer.rows(ImportKind.parties, [party(1), party(2)])
    assert (first.accepted, first.unchanged, first.refused) == (2, 0, 0)
    before = await importer.counts()
    again = await importer.rows(ImportKind.parties, [party(2), party(1), party(1)])
    assert (again.accepted, again.unchanged, again.import_id) == (0, 3, None)
    assert await importer.counts() == before
    moved = await importer.rows(ImportKind.parties, [party(1, name="示例改名公司"), party(2, address="")])
    assert [(one["number"], one["field"], one["old"], one["new"]) for one in moved.differences] == [
        (sample_uscc(7001), "name", "示例导入公司1", "示例改名公司")
    ]
    assert moved.changes == {"changed": 1, "confirmed": 1}
    rows = await importer.all(
        "SELECT p.name, p.version, p.address, r.raw FROM import_rows r JOIN parties p ON p.id = r.subject_id"
        " JOIN party_identifiers i ON i.party_id = p.id WHERE i.value = :uscc ORDER BY r.recorded_at",
        uscc=sample_uscc(7001),
    )
    assert [row[:3] for row in rows] == [("示例改名公司", 2, "示例路1号")] * 2
    assert [json.loads(row[3])["name"] for row in rows] == ["示例导入公司1", "示例改名公司"]


async def test_the_district_is_the_files_field_and_the_code_only_where_there_is_none(
    importer: Importer,
) -> None:
    """ID-18: the registered district is a field of its own; the code shows the first registration only."""
    await importer.rows(
        ImportKind.parties,
        [
            party(1, uscc_district="120104", district_code="120110"),
            party(2, district_code="120116"),
            party(3, uscc_district="120222", district_code=""),
            party(4, uscc_district="", district_code="129999"),
        ],
    )
    await importer.rows(ImportKind.parties, [party(1, uscc_district="120104")])
    found = await importer.all(
        "SELECT name, district_code FROM parties WHERE name LIKE '示例导入公司%' ORDER BY name"
    )
    assert [district for _, district in found] == ["120110", "120116", "120000", "000000"]


async def test_refused_rows_are_told_mended_and_imported_again(importer: Importer) -> None:
    """A row is in or out, told with its line, columns and codes; no cell of the file of errors is a formula."""
    bad = party(2, uscc=sample_uscc(7002)[:-1] + "?", name="=1+1", registered_on="2021-02-30")
    summary = await importer.rows(ImportKind.parties, [party(1), bad])
    assert (summary.accepted, summary.refused) == (1, 1)
    assert summary.errors is not None
    (told,) = read(summary.errors)
    assert told["name"] == "'=1+1"
    assert (told["error_line"], told["error_code"]) == ("3", "uscc.characters import.date_format")
    assert told["error_column"] == "uscc registered_on"
    assert "2021-02-30" in told["error_zh"]
    assert "2021-02-30" in told["error_en"]
    mended = told | {"uscc": sample_uscc(7002), "registered_on": "2021-02-28", "name": "示例导入公司2"}
    again = await importer.rows(ImportKind.parties, [party(1), mended])
    assert (again.accepted, again.unchanged, again.refused, again.errors) == (1, 1, 0, None)
    assert not list(importer.folder.glob("2.csv.*"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_files_are_read_in_the_encodings_spreadsheets_write(importer: Importer, encoding: str) -> None:
    path = write(importer.folder / "x.csv", ImportKind.parties, [party(1)], encoding=encoding)
    await imports.run(importer.database, ImportKind.parties, path)
    assert await importer.all("SELECT name FROM parties WHERE name LIKE '示例导入公司%'") == [
        ("示例导入公司1",)
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"uscc,name\r\n1,2\r\n", "import.columns_missing"),
        (b"", "import.columns_missing"),
        (b"uscc,name,registered_on,uscc_district,address,name\r\n", "import.column_twice"),
        (b'uscc,name,registered_on,uscc_district,address\r\n"open,1,2,3,4\r\n', "import.csv_broken"),
        (b"uscc,name,registered_on,uscc_district,address\r\n\xff\xff,1,2,3,4\r\n", "import.encoding"),
    ],
)
async def test_a_file_that_cannot_be_read_as_a_whole_is_refused_as_a_whole(
    importer: Importer, content: bytes, code: str
) -> None:
    path = importer.folder / "x.csv"
    path.write_bytes(content)
    before = await importer.counts()
    with pytest.raises(DomainError) as refused:
        await imports.run(importer.database, ImportKind.parties, path)
    assert refused.value.code.code == code
    assert await importer.counts() == before


async def test_a_row_of_another_width_is_refused_by_itself(importer: Importer) -> None:
    path = write(importer.folder / "x.csv", ImportKind.parties, [party(1)])
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{sample_uscc(7002)},示例导入公司2\r\n")
    summary = await imports.run(importer.database, ImportKind.parties, path)
    assert (summary.accepted, summary.codes) == (1, {"import.row_width": 1})
    again = await imports.run(importer.database, ImportKind.parties, path.with_name("x.csv.errors.csv"))
    assert again.codes == {"import.row_width": 1}


async def test_cells_that_a_spreadsheet_would_compute_come_back_as_they_were(importer: Importer) -> None:
    """A refused row, mended in one cell only, is imported with the other cells as the first file had them."""
    bad = party(1, name="=SUM(1)", address="'=A1", registered_on="soon")
    summary = await importer.rows(ImportKind.parties, [bad])
    assert summary.errors is not None
    [told] = read(summary.errors)
    assert (told["name"], told["address"]) == ("'=SUM(1)", "''=A1")
    await importer.rows(ImportKind.parties, [told | {"registered_on": "2001-02-03"}])
    found = await importer.all("SELECT name, address FROM parties WHERE name LIKE '%SUM%'")
    assert found == [("=SUM(1)", "'=A1")]


@pytest.mark.parametrize("quotes", ["{}", '"{}"', '"{}\r\n{}"'])
async def test_a_line_of_ten_megabytes_is_refused_alone(importer: Importer, quotes: str) -> None:
    """AST-13: the rows before and behind it are in, and it is never whole in memory."""
    path = write(importer.folder / "x.csv", ImportKind.parties, [party(1)])
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{sample_uscc(7002)},{quotes.format(*['x' * 10_000_000] * 2)},,,\r\n")
        file.write(f'{sample_uscc(7003)},"示例导入, 公司3",,120110,\r\n')
    tracemalloc.start()
    summary = await imports.run(importer.database, ImportKind.parties, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (summary.rows, summary.accepted, summary.codes) == (3, 2, {"import.line_too_long": 1})
    assert peak < 9_000_000
    assert summary.errors is not None
    [told] = read(summary.errors)
    assert (told["error_line"], told["error_code"]) == ("3", "import.line_too_long")


async def test_every_number_of_the_vectors_is_in_or_refused_by_its_line(importer: Importer) -> None:
    """AST-01, ID-01 to ID-10: valid numbers go in, invalid ones are told with line and column."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    good = [one["no"] for one in vectors["patent_no_valid_real"]]
    bad = [one["no"] for one in vectors["patent_no_invalid"]]
    plain = {"patent_type": "", "filing_date": ""}
    summary = await importer.rows(ImportKind.patents, [patent(number, **plain) for number in good + bad])
    assert (summary.accepted, summary.refused) == (len(good), len(bad))
    assert summary.errors is not None
    told = read(summary.errors)
    assert [one["error_line"] for one in told] == [str(2 + len(good) + place) for place in range(len(bad))]
    assert {one["error_column"] for one in told} == {"application_no"}
    assert len(await importer.all("SELECT 1 FROM assets WHERE imported")) == len(set(good))


@pytest.mark.parametrize(
    "written",
    [
        "ZL201821344181.X",
        "２０１８２１３４４１８１．Ｘ",
        " 2018 2134 4181 x",
        "zl201821344181x",
        "201821344181X",
    ],
)
async def test_a_number_is_read_as_people_write_it(importer: Importer, written: str) -> None:
    """ID-05: full width, blanks, `ZL`, a small x."""
    row = patent(written, patent_type="utility_model", filing_date="2018-08-20")
    assert (await importer.rows(ImportKind.patents, [row])).accepted == 1
    assert await importer.all("SELECT number FROM assets WHERE imported") == [("201821344181.X",)]


async def test_a_run_that_breaks_off_goes_on_where_it_stopped(importer: Importer) -> None:
    """AST-13: whole batches, one event in the end, and counters as if nothing had happened."""
    rows = [party(number) for number in range(1, 8)]
    rows[1] = party(2, uscc="wrong")
    path = write(importer.folder / "x.csv", ImportKind.parties, rows)

    def stop(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await imports.run(importer.database, ImportKind.parties, path, batch=2, progress=stop)
    stored = "SELECT status, rows_done, accepted, refused, finished_at IS NULL FROM imports"
    assert await importer.all(stored) == [("running", 4, 3, 1, True)]
    assert await importer.all("SELECT count(*) FROM events WHERE noun = 'import'") == [(0,)]
    assert not await _findings(importer)
    summary = await imports.run(importer.database, ImportKind.parties, path, batch=2)
    assert (summary.resumed, summary.accepted, summary.unchanged, summary.refused) == (4, 6, 0, 1)
    assert await importer.all(stored) == [("completed", 7, 6, 1, False)]
    [(payload,)] = await importer.all(
        "SELECT payload FROM events WHERE type = 'import.completed' AND stream = 'national'"
    )
    assert (payload["accepted"], payload["changes"], payload["batches"]) == (6, {"created": 6}, 4)
    belongs = "SELECT count(DISTINCT event_id) FROM import_rows UNION SELECT count(*) FROM imports"
    assert await importer.all(belongs) == [(1,)]
    assert summary.errors is not None
    assert [row["error_line"] for row in read(summary.errors)] == ["3"]
    assert not await _findings(importer)


async def test_documents_go_on_in_their_order_after_a_break(importer: Importer) -> None:
    """AST-05, AST-13: a chain replayed in two runs is the chain replayed in one, its facts counted once."""
    sides = ["SAMPLE A", "SAMPLE B", "SAMPLE C", "SAMPLE D", "SAMPLE E"]
    rows = [
        document(
            "transfer", f"{place}-1", f"20{20 - place}-01-02", assignor_orgs=giving, assignee_orgs=taking
        )
        for place, (taking, giving) in enumerate(pairwise(sides))
    ]
    rows.insert(1, document("transfer", "9-9", "soon", assignor_orgs="A", assignee_orgs="B"))
    path = write(importer.folder / "x.csv", ImportKind.recordals, rows)

    def stop(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await imports.run(importer.database, ImportKind.recordals, path, batch=1, progress=stop)
    summary = await imports.run(importer.database, ImportKind.recordals, path, batch=1)
    assert (summary.resumed, summary.accepted, summary.unchanged, summary.refused) == (3, 4, 0, 1)
    assert [name for name, *_ in await importer.owners("90000001")] == ["SAMPLE A"]
    assert summary.counts["titles.passed"] == 4
    counted = await importer.all("SELECT count(*), count(DISTINCT event_id) FROM facts")
    assert counted == [(4, 1)]
    assert not await _findings(importer)


async def test_two_processes_do_not_share_a_run(importer: Importer) -> None:
    """Whoever finds that another went on with the file since its last batch is refused."""
    path = write(importer.folder / "x.csv", ImportKind.parties, [party(number) for number in range(1, 8)])
    statement = text("UPDATE imports SET rows_done = rows_done + 2")

    class Disturbed(SavepointDatabase):
        """The third unit of work finds the run further on than it was left."""

        units = 0

        @asynccontextmanager
        async def write(self, client_id: uuid.UUID | None = None) -> AsyncIterator[Unit]:
            async with super().write(client_id) as unit:
                self.units += 1
                if self.units == 4:
                    await unit.session.execute(statement)
                yield unit

    database = Disturbed("postgresql://nowhere")
    database.connection = importer.database.connection
    with pytest.raises(DomainError) as refused:
        await imports.run(database, ImportKind.parties, path, batch=2)
    assert refused.value.code.code == "import.under_way"
    assert await importer.all("SELECT rows_done, accepted FROM imports") == [(2, 2)]


async def test_a_dry_run_tells_all_and_keeps_nothing(importer: Importer) -> None:
    """AST-13: the same summary and files as the import that follows it; the register stays as it was."""
    await importer.rows(ImportKind.parties, [party(1), party(2)])
    before = await importer.counts()
    rows = [
        party(1, name="示例改名公司"),
        party(2),
        party(3),
        party(3, address="示例新路"),
        party(4, uscc="x"),
    ]
    path = write(importer.folder / "y.csv", ImportKind.parties, rows)
    differences = importer.folder / "differences.csv"
    options: dict[str, Any] = {"batch": 2, "differences": differences}
    trial = await imports.run(importer.database, ImportKind.parties, path, dry_run=True, **options)
    assert await importer.counts() == before
    foretold = [read(file) for file in (differences, path.with_name("y.csv.errors.csv"))]
    real = await imports.run(importer.database, ImportKind.parties, path, **options)
    assert [read(file) for file in (differences, path.with_name("y.csv.errors.csv"))] == foretold
    assert (trial.changes, trial.codes, trial.differing) == (real.changes, real.codes, real.differing)
    assert (trial.accepted, trial.unchanged, trial.refused) == (3, 1, 1)
    assert (trial.import_id, real.import_id is None) == (None, False)
    [renamed, moved] = read(differences)
    assert (renamed["number"], renamed["old"], renamed["new"]) == (
        sample_uscc(7001),
        "示例导入公司1",
        "示例改名公司",
    )
    assert (moved["field"], moved["new"]) == ("address", "示例新路")
    assert not list(importer.folder.glob("*.part"))


async def test_a_party_is_found_by_the_names_it_had(importer: Importer) -> None:
    """AST-14: a file that tells another name leaves the former one in the party's history."""
    await importer.rows(ImportKind.parties, [party(1)])
    await importer.rows(ImportKind.parties, [party(1, name="示例改名公司", district_code="120116")])
    names = await importer.all(
        "SELECT n.name, n.effective_on IS NULL FROM party_names n JOIN party_identifiers i"
        " ON i.party_id = n.party_id WHERE i.value = :uscc ORDER BY n.effective_on NULLS FIRST",
        uscc=sample_uscc(7001),
    )
    assert names == [("示例导入公司1", True), ("示例改名公司", False)]
    first = await importer.all(
        "SELECT n.name, n.source FROM party_names n JOIN parties p ON p.id = n.party_id"
        " AND p.recorded_at = n.recorded_at WHERE n.effective_on IS NULL AND p.imported"
    )
    assert first == [("示例导入公司1", "party.registered")], "known since the party is"
    districts = await importer.all(
        "SELECT d.district_code FROM party_districts d JOIN party_identifiers i"
        " ON i.party_id = d.party_id WHERE i.value = :uscc ORDER BY d.effective_on NULLS FIRST",
        uscc=sample_uscc(7001),
    )
    assert districts == [("120110",), ("120116",)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_publications_of_one_application_are_one_right(
    importer: Importer, order: tuple[int, int]
) -> None:
    """ID-07: the later publication tells the status, whichever row comes first; both numbers are kept."""
    published = patent("201410026192.3", publication_no="CN103745210A", title="一种装置")
    granted = patent(
        "ZL 2014 1 0026192.3",
        publication_no="CN103745210B",
        status_text="授权",
        grant_date="2017-01-04",
        applicants="示例导入公司",
    )
    rows = [(published, granted)[place] for place in order]
    summary = await importer.rows(ImportKind.patents, rows)
    assert (summary.accepted, summary.refused) == (2, 0)
    found = await importer.all(
        "SELECT a.number, a.name, a.status, a.granted_on, a.last_day_in_force, a.imported, count(*) FROM assets a"
        " JOIN asset_identifiers i ON i.asset_id = a.id WHERE a.number = '201410026192.3' GROUP BY a.id"
    )
    day, last = date(2017, 1, 4), date(2034, 1, 19)
    assert found == [("201410026192.3", "一种示例装置", "granted", day, last, True, 3)]
    assert await importer.owners("201410026192.3") == [("示例导入公司", None, None)]


async def test_a_name_of_which_nothing_can_be_seen_is_no_name(importer: Importer) -> None:
    """C12: zero-width characters alone, as they arrive by copy and paste."""
    unseen = "\u200b\u200d"
    parties = await importer.rows(ImportKind.parties, [party(1, name=unseen), party(2)])
    assert (parties.accepted, parties.codes) == (1, {"party.name_missing": 1})
    number = "201410026192.3"
    await importer.rows(ImportKind.patents, [patent(number, applicants=f"{unseen}; 示例导入公司")])
    assert [name for name, *_ in await importer.owners(number)] == ["示例导入公司"]


async def test_owners_are_the_register_s_parties_in_their_order_or_unrecorded(importer: Importer) -> None:
    """A name stands for the one organisation that bears it; withheld persons leave the owner unrecorded."""
    await importer.rows(ImportKind.parties, [party(1)])
    await importer.rows(
        ImportKind.patents,
        [
            patent("201410026192.3", applicants="示例未知研究院；示例导入公司１"),
            patent("201210442457.9", applicants="individual (name withheld)", applicant_kind="individual"),
            patent("201310209986.9", applicants="示例未知研究院"),
            patent("201310209986.8"),
            patent(""),
        ],
    )
    names = [name for name, *_ in await importer.owners("201410026192.3")]
    assert names == ["示例未知研究院", "示例导入公司1"]
    assert await importer.owners("201210442457.9") == [(None, None, None)]
    assert len(await importer.all("SELECT 1 FROM parties WHERE name = '示例未知研究院'")) == 1
    shares = await importer.all(
        "SELECT DISTINCT share_ppm FROM titles WHERE recorded_at = (SELECT max(recorded_at) FROM titles)"
    )
    assert shares == [(None,)]


async def test_a_later_patent_file_does_not_overrule_recorded_owners(importer: Importer) -> None:
    await importer.rows(ImportKind.patents, [patent("201410026192.3")])
    await importer.rows(
        ImportKind.recordals,
        [
            document(
                "transfer",
                "",
                "2018-02-03",
                jurisdiction="CN",
                application_numbers="201410026192.3",
                assignor_orgs="示例导入公司",
                assignee_orgs="示例受让公司",
            )
        ],
    )
    summary = await importer.rows(ImportKind.patents, [patent("201410026192.3", status_text="授权")])
    assert [name for name, *_ in await importer.owners("201410026192.3")] == ["示例受让公司"]
    assert summary.counts == {"owners_differ": 1}
    assert [one["field"] for one in summary.differences] == ["status", "owners"]


async def test_one_trademark_number_is_one_right_with_its_classes(importer: Importer) -> None:
    """ID-12, AST-03: rows of one number add up their classes; a row without a number is refused."""
    mark = {
        "register": "NZ(IPONZ)",
        "application_no": "9990001",
        "mark": "示例 SAMPLE",
        "applicant": "SAMPLE BRANDS LIMITED",
        "applicant_kind": "organisation",
        "applicant_country": "NZ",
        "nice_classes": "9;35",
        "goods_services": "9: Software. || 35: Advertising.",
        "status": "opposition case",
    }
    wrong = mark | {"application_no": "9990002", "nice_classes": "46"}
    summary = await importer.rows(
        ImportKind.trademarks,
        [mark, mark | {"nice_classes": "42", "goods_services": ""}, mark | {"application_no": ""}, wrong],
    )
    assert summary.codes == {"asset.number_missing": 1, "nice_class.range": 1}
    found = await importer.all(
        "SELECT a.office, a.regime, a.status, c.nice_class, c.goods FROM assets a"
        " JOIN asset_classes c ON c.asset_id = a.id WHERE a.number = '9990001' ORDER BY c.nice_class"
    )
    right = ("NZ", "notice", "applied")
    assert found == [(*right, 9, "Software."), (*right, 35, "Advertising."), (*right, 42, None)]
