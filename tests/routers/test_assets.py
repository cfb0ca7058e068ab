"""`/v1/assets` over HTTP."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.infra.db import Unit
from app.models.asset import Asset
from app.models.hold import Hold
from tests.support.api import Api
from tests.support.counter import statements
from tests.support.database import SavepointDatabase

INVENTION = "202011472880.4"


def patent(**changes: object) -> dict[str, Any]:
    """A well-formed granted invention."""
    return {
        "kind": "patent",
        "numbers": {"application": "ZL202011472880.4", "publication": "CN112330675B"},
        "name": "一种示例检测方法",
        "ipc": "G06K9/00",
        "filed_on": "2020-12-15",
        "granted_on": "2022-06-24",
        "status": "granted",
        "status_as_of": "2026-01-05",
        "status_source": "登记簿副本",
    } | changes


def trademark(**changes: object) -> dict[str, Any]:
    """A well-formed registration in two classes."""
    return {
        "kind": "trademark",
        "numbers": {"registration": "7199523"},
        "name": "示例",
        "classes": [{"nice_class": 9, "goods": "传感器"}, {"nice_class": 42}],
        "registered_on": "2010-09-07",
        "renewals": 1,
        "status": "registered",
        "status_source": "商标档案",
    } | changes


def owners(api: Api, *shares: int | None) -> list[dict[str, Any]]:
    """The sample firms as owners with the given shares."""
    roles = ("sme", "sme_b", "agency")
    return [
        {"party_id": str(api.samples[role].organisation.party_id), "share_ppm": share}
        for role, share in zip(roles, shares, strict=False)
    ]


def objections(answer: Any) -> set[tuple[str, str]]:
    """The (code, pointer) pairs of a problem."""
    return {(violation["code"], violation["pointer"]) for violation in answer.json()["violations"]}


async def test_a_patent_is_entered_with_what_its_number_and_dates_tell(api: Api) -> None:
    """ID-05, LS-02: type and canonical number from the number as typed, last day of the term from filing."""
    made = await api.made("agency", "/v1/assets", patent(owners=owners(api, None, None)))
    assert (made["number"], made["patent_type"], made["regime"]) == (INVENTION, "invention", "cn")
    assert (made["ipc"], made["last_day_in_force"], made["warnings"]) == ("G06K 9/00", "2040-12-14", [])
    assert made["numbers"] == [
        {"scheme": "application", "value": INVENTION},
        {"scheme": "publication", "value": "CN112330675B"},
    ]
    answer = await api.get("bank_a", f"/v1/assets/{made['id']}")
    assert answer.headers["etag"] == '"1"'
    shown = answer.json()
    assert [owner["name"] for owner in shown["owners"]] == ["示例智能装备有限公司", "示例医疗器械有限公司"]
    assert shown == {key: value for key, value in made.items() if key != "warnings"}


async def test_one_registration_in_several_classes_is_one_asset(api: Api) -> None:
    """AST-03, LS-13: two classes, one right; its number is its application number; a renewal adds ten years."""
    made = await api.made("agency", "/v1/assets", trademark())
    assert [row["nice_class"] for row in made["classes"]] == [9, 42]
    assert (made["number"], made["last_day_in_force"]) == ("7199523", "2030-09-06")
    again = trademark(numbers={"application": "7199523"}, classes=[{"nice_class": 35}], status="applied")
    refused = await api.post("agency", "/v1/assets", again | {"registered_on": None, "renewals": 0})
    assert (refused.status_code, objections(refused)) == (
        409,
        {("asset.number_taken", "/numbers/application")},
    )


async def test_all_objections_come_at_once_each_with_its_place(api: Api) -> None:
    """ID-02, ID-10, ID-14, AST-06: one answer names every fault."""
    nobody = str(uuid.uuid4())
    body = patent(
        numbers={"application": "201820468923.4", "publication": "CN112330675U"},
        ipc="G06F 17",
        status="registered",
        registered_on="2022-01-01",
        granted_on="2019-01-01",
        status_as_of="2999-01-01",
        owners=[{"party_id": nobody, "share_ppm": 999_999}],
    )
    refused = await api.post("agency", "/v1/assets", body)
    assert refused.status_code == 422
    assert objections(refused) == {
        ("patent_number.check_digit", "/numbers/application"),
        ("publication_number.kind_mismatch", "/numbers/publication"),
        ("ipc.format", "/ipc"),
        ("asset.not_of_kind", "/registered_on"),
        ("asset.status_not_of_kind", "/status"),
        ("asset.dates_out_of_order", "/granted_on"),
        ("request.date_in_future", "/status_as_of"),
        ("asset.shares_incomplete", "/owners"),
        ("asset.owner_unknown", "/owners/0/party_id"),
    }


@pytest.mark.parametrize(
    ("numbers", "patent_type", "expected"),
    [
        ({"application": INVENTION, "publication": "CN212330675U"}, None, "asset.publication_of_other_type"),
        ({"application": INVENTION, "registration": "ZL201710601862.3"}, None, "asset.numbers_differ"),
        ({"application": INVENTION}, "design", "asset.patent_type_differs"),
        ({"publication": "CN112330675B"}, None, "asset.number_missing"),
    ],
)
async def test_numbers_of_different_rights_are_not_one_right(
    api: Api, numbers: dict[str, str], patent_type: str | None, expected: str
) -> None:
    """ID-03, ID-08: publication, patent number and stated type must agree with the application number."""
    refused = await api.post("agency", "/v1/assets", patent(numbers=numbers, patent_type=patent_type))
    assert [violation["code"] for violation in refused.json()["violations"]] == [expected]


async def test_a_filing_year_unlike_the_number_only_warns(api: Api) -> None:
    """ID-06: divisionals keep the parent's filing date."""
    made = await api.made("agency", "/v1/assets", patent(filed_on="2018-05-02"))
    assert [row["code"] for row in made["warnings"]] == ["asset.filing_year_differs"]
    assert "2018-05-02" in made["warnings"][0]["zh"]


async def test_a_mark_in_force_past_its_term_warns(api: Api) -> None:
    """LS-12: the term of 2010 has ended unless it was renewed."""
    made = await api.made("agency", "/v1/assets", trademark(renewals=0))
    assert [row["code"] for row in made["warnings"]] == ["asset.term_over"]


@pytest.mark.parametrize(
    "typed", ["ZL 2020 1 1472880.4", "cn202011472880.4", "２０２０１１４７２８８０４", "202011472880"]
)
async def test_a_right_is_found_by_its_number_in_any_form(api: Api, typed: str) -> None:
    """ID-05, ID-07: spellings of one number are one number, and a second right cannot have it."""
    made = await api.made("agency", "/v1/assets", patent())
    found = await api.get("bank_a", "/v1/assets", number=typed)
    assert [row["id"] for row in found.json()["items"]] == [made["id"]]
    if len(typed) > 12:
        refused = await api.post("agency", "/v1/assets", patent(numbers={"application": typed}))
        assert objections(refused) == {("asset.number_taken", "/numbers/application")}


async def test_rights_of_other_offices_are_stored_as_given(api: Api) -> None:
    """Other offices' numbers are only normalised; no Chinese term is reckoned for them."""
    numbers = {"application": " 16/123,456 ", "registration": "us 10,627,468 b2"}
    made = await api.made("agency", "/v1/assets", patent(office="US", numbers=numbers))
    assert (made["number"], made["regime"]) == ("US 10,627,468 B2", "notice")
    assert made["last_day_in_force"] is None
    found = await api.get("agency", "/v1/assets", number="US10627468B2", office="US", kind="patent")
    assert [row["id"] for row in found.json()["items"]] == [made["id"]]


async def test_shares_are_all_undivided_or_the_whole(api: Api) -> None:
    """AST-06: 60 % + 40 % is a right; 100 % + undivided and 60 % + 30 % are not, nor one owner twice."""
    for shares in ((1_000_000, None), (600_000, 300_000)):
        refused = await api.post("agency", "/v1/assets", patent(owners=owners(api, *shares)))
        assert refused.status_code == 409
        assert objections(refused) == {("asset.shares_incomplete", "/owners")}
    twice = await api.post("agency", "/v1/assets", patent(owners=owners(api, None) * 2))
    assert objections(twice) == {("asset.owner_twice", "/owners/1/party_id")}
    made = await api.made("agency", "/v1/assets", patent(owners=owners(api, 600_000, 400_000)))
    assert [owner["share_ppm"] for owner in made["owners"]] == [600_000, 400_000]
    owner_id = made["owners"][1]["party_id"]
    found = await api.get("bank_a", "/v1/assets", owner_id=owner_id, status="granted")
    assert made["id"] in [row["id"] for row in found.json()["items"]]
    none = await api.get("bank_a", "/v1/assets", owner_id=owner_id, status="application")
    assert none.json()["items"] == []


async def test_an_owner_nobody_knows_is_shown_as_unrecorded(api: Api) -> None:
    """AST-05: the chain of title begins with an unrecorded owner."""
    made = await api.made("agency", "/v1/assets", patent())
    assert [(owner["party_id"], owner["unrecorded"]) for owner in made["owners"]] == [(None, True)]
    chain = (await api.get("bank_a", f"/v1/assets/{made['id']}/titles")).json()["items"]
    assert [(row["unrecorded"], row["live"], row["ceased_on"]) for row in chain] == [(True, True, None)]


async def test_a_hold_shows_kind_rank_and_since_and_nothing_of_the_lender(
    api: Api, database: SavepointDatabase
) -> None:
    """§13: bank A learns that a right is encumbered, never who lends."""
    made = await api.made("agency", "/v1/assets", patent())
    pledge_id = new_id()
    async with database.write() as unit:
        await place_lien(unit, uuid.UUID(made["id"]), pledge_id)
    answer = await api.get("bank_a", f"/v1/assets/{made['id']}")
    today = unit.moment.today.isoformat()
    assert answer.json()["holds"] == [{"kind": "lien", "rank": 1, "since": today, "source": "pledge"}]
    assert str(pledge_id) not in answer.text


async def test_liens_are_shown_in_the_order_of_their_days(api: Api, database: SavepointDatabase) -> None:
    """PL-24: of liens of a notice registry one that became known late may be earlier than rank 1."""
    mark = trademark(office="US", numbers={"registration": "7199524"})
    made = await api.made("agency", "/v1/assets", mark)
    async with database.write() as unit:
        for rank, placed_on in ((1, date(2020, 1, 2)), (2, date(2010, 1, 2)), (3, date(2020, 1, 2))):
            await place_lien(unit, uuid.UUID(made["id"]), new_id(), rank=rank, placed_on=placed_on)
    shown = (await api.get("bank_a", f"/v1/assets/{made['id']}")).json()["holds"]
    assert [hold["rank"] for hold in shown] == [2, 1, 3]


async def place_lien(
    unit: Unit, asset_id: uuid.UUID, pledge_id: uuid.UUID, *, rank: int = 1, placed_on: date | None = None
) -> None:
    """A live lien, written as the pledge service would."""
    asset = await unit.session.get_one(Asset, asset_id)
    lien = Hold(
        id=new_id(),
        asset_id=asset.id,
        asset_serial=asset.serial,
        regime=asset.regime,
        kind=HoldKind.lien,
        rank=rank,
        source_noun="pledge",
        source_id=pledge_id,
        placed_on=placed_on or unit.moment.today,
        imported=False,
        event_id=new_id(),
        recorded_at=unit.moment.now,
    )
    unit.session.add(lien)


async def test_a_list_of_twenty_costs_as_many_statements_as_a_list_of_one(
    api: Api, database: SavepointDatabase
) -> None:
    """No statement per row: the page, and one each for numbers, classes, links, owners and holds."""
    assert database.connection is not None
    party_id = owners(api, None)[0]["party_id"]
    counts = []
    for registered in (range(1), range(1, 20)):
        for number in registered:
            numbers = {"registration": f"{60_000_000 + number}"}
            await api.made("agency", "/v1/assets", trademark(numbers=numbers, owners=owners(api, None, None)))
        async with statements(database.connection) as seen:
            answer = await api.get("bank_a", "/v1/assets", owner_id=party_id, kind="trademark")
        counts.append((len(answer.json()["items"]), len(seen.work)))
        async with statements(database.connection) as seen:
            await api.get("bank_a", f"/v1/assets/{answer.json()['items'][0]['id']}")
        assert len(seen.work) == 6
    assert counts == [(1, 6), (20, 6)]


async def test_the_status_of_a_day_depends_on_when_it_is_asked(api: Api) -> None:
    """AST-04: a late gazette changes what was in force in the past, not what was known of it."""
    made = await api.made("agency", "/v1/assets", patent())
    path = f"/v1/assets/{made['id']}/statuses"
    known_first = (await api.get("bank_a", path)).json()["items"][0]["recorded_at"]
    lapse = {
        "status": "terminated_fee",
        "effective_on": "2024-12-15",
        "source": "公报",
        "as_of": "2026-02-01",
    }
    changed = await api.post("operator", path, lapse, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (201, '"2"')
    assert (changed.json()["status"], changed.json()["status_as_of"]) == ("terminated_fee", "2026-02-01")

    async def in_force(**params: str) -> str | None:
        found = (await api.get("bank_a", path, **params)).json()["in_force"]
        return found and str(found["status"])

    assert await in_force(effective_on="2025-01-01") == "terminated_fee"
    assert await in_force(effective_on="2025-01-01", known_at=known_first) == "granted"
    assert await in_force(effective_on="2024-12-14") == "granted"
    assert await in_force(effective_on="2021-01-01") is None


async def test_news_of_an_earlier_day_does_not_undo_the_current_status(api: Api) -> None:
    """AST-04: the late-fee period before a termination is history when it arrives after it."""
    made = await api.made("agency", "/v1/assets", patent())
    path = f"/v1/assets/{made['id']}/statuses"
    for version, (status, day) in enumerate(
        [("terminated_fee", "2024-12-15"), ("late_fee", "2024-06-01")], 1
    ):
        body = {"status": status, "effective_on": day, "source": "公报", "as_of": "2026-02-01"}
        answer = await api.post("operator", path, body, headers={"If-Match": f'"{version}"'})
        assert (answer.status_code, answer.json()["status"]) == (201, "terminated_fee")
    then = await api.get("bank_a", path, effective_on="2024-07-01")
    assert then.json()["in_force"]["status"] == "late_fee"


async def test_a_status_change_needs_the_version_it_saw_and_a_possible_status(api: Api) -> None:
    """LS-11: no blind overwriting; a patent is not `registered`, and tomorrow's status is not known."""
    made = await api.made("agency", "/v1/assets", patent())
    path = f"/v1/assets/{made['id']}/statuses"
    body = {"status": "registered", "effective_on": "2999-01-01", "source": "公报", "as_of": "2026-02-01"}
    assert (await api.post("operator", path, body)).status_code == 428
    assert (await api.post("operator", path, body, headers={"If-Match": '"7"'})).status_code == 412
    refused = await api.post("operator", path, body, headers={"If-Match": '"1"'})
    assert objections(refused) == {
        ("request.date_in_future", "/effective_on"),
        ("asset.status_not_of_kind", "/status"),
    }
    assert (await api.post("bank_a", path, body, headers={"If-Match": '"1"'})).status_code == 403


async def test_registration_gives_an_applied_mark_its_term(api: Api) -> None:
    """LS-12: ten years from the day of registration."""
    applied = trademark(status="applied", registered_on=None, renewals=0, filed_on="2020-01-10")
    made = await api.made("agency", "/v1/assets", applied)
    assert made["last_day_in_force"] is None
    body = {"status": "registered", "effective_on": "2021-03-01", "source": "公报", "as_of": "2026-02-01"}
    path = f"/v1/assets/{made['id']}/statuses"
    shown = (await api.post("operator", path, body, headers={"If-Match": '"1"'})).json()
    assert (shown["registered_on"], shown["last_day_in_force"]) == ("2021-03-01", "2031-02-28")


async def test_flags_are_set_as_a_whole_under_a_version(api: Api) -> None:
    """PL-06: pending invalidation; saying it again changes nothing."""
    made = await api.made("agency", "/v1/assets", patent())
    path, body = f"/v1/assets/{made['id']}/flags", {"invalidation_pending": True}
    for match, version in (('"1"', 2), ('"2"', 2)):
        headers = api.headers("ip_office") | {"If-Match": match}
        answer = await api.http.put(path, json=body, headers=headers)
        shown = answer.json()
        assert (shown["invalidation_pending"], shown["version"]) == (True, version)
    stale = await api.http.put(path, json=body, headers=api.headers("ip_office") | {"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_a_same_day_twin_is_an_invention_and_a_utility_model_of_one_day(api: Api) -> None:
    """AST-09: linked once, whichever is named first, and shown at both."""
    invention = await api.made("agency", "/v1/assets", patent())
    model = patent(numbers={"application": "202020654321.4"})
    other_day = await api.made("agency", "/v1/assets", model | {"filed_on": "2020-05-06"})
    twin = await api.made("agency", "/v1/assets", patent(numbers={"application": "201821344181.X"}))

    async def link(one: dict[str, Any], other: dict[str, Any]) -> tuple[int, str | None]:
        body = {"other_asset_id": other["id"], "kind": "same_day_twin"}
        answer = await api.post("agency", f"/v1/assets/{one['id']}/links", body)
        return answer.status_code, answer.json().get("code")

    assert await link(other_day, twin) == (409, "asset.link_unfit")
    assert await link(invention, other_day) == (409, "asset.twins_not_same_day")
    assert await link(invention, invention) == (422, "asset.link_to_itself")
    assert await link(invention, twin) == (201, None)
    assert await link(twin, invention) == (409, "asset.link_exists")
    shown = (await api.get("bank_a", f"/v1/assets/{twin['id']}")).json()
    assert [(row["asset_id"], row["kind"]) for row in shown["links"]] == [(invention["id"], "same_day_twin")]


async def test_a_dry_run_judges_and_keeps_nothing(api: Api) -> None:
    """C-conventions: `dry_run=true` answers as the real call would."""
    tried = await api.http.post("/v1/assets?dry_run=true", json=patent(), headers=api.headers("agency"))
    assert (tried.status_code, tried.json()["number"]) == (200, INVENTION)
    assert (await api.get("agency", "/v1/assets", number=INVENTION)).json()["items"] == []


async def test_an_agency_enters_rights_but_neither_their_status_nor_their_flags(api: Api) -> None:
    """LS-10, LS-11: what the office did to a right is told by the office or the operator."""
    made = await api.made("agency", "/v1/assets", patent())
    version, path = {"If-Match": '"1"'}, f"/v1/assets/{made['id']}"
    status = {"status": "expired", "effective_on": "2024-12-15", "source": "公报", "as_of": "2026-02-01"}
    flags = {"invalidation_pending": False}
    tried = (
        await api.post("agency", f"{path}/statuses", status, headers=version),
        await api.http.put(f"{path}/flags", json=flags, headers=api.headers("agency") | version),
    )
    for answer in tried:
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.denied")
        assert answer.json()["violations"][0]["facts"] == {"permission": "asset:status"}


@pytest.mark.parametrize("known_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_an_instant_at_the_ends_of_time_is_refused(api: Api, known_at: str) -> None:
    """AST-04: with its offset it would be outside the calendar."""
    made = await api.made("agency", "/v1/assets", patent())
    answer = await api.get("bank_a", f"/v1/assets/{made['id']}/statuses", known_at=known_at)
    assert (answer.status_code, objections(answer)) == (422, {("request.malformed", "query:known_at")})


async def test_names_and_numbers_have_something_to_be_seen(api: Api) -> None:
    """ID-01: zero-width characters alone are no name and no number."""
    unseen = "\u200b\u2060\u200d"
    body = patent(name=unseen, numbers={"application": unseen})
    answer = await api.post("agency", "/v1/assets", body)
    assert (answer.status_code, objections(answer)) == (
        422,
        {("request.malformed", "/name"), ("request.malformed", "/numbers/application")},
    )
