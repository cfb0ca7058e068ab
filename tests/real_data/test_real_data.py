"""Imports of published registers, compared with what plain Python makes of the same files.

The comparison shares no code with the imports: it reads the CSV files itself and replays them in its own way.
The files are named by IPOPS_REAL_DATA_DIR, by default `shared/data` beside the project.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.published import FOLDER, PUBLISHED, Register, import_all

TITLE_KINDS = {"transfer", "name_change", "merger"}
UNRECORDED = "unrecorded"

pytestmark = PUBLISHED
Row = dict[str, str]


def load(name: str) -> list[Row]:
    with (FOLDER / f"{name}_real.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def bare(name: str) -> str:
    """A party name without case, width, blanks and punctuation."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isalnum() or unicodedata.category(char)[0] == "S")


def lender(name: str) -> str:
    """A secured party without `, as collateral agent` and the like."""
    return bare(re.split(r",?\s+AS\s+(?=.*AGENT)", name, flags=re.IGNORECASE)[0])


def check_character(number: str) -> str:
    """The check character of a Chinese application number of 12 digits (ID-02)."""
    rest = (
        sum(
            int(digit) * weight
            for digit, weight in zip(number[:12], [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], strict=True)
        )
        % 11
    )
    return "X" if rest == 10 else str(rest)


@dataclass
class World:
    """What is true after all files, as this module reckons it."""

    owners: dict[str, list[str]] = field(default_factory=dict)
    told_by: dict[str, str] = field(default_factory=dict)
    first_unrecorded: set[str] = field(default_factory=set)
    liens: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    years: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    refused: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unmatched: int = 0


def numbers(row: Row) -> list[str]:
    found = split(row["application_numbers"].replace("TM serial ", ""))
    return list(dict.fromkeys(found))


def reasons(row: Row) -> set[str]:
    """Why a document cannot be taken."""
    found = set()
    if row["event_kind"] in {"insurance_payout", "securitisation"}:
        found.add("recordal.kind_unsupported")
    if not row["patent_numbers"].strip() and not row["application_numbers"].strip():
        found.add("recordal.number_missing")
    giving = row["assignor_orgs"] or row["n_individual_assignors"] not in {"", "0"}
    receiving = row["assignee_orgs"] or row["n_individual_assignees"] not in {"", "0"}
    if not receiving and (not giving or row["event_kind"] in {*TITLE_KINDS, "pledge", "pledge_assignment"}):
        found.add("recordal.party_missing")
    if any(row[day] and not re.fullmatch(r"\d{4}-\d\d-\d\d", row[day]) for day in ("recorded", "executed")):
        found.add("import.date_format")
    return found


def replay(world: World, name: str) -> None:
    """One file of documents, in the order of their days."""
    rows = []
    for row in load(name):
        found = reasons(row)
        world.refused[name].update(found)
        if not found:
            rows.append(row)
    rows.sort(key=lambda row: (row["recorded"] or row["executed"], not row["recorded"], row["reel_frame"]))
    for day in {row["recorded"] or row["executed"] for row in rows}:
        places = [
            place
            for place, row in enumerate(rows)
            if (row["recorded"] or row["executed"]) == day and row["event_kind"] == "pledge" and row["rank"]
        ]
        ranked = sorted((rows[place] for place in places), key=lambda row: row["rank"])  # first < second
        for place, row in zip(places, ranked, strict=True):
            rows[place] = row
    for row in rows:
        take(world, row)


def take(world: World, row: Row) -> None:
    year = int((row["recorded"] or row["executed"])[:4])
    withheld = [UNRECORDED] if row["n_individual_assignees"] not in {"", "0"} else []
    receiving = sorted({bare(name) for name in split(row["assignee_orgs"])}) + withheld
    kind = row["event_kind"]
    for number in numbers(row):
        if number not in world.owners:
            given = bool(row["assignor_orgs"]) and row["n_individual_assignors"] in {"", "0"}
            if kind not in TITLE_KINDS or not given:
                world.first_unrecorded.add(number)
            world.owners[number] = [UNRECORDED]
            world.told_by[number] = ""
        corrects = (
            kind == "correction"
            and world.told_by[number] == row["refers_to_reel_frame"] != ""
            and not withheld
        )
        changes = sorted(world.owners[number]) != sorted(receiving) or UNRECORDED in receiving
        if (kind in TITLE_KINDS or (corrects and receiving)) and changes:
            world.owners[number] = receiving
            world.told_by[number] = row["reel_frame"]
    if kind == "transfer":
        world.years["transfer_count"][year] += 1
    elif kind == "pledge":
        world.years["pledge_financing_count"][year] += 1
        world.years["pledge_registration_count"][year] += len(numbers(row))
        for number in numbers(row):
            placed = {
                "reel": row["reel_frame"],
                "by": {lender(one) for one in split(row["assignee_orgs"])},
                "live": True,
                "since": row["recorded"] or row["executed"],
                "until": None,
            }
            world.liens[number].append(placed)
    elif kind == "pledge_release":
        ended = [lien for number in numbers(row) if (lien := released(world, number, row)) is not None]
        for lien in ended:
            lien["live"], lien["until"] = False, row["recorded"] or row["executed"]
        world.unmatched += not ended


def released(world: World, number: str, row: Row) -> dict[str, Any] | None:
    live = [lien for lien in world.liens[number] if lien["live"]]
    if row["refers_to_reel_frame"]:
        return next((lien for lien in live if lien["reel"] == row["refers_to_reel_frame"]), None)
    by = {lender(one) for one in split(row["assignor_orgs"])}
    named = [lien for lien in live if lien["by"] & by]
    if named:
        return named[0]
    return live[0] if len(live) == 1 else None


def reckon() -> World:
    world = World()
    for row in load("trademarks"):
        if row["register"] == "US":
            world.owners[row["application_no"]] = [bare(name) for name in split(row["applicant"])]
            world.told_by[row["application_no"]] = ""
    replay(world, "transfers")
    replay(world, "security_interests")
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return reckon()


def errors(register: Register, name: str) -> list[Row]:
    with (register.folder / f"{name}.errors.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def test_every_organisation_but_the_garbled_one_is_entered_with_its_district(
    register: Register,
) -> None:
    """ID-15 to ID-18 on 17 520 companies; the banks file, which has no district field, moves none of them."""
    organisations, banks = load("organisations"), load("banks")
    codes = {row["code"] for row in await register.all("SELECT code FROM districts")}

    def district(row: Row) -> str:
        if row.get("is_dongli") == "1":
            return "120110"
        if row.get("is_binhai") == "1":
            return "120116"
        return row["uscc_district"] if row["uscc_district"] in codes else row["uscc_district"][:2] + "0000"

    expected = {row["uscc"]: district(row) for row in banks}
    expected |= {row["uscc"]: district(row) for row in organisations if row["uscc_valid"] == "1"}
    found = await register.all(
        "SELECT i.value, p.district_code FROM parties p JOIN party_identifiers i ON i.party_id = p.id"
    )
    assert {row["value"]: row["district_code"] for row in found} == expected
    (garbled,) = errors(register, "organisations")
    assert garbled["uscc"] == next(row["uscc"] for row in organisations if row["uscc_valid"] == "0")
    assert garbled["error_code"].split()[0] == "uscc.characters"
    assert register.summaries["banks"].changes["confirmed"] == len(
        {r["uscc"] for r in banks} & {r["uscc"] for r in organisations}
    )


async def test_wrong_check_digits_are_named_and_missing_numbers_refused(register: Register) -> None:
    """ID-02: the four real numbers with a wrong check digit, the nine patents without a number."""
    rows = load("patents")
    wrong = {
        row["application_no"]
        for row in rows
        if row["application_no"] and row["application_no"][-1] != check_character(row["application_no"])
    }
    told = {row["application_no"]: row for row in errors(register, "patents") if row["application_no"]}
    assert set(told) == wrong
    assert len(wrong) == 4
    for number, row in told.items():
        assert "patent_number.check_digit" in row["error_code"].split()
        assert f"应为 {check_character(number)}，填写的是 {number[-1]}" in row["error_zh"]
    missing = [row for row in errors(register, "patents") if not row["application_no"]]
    assert [row["publication_no"] for row in missing] == [
        row["publication_no"] for row in rows if not row["application_no"]
    ]
    assert {row["error_code"] for row in missing} == {"asset.number_missing"}
    assert register.summaries["patents"].accepted == len(rows) - 13


async def test_patents_have_the_owners_of_their_publications(register: Register) -> None:
    """AST-06: co-owners undivided and in order; a withheld person leaves the owner unrecorded."""
    refused = {row["application_no"] for row in errors(register, "patents")}
    expected = {
        row["application_no"]: [UNRECORDED]
        if row["applicant_kind"] == "individual"
        else [bare(name) for name in split(row["applicants"])]
        for row in load("patents")
        if row["application_no"] not in refused
    }
    found = await register.all(
        "SELECT a.number, array_agg(coalesce(p.name, $1) ORDER BY t.ordinal) AS owners, max(t.share_ppm) AS share"
        " FROM assets a JOIN titles t ON t.asset_id = a.id AND t.ceased_at IS NULL"
        " LEFT JOIN parties p ON p.id = t.party_id WHERE a.office = 'CN' AND a.kind = 'patent' GROUP BY a.id",
        UNRECORDED,
    )
    assert {row["number"]: [bare(owner) for owner in row["owners"]] for row in found} == expected
    assert {row["share"] for row in found} == {None}


async def test_trademarks_of_four_offices_keep_their_classes(register: Register) -> None:
    """ID-12, ID-13: one number is one right with all its classes."""
    rows = load("trademarks")
    offices = Counter(
        {"NZ(IPONZ)": "NZ", "EUIPO": "EM", "US": "US", "CN(CNIPA)": "CN"}[row["register"]] for row in rows
    )
    numbers_of = [row["application_no"] for row in rows]
    found = await register.all(
        "SELECT a.office, i.value, (SELECT count(*) FROM asset_classes c WHERE c.asset_id = a.id) AS classes FROM assets a"
        " JOIN asset_identifiers i ON i.asset_id = a.id AND i.scheme = 'application' WHERE a.kind = 'trademark'"
        " AND i.value = ANY($1)",
        numbers_of,
    )
    assert Counter(row["office"] for row in found) == offices
    assert {row["value"]: row["classes"] for row in found} == {
        row["application_no"]: len(split(row["nice_classes"])) for row in rows
    }


@pytest.mark.parametrize("name", ["transfers", "security_interests"])
async def test_documents_are_refused_for_the_reasons_they_give(
    register: Register, world: World, name: str
) -> None:
    summary = register.summaries[name]
    assert summary.codes == world.refused[name]
    assert summary.accepted + summary.refused == len(load(name))
    assert summary.counts["unmatched"] == (world.unmatched if name == "security_interests" else 0)


async def test_every_right_has_the_owners_that_its_documents_leave(register: Register, world: World) -> None:
    """The chain of title, replayed over 2 085 documents; the owners before it are unrecorded where withheld."""
    found = await register.all(
        "SELECT i.value, array_agg(coalesce(p.name, $1) ORDER BY t.ordinal) AS owners,"
        " EXISTS (SELECT 1 FROM titles o WHERE o.asset_id = t.asset_id AND o.party_id IS NULL AND o.acquired_on IS NULL"
        " AND o.superseded_at IS NULL)"
        " AS unrecorded"
        " FROM titles t JOIN asset_identifiers i ON i.asset_id = t.asset_id AND i.office = 'US' AND i.scheme = 'application'"
        " LEFT JOIN parties p ON p.id = t.party_id WHERE t.ceased_at IS NULL GROUP BY i.value, t.asset_id",
        UNRECORDED,
    )
    assert {row["value"]: sorted(map(bare, row["owners"])) for row in found} == {
        number: sorted(owners) for number, owners in world.owners.items()
    }
    assert {row["value"] for row in found if row["unrecorded"]} == world.first_unrecorded
    assert len(world.first_unrecorded) > 1_000


async def test_live_liens_stand_in_the_order_of_registration(register: Register, world: World) -> None:
    """PL-24 on real liens: the patent with eight pledges; first and second lien of one day, filed the other way."""
    found = await register.all(
        "SELECT i.value, r.reference, h.ended_at IS NULL AS live FROM holds h JOIN pledges p ON p.id = h.source_id"
        " JOIN recordals r ON r.id = p.recordal_id"
        " JOIN asset_identifiers i ON i.asset_id = h.asset_id AND i.scheme = 'application'"
        " WHERE h.kind = 'lien' ORDER BY i.value, h.rank"
    )
    liens: dict[str, list[tuple[object, object]]] = defaultdict(list)
    for row in found:
        liens[row["value"]].append((row["reference"], row["live"]))
    assert liens == {
        number: [(lien["reel"], lien["live"]) for lien in listed]
        for number, listed in world.liens.items()
        if listed
    }
    eight = [
        *(("040134-0001", False), ("040136-0001", False), ("049452-0223", False), ("053546-0001", False)),
        *(("054155-0815", False), ("053666-0767", False), ("056096-0525", True), ("056098-0534", True)),
    ]
    assert liens["11424427"] == eight


async def test_pledges_follow_their_rights_and_the_pledgee_who_took_over(register: Register) -> None:
    found = await register.all(
        "SELECT p.status, p.ended_on IS NULL AS open, count(*) FILTER (WHERE h.ended_at IS NULL) AS live, count(*) AS rights"
        " FROM pledges p JOIN pledge_items i ON i.pledge_id = p.id JOIN holds h ON h.id = i.hold_id GROUP BY p.id"
    )
    assert all((row["status"] == "registered") == row["open"] == (row["live"] > 0) for row in found)
    assert max(row["rights"] for row in found) == 1_099
    (moved,) = await register.all(
        "SELECT y.name FROM pledges p JOIN recordals r ON r.id = p.recordal_id JOIN parties y ON y.id = p.pledgee_id"
        " WHERE r.reference = '048811-0679'"
    )
    assert bare(moved["name"]) == bare("MORGAN STANLEY SENIOR FUNDING, INC.")


@pytest.mark.parametrize("measure", ["transfer_count", "pledge_financing_count", "pledge_registration_count"])
async def test_counts_per_year_are_those_of_the_files(register: Register, world: World, measure: str) -> None:
    """ST-09: by the day of recording, of execution where that alone is known; outside every plan, imported."""
    found = await register.all(
        "SELECT extract(year FROM occurred_on)::int AS year, sum(value)::int AS value FROM facts"
        " WHERE measure = $1 AND district_code = '000000' AND imported GROUP BY 1",
        measure,
    )
    assert {row["year"]: row["value"] for row in found} == world.years[measure]


async def state(register: Register) -> dict[str, Iterable[object]]:
    """Rows of every table, and the sum of versions where a table has them."""
    columns = await register.all(
        "SELECT t.table_name, bool_or(c.column_name = 'version') AS versioned FROM information_schema.tables t"
        " JOIN information_schema.columns c USING (table_schema, table_name)"
        " WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' GROUP BY 1"
    )
    return {
        row["table_name"]: tuple(
            (
                await register.all(
                    f"SELECT count(*), {'sum(version)' if row['versioned'] else '0'} FROM {row['table_name']}"
                )
            )[0]
        )
        for row in columns
    }


async def test_importing_everything_again_changes_nothing(register: Register) -> None:
    """AST-13: same files twice, 0 changes: no row, event or version more."""
    before = await state(register)
    again = await import_all(register.database, register.folder)
    assert await state(register) == before
    for name, summary in again.items():
        first = register.summaries[name]
        assert (summary.accepted, summary.unchanged, summary.refused) == (0, first.accepted, first.refused)
