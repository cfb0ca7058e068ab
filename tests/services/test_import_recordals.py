"""Imports of recordals: documents replayed into titles, liens and successions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.domain.imports import ImportKind
from app.domain.recordal_row import pair_numbers, secured_key
from tests.factories.assets import make_asset
from tests.support.database import SavepointDatabase
from tests.support.importing import Importer, document, pledge, read, release
from tests.support.samples import Samples


@pytest.fixture
def importer(database: SavepointDatabase, tmp_path: Path) -> Importer:
    """Imports into the test's transaction."""
    return Importer(database, tmp_path)


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


async def test_the_chain_of_title_does_not_depend_on_the_order_of_the_files(importer: Importer) -> None:
    """AST-05: the giver of a later document and the receiver of an earlier one is one owner, once."""
    sides = [("SAMPLE A", "SAMPLE B"), ("SAMPLE B", "SAMPLE C"), ("SAMPLE C", "SAMPLE D")]
    days = [date(2010, 1, 2), date(2015, 3, 4), date(2020, 5, 6)]
    for number, order in (("90000001", (0, 1, 2)), ("90000002", (2, 1, 0))):
        for place in order:
            giving, receiving = sides[place]
            row = document(
                *("transfer", f"{number}-{place}", str(days[place])),
                assignor_orgs=giving,
                assignee_orgs=receiving,
                application_numbers=number,
            )
            await importer.rows(ImportKind.recordals, [row])
        assert sorted(await importer.owners(number, live=False), key=lambda title: title[2]) == [
            ("SAMPLE A", None, days[0]),
            ("SAMPLE B", days[0], days[1]),
            ("SAMPLE C", days[1], days[2]),
        ]
        assert await importer.owners(number) == [("SAMPLE D", days[2], None)]


async def test_an_older_lien_that_arrives_late_takes_the_next_rank_and_is_told(importer: Importer) -> None:
    """PL-24: ranks stay as they were given; the order of live liens is by day, then rank."""
    younger = pledge("2-1", "2020-01-02", "SAMPLE BANK")
    older = pledge("1-1", "2010-01-02", "SAMPLE BANK")
    assert (await importer.rows(ImportKind.recordals, [younger])).counts["liens.late"] == 0
    assert (await importer.rows(ImportKind.recordals, [older])).counts["liens.late"] == 1
    assert [(reference, rank) for reference, rank, *_ in await importer.liens("90000001")] == [
        ("2-1", 1),
        ("1-1", 2),
    ]
    await importer.rows(ImportKind.recordals, [release("3-1", "2021-01-02", "SAMPLE BANK")])
    ended = {reference: on for reference, _, on, *_ in await importer.liens("90000001")}
    assert ended == {"2-1": None, "1-1": date(2021, 1, 2)}


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
        whole | {"reel_frame": "1-7", "recorded": "1849-12-31"},
        whole | {"reel_frame": "1-8", "recorded": "2010-01-01", "executed": "2101-01-01"},
        whole | {"reel_frame": "1-9", "n_individual_assignees": "9" * 5_000},
    ]
    summary = await importer.rows(ImportKind.recordals, rows)
    assert summary.errors is not None
    assert [row["error_code"] for row in read(summary.errors)] == [
        "recordal.number_missing",
        "recordal.party_missing",
        "import.date_format",
        "recordal.date_missing",
        "recordal.kind_unsupported",
        *["recordal.date_range"] * 2,
        "recordal.count_format",
    ]
    assert await importer.owners("90000001") == [(None, None, None)]


async def test_a_document_that_contradicts_itself_is_refused_and_the_rest_of_the_file_taken(
    importer: Importer,
) -> None:
    """ID-08: one patent number for two applications is said of that row, and stops no other."""
    both = {"application_numbers": "90000002; 90000003", "patent_numbers": "9000001; 9000001"}
    summary = await importer.rows(
        ImportKind.recordals,
        [
            document("transfer", "1-1", "2010-01-01", assignee_orgs="SAMPLE A"),
            document("transfer", "1-2", "2010-01-02", assignee_orgs="SAMPLE B", **both),
            document("transfer", "1-3", "2010-01-03", assignee_orgs="SAMPLE C"),
        ],
    )
    assert (summary.accepted, summary.codes) == (2, {"asset.number_taken": 1})
    assert [name for name, *_ in await importer.owners("90000001")] == ["SAMPLE C"]
    assert await importer.owners("90000002") == []


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


async def test_a_document_in_the_midst_of_the_chain_cuts_it_and_is_known_from_then_on(
    importer: Importer,
) -> None:
    """AST-05: who seemed to own the right until the next document owned it until the late one only."""
    days = [date(2010, 1, 2), date(2015, 3, 4), date(2020, 5, 6)]
    for place, (giving, receiving) in ((0, ("A", "B")), (2, ("C", "D")), (1, ("B", "C"))):
        row = document("transfer", f"7-{place}", str(days[place]))
        sides = {"assignor_orgs": f"SAMPLE {giving}", "assignee_orgs": f"SAMPLE {receiving}"}
        await importer.rows(ImportKind.recordals, [row | sides])
    assert sorted(await importer.owners("90000001", live=False), key=lambda title: title[2]) == [
        ("SAMPLE A", None, days[0]),
        ("SAMPLE B", days[0], days[1]),
        ("SAMPLE C", days[1], days[2]),
    ]
    superseded = (
        "SELECT p.name, t.ceased_on FROM titles t JOIN parties p ON p.id = t.party_id"
        " WHERE t.superseded_at IS NOT NULL AND t.superseded_event_id IS NOT NULL"
    )
    assert await importer.all(superseded) == [("SAMPLE B", days[2])]


async def test_a_document_older_than_some_shares_of_a_divided_right_changes_no_title(
    importer: Importer, samples: Samples
) -> None:
    """AST-05: which share it passed is not known; the other rows of the file go in."""
    owners = [samples[role].organisation.party_id for role in ("sme", "sme_b")]
    async with importer.database.write() as unit:
        since = [date(2020, 1, 1), date(2023, 1, 1)]
        asset = await make_asset(unit.session, owners=owners, shares=[600_000, 400_000], acquired=since)
    number = {"jurisdiction": "CN", "application_numbers": asset.number}
    sides = {"assignor_orgs": "SAMPLE A", "assignee_orgs": "SAMPLE B"}
    summary = await importer.rows(
        ImportKind.recordals,
        [
            document("transfer", "8-1", "2021-01-01") | number | sides,
            document("transfer", "8-2", "2019-06-01") | number | sides,
            document("transfer", "8-3", "2021-01-01") | sides,
        ],
    )
    counts = (
        summary.counts["titles.divided"],
        summary.counts["titles.late"],
        summary.counts["titles.passed"],
    )
    assert (summary.accepted, counts) == (3, (1, 1, 1))
    live = "SELECT count(*) FROM titles WHERE asset_id = :asset AND ceased_at IS NULL"
    assert await importer.all(live, asset=asset.id) == [(2,)]
