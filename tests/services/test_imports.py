"""Imports of parties and rights: provenance, refusals, and what files of each kind do."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from app.domain.errors import DomainError
from app.domain.imports import ImportKind
from app.services import imports
from app.services.sandbox import sample_uscc
from tests.support.database import SavepointDatabase
from tests.support.importing import Importer, document, party, patent, read, write


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
    """A row is in or out; its own cells are never changed, the added ones cannot be a formula."""
    bad = party(2, uscc=sample_uscc(7002)[:-1] + "?", name="=1+1", registered_on="2021-02-30")
    summary = await importer.rows(ImportKind.parties, [party(1), bad])
    assert (summary.accepted, summary.refused) == (1, 1)
    assert summary.errors is not None
    (told,) = read(summary.errors)
    assert told["name"] == "=1+1"
    assert (told["error_line"], told["error_code"]) == ("3", "uscc.characters import.date_format")
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


async def test_a_run_that_breaks_off_keeps_whole_batches_and_is_completed_by_the_next(
    importer: Importer,
) -> None:
    """Each batch is one transaction with its own event; nothing is half-written."""
    path = write(importer.folder / "x.csv", ImportKind.parties, [party(number) for number in range(1, 6)])

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await imports.run(importer.database, ImportKind.parties, path, batch=2, progress=stop)
    assert await importer.all("SELECT count(*) FROM import_rows") == [(2,)]
    assert await importer.all("SELECT count(*) FROM imports") == [(0,)]
    summary = await imports.run(importer.database, ImportKind.parties, path, batch=2)
    assert (summary.accepted, summary.unchanged) == (3, 2)
    assert await importer.all("SELECT rows, accepted, unchanged, refused FROM imports") == [(5, 3, 2, 0)]
    events = await importer.all("SELECT type, stream FROM events WHERE noun = 'import' ORDER BY id")
    assert events == [("import.batch_recorded", "national")] * 3 + [("import.completed", "national")]


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
