"""Imports: provenance, refusals, and what files of each kind do to the register."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.errors import DomainError
from app.domain.imports import COLUMNS, ImportKind
from app.domain.recordal_row import pair_numbers, secured_key
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
            " LEFT JOIN parties p ON p.id = t.party_id WHERE (t.ceased_at IS NULL) = :live ORDER BY t.ordinal, t.id",
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


@pytest.fixture
def importer(database: SavepointDatabase, tmp_path: Path) -> Importer:
    return Importer(database, tmp_path)


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
    flags = {"is_dongli": "0", "is_binhai": "0"}
    await importer.rows(
        ImportKind.parties,
        [
            party(1, uscc_district="120104", **(flags | {"is_dongli": "1"})),
            party(2, **(flags | {"is_binhai": "1"})),
            party(3, uscc_district="120222", **flags),
            party(4, uscc_district="", **flags),
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


async def test_documents_are_replayed_by_day_whatever_the_order_of_the_file(importer: Importer) -> None:
    """The title chain follows the register: unrecorded inventors, first owner, successor under a new name."""
    await importer.rows(
        ImportKind.recordals,
        [
            document(
                *("name_change", "000003-0001", "2012-05-01"),
                assignor_orgs="SAMPLE SECOND INC",
                assignee_orgs="SAMPLE SECOND LLC",
            ),
            document(
                *("transfer", "000002-0001", ""),
                executed="2010-03-01",
                assignor_orgs="SAMPLE FIRST INC",
                assignee_orgs="SAMPLE SECOND INC",
            ),
            document(
                *("transfer", "000001-0001", "2008-02-02"),
                executed="2008-01-01",
                n_individual_assignors="2",
                assignee_orgs="SAMPLE FIRST INC",
            ),
        ],
        batch=1,
    )
    first, second, third = date(2008, 2, 2), date(2010, 3, 1), date(2012, 5, 1)
    assert await importer.owners("90000001") == [("SAMPLE SECOND LLC", third, None)]
    assert await importer.owners("90000001", live=False) == [
        (None, None, first),
        ("SAMPLE FIRST INC", first, second),
        ("SAMPLE SECOND INC", second, third),
    ]
    names = "SELECT o.name, n.name, s.kind FROM party_successions s JOIN parties o ON o.id = s.predecessor_id JOIN parties n ON n.id = s.successor_id"
    assert await importer.all(names) == [("SAMPLE SECOND INC", "SAMPLE SECOND LLC", "rename")]
    facts = await importer.all(
        "SELECT occurred_on, value, district_code, imported, dimensions->>'date_basis' FROM facts"
        " WHERE measure = 'transfer_count' ORDER BY occurred_on"
    )
    assert facts == [(first, 1, "000000", True, "recorded"), (second, 1, "000000", True, "executed")]


async def test_a_document_that_arrives_late_joins_the_past(importer: Importer) -> None:
    newer = document("transfer", "2-1", "2012-01-01", assignor_orgs="SAMPLE B", assignee_orgs="SAMPLE C")
    older = document("transfer", "1-1", "2010-01-01", assignor_orgs="SAMPLE A", assignee_orgs="SAMPLE B")
    await importer.rows(ImportKind.recordals, [newer])
    summary = await importer.rows(ImportKind.recordals, [older])
    assert summary.counts["titles.late"] == 1
    assert [name for name, *_ in await importer.owners("90000001")] == ["SAMPLE C"]
    past = await importer.owners("90000001", live=False)
    assert ("SAMPLE B", date(2010, 1, 1), date(2012, 1, 1)) in past


async def test_liens_rank_by_registration_and_those_of_one_day_as_stated(importer: Importer) -> None:
    """PL-24: first and second lien of one day keep their order against that of their references."""
    await importer.rows(
        ImportKind.recordals,
        [
            pledge("000011-0001", "2020-09-01", "SAMPLE BANK TWO", rank="second"),
            pledge("000012-0001", "2020-09-01", "SAMPLE BANK ONE", rank="first"),
            pledge("000010-0001", "2016-09-21", "SAMPLE BANK OLD", amount_cny="1234.5"),
        ],
    )
    assert [(reference, rank) for reference, rank, *_ in await importer.liens("90000001")] == [
        ("000010-0001", 1),
        ("000012-0001", 2),
        ("000011-0001", 3),
    ]
    found = await importer.all(
        "SELECT principal_fen, currency, imported, district_code FROM pledges ORDER BY registered_on"
    )
    assert found[:2] == [(123_450, "CNY", True, "000000"), (None, "USD", True, "000000")]


async def test_a_release_ends_the_lien_it_means_and_never_guesses(importer: Importer) -> None:
    """PLG-15: by reference, else by secured party, else the only one; otherwise it has no effect."""
    both = "90000001; 90000002"
    await importer.rows(
        ImportKind.recordals,
        [
            pledge("1-1", "2010-01-01", "SAMPLE BANK ONE", application_numbers=both),
            pledge("1-2", "2011-01-01", "SAMPLE BANK TWO, AS COLLATERAL AGENT"),
            pledge("1-3", "2012-01-01", "SAMPLE BANK THREE"),
            release("2-1", "2013-01-01", "SAMPLE BANK TWO"),
            release("2-2", "2014-01-01", "SAMPLE STRANGER"),
            release("2-3", "2015-01-01", "SAMPLE BANK ONE", refers_to_reel_frame="9-9"),
            release("2-4", "2016-01-01", "SAMPLE STRANGER", refers_to_reel_frame="1-1", partial="1"),
            release("2-5", "2017-01-01", "SAMPLE SUCCESSOR"),
        ],
    )
    first = await importer.liens("90000001")
    assert [(reference, ended and ended.year) for reference, _, ended, *_ in first] == [
        ("1-1", 2016),
        ("1-2", 2013),
        ("1-3", 2017),
    ]
    assert [status for *_, status, _ in first] == ["registered", "deregistered", "deregistered"]
    assert [ended for _, _, ended, *_ in await importer.liens("90000002")] == [None]
    summary = await importer.rows(
        ImportKind.recordals,
        [release("3-1", "2018-01-01", "SAMPLE BANK ONE", application_numbers="90000002")],
    )
    assert summary.counts["liens_released"] == 1
    assert [status for *_, status, _ in await importer.liens("90000002")] == ["deregistered"]
    items = await importer.all("SELECT DISTINCT status FROM pledge_items")
    assert items == [("deregistered",)]


async def test_an_assigned_pledge_keeps_its_rank_under_another_pledgee(importer: Importer) -> None:
    moved = document(
        *("pledge_assignment", "3-1", "2019-01-01"),
        refers_to_reel_frame="1-1",
        assignor_orgs="SAMPLE BANK ONE",
        assignee_orgs="SAMPLE BANK NEW",
    )
    await importer.rows(
        ImportKind.recordals,
        [pledge("1-1", "2010-01-01", "SAMPLE BANK ONE"), pledge("1-2", "2011-01-01", "SAMPLE BANK TWO")],
    )
    await importer.rows(ImportKind.recordals, [moved])
    found = [(rank, name) for _, rank, _, _, name in await importer.liens("90000001")]
    assert found == [(1, "SAMPLE BANK NEW"), (2, "SAMPLE BANK TWO")]
    await importer.rows(ImportKind.recordals, [release("4-1", "2020-01-01", "SAMPLE BANK NEW")])
    assert [ended for _, _, ended, *_ in await importer.liens("90000001")] == [date(2020, 1, 1), None]


async def test_a_chinese_right_carries_one_live_pledge_also_in_history(importer: Importer) -> None:
    """PL-06 ground 9: the second pledge of a CN right is refused, after a release the next one is not."""
    cn = {"jurisdiction": "CN", "application_numbers": "201410026192.3"}
    summary = await importer.rows(
        ImportKind.recordals,
        [
            pledge("CN-1", "2018-01-01", "示例甲银行", **cn),
            pledge("CN-2", "2019-01-01", "示例乙银行", **cn),
            release("CN-3", "2020-01-01", "示例甲银行", **cn),
            pledge("CN-4", "2021-01-01", "示例乙银行", **cn),
        ],
    )
    assert summary.codes == {"pledge.already_pledged": 1}
    found = [
        (reference, rank, ended) for reference, rank, ended, *_ in await importer.liens("201410026192.3")
    ]
    assert sorted(found) == [("CN-1", 1, date(2020, 1, 1)), ("CN-4", 1, None)]


async def test_rows_of_one_reference_are_one_document_or_a_duplicate(importer: Importer) -> None:
    transfer = document("transfer", "1-1", "2010-01-01", assignor_orgs="SAMPLE A", assignee_orgs="SAMPLE B")
    more = transfer | {"application_numbers": "90000002"}
    other = transfer | {"assignee_orgs": "SAMPLE X"}
    summary = await importer.rows(ImportKind.recordals, [transfer, more, other, transfer])
    assert (summary.accepted, summary.unchanged, summary.codes) == (2, 1, {"recordal.duplicate": 1})
    assert await importer.all("SELECT count(*) FROM recordals WHERE reference = '1-1'") == [(1,)]
    assert [name for name, *_ in await importer.owners("90000002")] == ["SAMPLE B"]
    later = await importer.rows(ImportKind.recordals, [other])
    assert later.codes == {"recordal.duplicate": 1}


async def test_what_a_document_lacks_is_named(importer: Importer) -> None:
    whole = document("transfer", "1-1", "2010-01-01", assignor_orgs="SAMPLE A", assignee_orgs="SAMPLE B")
    rows = [
        whole | {"application_numbers": ""},
        whole | {"reel_frame": "1-2", "assignee_orgs": ""},
        whole | {"reel_frame": "1-3", "recorded": "<=2021-12"},
        whole | {"reel_frame": "1-4", "recorded": ""},
        whole | {"reel_frame": "1-5", "event_kind": "insurance_payout"},
        whole | {"reel_frame": "1-6", "event_kind": "other"},
    ]
    summary = await importer.rows(ImportKind.recordals, rows)
    assert summary.errors is not None
    assert [row["error_code"] for row in read(summary.errors)] == [
        "recordal.number_missing",
        "recordal.party_missing",
        "import.date_format",
        "recordal.date_missing",
        "recordal.kind_unsupported",
    ]
    assert await importer.owners("90000001") == [(None, None, None)]


async def test_a_patent_number_learnt_later_completes_the_right(importer: Importer) -> None:
    base = document("transfer", "1-1", "2010-01-01", n_individual_assignors="1", assignee_orgs="SAMPLE B")
    await importer.rows(ImportKind.recordals, [base])
    later = pledge("1-2", "2012-01-01", "SAMPLE BANK", patent_numbers="9900001", titles="SAMPLE DEVICE")
    await importer.rows(ImportKind.recordals, [later])
    found = await importer.all(
        "SELECT a.number, a.name, a.version, a.office, a.regime FROM assets a JOIN asset_identifiers i"
        " ON i.asset_id = a.id WHERE i.key IN ('90000001', '9900001') GROUP BY a.id"
    )
    assert found == [("9900001", "SAMPLE DEVICE", 2, "US", "notice")]


@pytest.mark.parametrize(
    ("applications", "patents", "known", "pairs"),
    [
        ("a b", "1 2", "", "a1 b2"),
        ("a b c", "1 3", "", ""),
        ("a b c", "1 3", "a1", "a1"),
        ("a b c d", "1 2 4", "b2", "a1 b2"),
        ("a b c d", "2 1 4", "a1 b2", "a1 b2"),
        ("61000001 a", "1", "", "a1"),
        ("29000001 a b", "D1 1", "", "29000001D1"),
    ],
)
def test_numbers_are_paired_as_far_as_the_lists_tell(
    applications: str, patents: str, known: str, pairs: str
) -> None:
    """Lists of one length are parallel; others only between known pairs; provisionals have no patent."""

    def split(texts: str) -> dict[str, str]:
        return {one[:-2]: one[-2:] for one in texts.split() if "D" in one} | {
            one[:-1]: one[-1:] for one in texts.split() if "D" not in one
        }

    assert pair_numbers(applications.split(), patents.split(), split(known)) == split(pairs)


def test_a_secured_party_is_recognised_in_any_capacity() -> None:
    assert secured_key("SAMPLE BANK, N.A., AS ADMINISTRATIVE AGENT") == secured_key("Sample Bank N.A.")
    assert secured_key("SAMPLE TELE AS") != secured_key("SAMPLE TELE")
