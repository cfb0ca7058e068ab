"""`/v1/parties` over HTTP: entering, histories, searching by any name, and who follows whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.domain.permission import Role
from app.queries import party_histories
from tests.factories.clock import now
from tests.factories.enrolments import (
    COVERED,
    counted,
    evaluate,
    join,
    make_programme,
    make_provider,
    match,
    serve,
)
from tests.factories.finance import policy
from tests.factories.parties import bare_party, party
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase

TODAY = now().today
TOMORROW = str(TODAY + timedelta(days=1))
SOURCE = "示例核准通知书"


async def make(api: Api, number: int, **changes: Any) -> dict[str, Any]:
    return await api.made("operator", "/v1/parties", party(number, **changes))


async def rename(api: Api, made: dict[str, Any], name: str, on: str) -> Any:
    body = {"name": name, "effective_on": on, "source": SOURCE}
    return await api.post("operator", f"/v1/parties/{made['id']}/names", body)


async def move(api: Api, made: dict[str, Any], district: str, on: str) -> Any:
    body = {"district_code": district, "effective_on": on, "source": SOURCE}
    return await api.post("operator", f"/v1/parties/{made['id']}/districts", body)


async def succeed(api: Api, made: Any, successor: Any, kind: str, on: str = "2020-06-01") -> Any:
    body = {"successor_id": successor["id"], "kind": kind, "occurred_on": on, "source": SOURCE}
    return await api.post("operator", f"/v1/parties/{made['id']}/successions", body)


async def seen(api: Api, made: dict[str, Any], **asked: Any) -> dict[str, Any]:
    response = await api.get("bank_a", f"/v1/parties/{made['id']}", **asked)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def listed(api: Api, made: dict[str, Any], what: str) -> list[dict[str, Any]]:
    response = await api.get("bank_a", f"/v1/parties/{made['id']}/{what}")
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_a_registered_party_is_found_by_its_code_and_by_its_name(api: Api) -> None:
    """AST-02: the register answers by 统一社会信用代码 and by name however it is written."""
    made = await make(api, 1)
    by_code = await api.get("bank_a", "/v1/parties", identifier=made["identifiers"][0]["value"])
    by_name = await api.get("bank_a", "/v1/parties", name=" 示例新材料有限公司１ ")
    assert [row["id"] for row in by_code.json()["items"]] == [made["id"]]
    assert [(row["id"], row["found_as"]) for row in by_name.json()["items"]] == [(made["id"], made["name"])]


async def test_one_code_belongs_to_one_party(api: Api) -> None:
    """AST-02: a taken identifier is refused and nothing is written."""
    await make(api, 2)
    again = await api.post("operator", "/v1/parties", party(2, name="示例另一公司"))
    assert (again.status_code, again.json()["code"]) == (409, "party.identifier_taken")
    assert (await api.get("operator", "/v1/parties", name="示例另一公司")).json()["items"] == []


async def test_a_code_is_taken_in_lower_case_and_refused_with_one_character_changed(api: Api) -> None:
    """AST-02, ID-15 to ID-17: the sample passes however it is written, a slip of the pen does not."""
    code = party(3)["identifiers"][0]["value"]
    slip = code[:8] + ("1" if code[8] != "1" else "2") + code[9:]
    refused = await api.post(
        "operator", "/v1/parties", party(3, identifiers=[{"scheme": "uscc", "value": slip}])
    )
    assert (refused.status_code, codes(refused)) == (422, ["uscc.check_digit"])
    made = await make(api, 3, identifiers=[{"scheme": "uscc", "value": code.lower()}])
    assert made["identifiers"] == [{"scheme": "uscc", "value": code}]


async def test_a_party_registered_in_the_future_is_refused(api: Api) -> None:
    response = await api.post("operator", "/v1/parties", party(4, registered_on=TOMORROW))
    assert objections(response) == [("request.date_in_future", "/registered_on")]


async def test_both_names_find_a_renamed_party(api: Api) -> None:
    """AST-14: the party is one, under the name of each day; both names are searchable."""
    made = await make(api, 5, registered_on="2015-03-01")
    old = made["name"]
    assert (await rename(api, made, "示例芯片　（天津）有限公司", "2020-06-01")).status_code == 201
    today = await seen(api, made)
    assert (today["name"], today["version"]) == ("示例芯片 (天津)有限公司", 2)
    assert (await seen(api, made, on="2020-05-31"))["name"] == old
    assert (await seen(api, made, on="2020-06-01"))["name"] == today["name"]
    for asked, found_as in ((old, old), ("示例芯片(天津)有限公司", today["name"])):
        [row] = (await api.get("bank_a", "/v1/parties", name=asked)).json()["items"]
        assert (row["id"], row["found_as"], row["successor"]) == (made["id"], found_as, None)
    rows = await listed(api, made, "names")
    assert [(row["name"], row["effective_on"]) for row in rows] == [
        (old, None),
        (today["name"], "2020-06-01"),
    ]


async def test_news_of_an_earlier_day_leaves_the_name_of_today(api: Api) -> None:
    """AST-14: history is completed late; what was known before stays readable."""
    made = await make(api, 6)
    await rename(api, made, "示例甲公司", "2021-01-01")
    before = datetime.now(UTC).isoformat()
    await rename(api, made, "示例乙公司", "2019-01-01")
    assert (await seen(api, made))["name"] == "示例甲公司"
    assert (await seen(api, made, on="2020-01-01"))["name"] == "示例乙公司"
    assert (await seen(api, made, on="2020-01-01", known_at=before))["name"] == made["name"]
    assert (await seen(api, made, on="2018-01-01"))["name"] == made["name"]


async def test_what_was_not_known_yet_is_not_told(api: Api) -> None:
    """A party entered later was not in the register then."""
    before = datetime.now(UTC).isoformat()
    made = await make(api, 7)
    response = await api.get("bank_a", f"/v1/parties/{made['id']}", known_at=before)
    assert (response.status_code, codes(response)) == (404, ["party.not_found"])


async def test_a_party_without_a_history_has_been_so_ever_since(
    api: Api, database: SavepointDatabase
) -> None:
    """Rows entered before histories were kept: the first change keeps what was, with the day it was known."""
    async with database.write() as unit:
        known = await bare_party(unit.session, "示例无沿革公司")
    made = {"id": str(known.id), "name": known.name}
    assert await listed(api, made, "names") == []
    assert (await seen(api, made, on="2010-01-01"))["name"] == made["name"]
    await rename(api, made, "示例丙公司", "2021-01-01")
    assert (await seen(api, made, on="2010-01-01"))["name"] == made["name"]
    assert [row["name"] for row in await listed(api, made, "names")] == [made["name"], "示例丙公司"]
    assert [row["district_code"] for row in await listed(api, made, "districts")] == ["120110"]


async def test_a_name_is_refused_with_all_that_speaks_against_it(api: Api) -> None:
    made = await make(api, 9, registered_on="2015-03-01")
    future = await rename(api, made, made["name"], TOMORROW)
    assert objections(future) == [
        ("request.date_in_future", "/effective_on"),
        ("party.unchanged", "/name"),
    ]
    early = await rename(api, made, "示例丁公司", "2015-02-28")
    assert objections(early) == [("request.date_too_early", "/effective_on")]
    denied = await api.post(
        "bank_a",
        f"/v1/parties/{made['id']}/names",
        {"name": "甲", "effective_on": "2020-01-01", "source": "x"},
    )
    assert denied.status_code == 403


async def test_a_party_counts_where_it_was_on_the_day(api: Api, database: SavepointDatabase) -> None:
    """ID-18, ST-08: the district is the party's own history, not its code; a fact takes that of its day."""
    made = await make(api, 10)
    assert (await move(api, made, "120116", "2021-06-01")).status_code == 201
    assert (await seen(api, made))["district_code"] == "120116"
    assert (await seen(api, made, on="2021-05-31"))["district_code"] == "120110"
    early = await api.made("insurer", "/v1/policies", policy(api, insured_id=made["id"]))
    late = await api.made(
        "insurer",
        "/v1/policies",
        policy(api, policy_no="2", insured_id=made["id"], starts_on="2021-06-01", ends_on="2022-05-31"),
    )
    assert (early["starts_on"], early["district_code"]) == ("2021-03-01", "120110")
    assert late["district_code"] == "120116"
    unknown = await move(api, made, "999999", TOMORROW)
    assert codes(unknown) == ["request.date_in_future", "district.unknown"]
    async with database.read() as unit:
        assert await party_histories.districts_on(unit.session, [made["id"]], date(2021, 5, 31))


SIZES: list[tuple[str, dict[str, int], str]] = [
    ("software", {"employees": 99, "revenue_wan": 1_000}, "small"),
    ("software", {"employees": 100, "revenue_wan": 1_000}, "medium"),
    ("real_estate", {"revenue_wan": 1_000, "assets_wan": 5_000}, "medium"),
    ("leasing_business", {"employees": 9, "assets_wan": 100}, "micro"),
    ("agriculture", {"revenue_wan": 20_000}, "large"),
    ("industry", {"employees": 300}, "unknown"),
    ("excluded", {"employees": 5_000, "revenue_wan": 1, "assets_wan": 1}, "unknown"),
]


@pytest.mark.parametrize(("industry", "figures", "size"), SIZES)
async def test_a_size_is_classed_by_the_table(
    api: Api, industry: str, figures: dict[str, int], size: str
) -> None:
    """TG-08: every floor of a line, else the class drops; a figure that counts and is missing gives unknown."""
    made = await make(api, 11)
    body = {"year": 2021, "industry": industry, "source": SOURCE, **figures}
    found = await api.made("operator", f"/v1/parties/{made['id']}/sizes", body)
    assert (found["size_class"], found["size_rule"]) == (size, "300-2011")


async def test_the_size_of_a_day_is_that_of_its_year_as_last_reported(api: Api) -> None:
    """TG-08: figures reported again replace those before; a later year says nothing of an earlier day."""
    made = await make(api, 12)
    path = f"/v1/parties/{made['id']}/sizes"
    for year, staff in ((2021, 99), (2021, 100), (2022, 300)):
        body = {"year": year, "industry": "other", "employees": staff, "source": SOURCE}
        await api.made("operator", path, body)
    on = [(await seen(api, made, on=f"{year}-07-01"))["size"] for year in (2020, 2021, 2022)]
    assert [size and size["size_class"] for size in on] == [None, "medium", "large"]
    late = {"year": TODAY.year + 1, "industry": "other", "source": SOURCE}
    assert codes(await api.post("operator", path, late)) == ["party.year_in_future"]
    person = await make(api, 13, kind="person", identifiers=[])
    refused = await api.post(
        "operator", f"/v1/parties/{person['id']}/sizes", late | {"year": 2020, "employees": 1}
    )
    assert codes(refused) == ["party.not_an_organisation"]


async def test_roles_begin_and_end(api: Api) -> None:
    """AST-02: what a party is in its field, on each day."""
    made = await make(api, 14)

    async def change(begins: bool, on: str) -> Any:
        body = {"role": "agency", "begins": begins, "effective_on": on, "source": SOURCE}
        return await api.post("operator", f"/v1/parties/{made['id']}/roles", body)

    assert codes(await change(False, "2019-01-01")) == ["party.unchanged"]
    assert [
        (await change(True, "2019-01-01")).status_code,
        (await change(False, "2021-01-01")).status_code,
    ] == [
        201,
        201,
    ]
    held = [(await seen(api, made, on=day))["roles"] for day in ("2018-12-31", "2020-12-31", "2021-01-01")]
    assert held == [[], ["agency"], []]
    assert [row["begins"] for row in await listed(api, made, "roles")] == [True, False]


async def test_a_successor_is_named_where_the_old_party_is_found(api: Api) -> None:
    """AST-14, TG-06: after a merger the old names lead to the firm of today; both directions are readable."""
    first, second, heir = [await make(api, number) for number in (15, 16, 17)]
    for one in (first, second):
        assert (await succeed(api, one, heir, "merger")).status_code == 201
    [row] = (await api.get("bank_a", "/v1/parties", name=first["name"])).json()["items"]
    assert row["successor"] == {"id": heir["id"], "name": heir["name"]}
    assert [one["predecessor_name"] for one in await listed(api, heir, "successions")] == [
        first["name"],
        second["name"],
    ]
    [one] = await listed(api, first, "successions")
    assert (one["successor_name"], one["kind"], one["counts"], one["source"]) == (
        heir["name"],
        "merger",
        True,
        SOURCE,
    )


async def test_a_succession_is_refused_with_all_that_speaks_against_it(api: Api) -> None:
    """TG-06: not to itself, twice, in a circle, to two, or in the future."""
    first, second, third = [await make(api, number) for number in (18, 19, 20)]
    assert (await succeed(api, first, second, "rename")).status_code == 201
    assert (await succeed(api, second, third, "rename")).status_code == 201
    refused = await succeed(api, third, first, "rename", TOMORROW)
    assert objections(refused) == [
        ("request.date_in_future", "/occurred_on"),
        ("party.succession_circular", "/successor_id"),
    ]
    assert codes(await succeed(api, first, second, "merger")) == ["party.succession_exists"]
    assert codes(await succeed(api, first, third, "merger")) == ["party.already_succeeded"]
    assert codes(await succeed(api, first, first, "split")) == ["party.succession_to_itself"]
    assert codes(await succeed(api, third, second, "duplicate")) == [
        "party.succession_of_duplicate",
        "party.succession_circular",
    ]
    assert (await succeed(api, first, third, "split")).status_code == 201
    nobody = {"id": "00000000-0000-7000-8000-000000000000"}
    assert objections(await succeed(api, first, nobody, "split")) == [("party.not_found", "/successor_id")]


async def test_a_recorded_merger_corrects_the_coverage_at_once(api: Api, database: SavepointDatabase) -> None:
    """AST-14, TG-06: two covered firms that merged are one from that day on."""
    heir = {"id": await join(api, database, "heir", Role.sme)}
    plan_id = ""
    for firm in ("sme", "heir"):
        programme = await make_programme(api, database, **({"plan_id": plan_id} if plan_id else {}))
        plan_id = programme["plan_id"]
        made = await match(api, programme, await make_provider(api, programme), firm)
        await serve(api, made, firm=firm)
        await evaluate(api, made, "2021-01-15")
    old = {"id": str(api.samples["sme"].organisation.party_id)}
    assert (await succeed(api, old, heir, "merger", "2022-06-01")).status_code == 201
    assert await counted(database, COVERED, plan_id) == [
        ("2021-01-15", 1),
        ("2021-01-15", 1),
        ("2022-06-01", -1),
    ]


async def test_a_code_is_found_however_it_is_written(api: Api) -> None:
    """AST-02, ID-17: lower case, full-width, with spaces."""
    made = await make(api, 61)
    code = made["identifiers"][0]["value"]
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    for written in (code.lower(), wide, f" {code[:8]} {code[8:]} "):
        found = (await api.get("bank_a", "/v1/parties", identifier=written)).json()["items"]
        assert [one["id"] for one in found] == [made["id"]], written
