"""`/v1/assets/{id}/tags` over HTTP, and the industry split of published figures."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.asset import AssetKind
from app.models.asset import Asset
from tests.factories import deals
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.marks import make_mark, similar
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.routers.test_assets import patent
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase


def body(scheme: str, code: str, **changes: object) -> dict[str, Any]:
    return {"scheme": scheme, "code": code, "source": "示例机构标引"} | changes


@pytest.fixture
async def right(api: Api, database: SavepointDatabase) -> Asset:
    async with database.write() as unit:
        owner = api.samples["sme"].organisation.party_id
        return await make_asset(unit.session, owners=[owner])


async def test_the_main_class_is_the_main_tag(api: Api) -> None:
    """AST-11, ID-14: from the entry on; classed anew, what was known then is still told."""
    made = await api.made("agency", "/v1/assets", patent())
    path = f"/v1/assets/{made['id']}/tags"
    [main] = (await api.get("bank_a", path)).json()["items"]
    assert (main["scheme"], main["code"], main["main"], main["ended_at"]) == ("ipc", "G06K 9/00", True, None)
    taken = await api.post("agency", path, body("ipc", "G06V10/82", main=True))
    assert (taken.status_code, codes(taken)) == (409, ["tag.main_taken"])
    await api.made("agency", path, body("ipc", "G06V"))
    await api.made("agency", f"{path}/{main['id']}/end", {"valid_to": "2022-01-01"})
    assert (await api.get("bank_a", f"/v1/assets/{made['id']}")).json()["ipc"] is None
    new = await api.made("agency", path, body("ipc", "G06V10/82", main=True, valid_from="2022-01-01"))
    shown = (await api.get("bank_a", f"/v1/assets/{made['id']}")).json()
    assert (shown["ipc"], shown["version"]) == ("G06V 10/82", 3)

    async def told(**params: str) -> list[str]:
        return [row["code"] for row in (await api.get("bank_a", path, **params)).json()["items"]]

    assert await told(on="2021-12-31") == ["G06K 9/00", "G06V"]
    assert await told(on="2022-01-01") == ["G06V", "G06V 10/82"]
    before = main["recorded_at"]
    assert await told(on="2022-01-01", known_at=before) == ["G06K 9/00"]
    assert await told(known_at=new["recorded_at"]) == ["G06K 9/00", "G06V", "G06V 10/82"]
    [known] = (await api.get("bank_a", path, known_at=before)).json()["items"]
    assert (known["valid_to"], known["ended_at"]) == (None, None)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (("cpc", "y02e60/10"), "Y02E 60/10"),
        (("cpc", "G06F2203/04"), "G06F 2203/04"),
        (("ipc", "H01M"), "H01M"),
        (("gbt4754", "3911"), "3911"),
        (("gbt4754", "ｃ"), "C"),
        (("key_industry", " 智能  装备 "), "智能 装备"),
    ],
)
async def test_codes_are_stored_in_their_normal_form(
    api: Api, right: Asset, given: tuple[str, str], stored: str
) -> None:
    """AST-11, ID-14: a symbol that is not the main class may be a bare subclass."""
    made = await api.made("agency", f"/v1/assets/{right.id}/tags", body(*given))
    assert made["code"] == stored
    assert made["name"] == {"3911": "计算机整机制造", "C": "制造业"}.get(stored)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (body("ipc", "Y02E 60/10"), ("ipc.format", "/code")),
        (body("cpc", "H01M", main=True), ("cpc.format", "/code")),
        (body("gbt4754", "3912X"), ("tag.industry_unknown", "/code")),
        (body("gbt4754", "0000"), ("tag.industry_unknown", "/code")),
        (body("locarno", "14-02"), ("tag.unfit", "/scheme")),
    ],
)
async def test_impossible_codes_are_refused(
    api: Api, right: Asset, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    """AST-11, ID-14: and a scheme that is not for this kind of right."""
    assert objections(await api.post("agency", f"/v1/assets/{right.id}/tags", given)) == [expected]


async def test_a_mark_has_industries_but_no_technical_class(api: Api, database: SavepointDatabase) -> None:
    """AST-11, AST-03: its classes are Nice classes."""
    async with database.write() as unit:
        mark = await make_asset(unit.session, owners=[], kind=AssetKind.trademark)
    path = f"/v1/assets/{mark.id}/tags"
    assert codes(await api.post("agency", path, body("ipc", "H01M 10/0525"))) == ["tag.unfit"]
    await api.made("agency", path, body("gbt4754", "39", main=True))


async def test_a_tag_is_taken_once_and_ends_once_in_the_right_order(api: Api, right: Asset) -> None:
    """AST-11: one wrong from its start ends without a day and never held."""
    path = f"/v1/assets/{right.id}/tags"
    made = await api.made("agency", path, body("gbt4754", "39", valid_from="2020-05-01"))
    assert codes(await api.post("agency", path, body("gbt4754", "39"))) == ["tag.taken"]
    future = body("gbt4754", "40", valid_from="2999-01-01")
    assert codes(await api.post("agency", path, future)) == ["request.date_in_future"]
    end = f"{path}/{made['id']}/end"
    early = await api.post("agency", end, {"valid_to": "2020-05-01"})
    assert objections(early) == [("tag.validity_empty", "/valid_to")]
    ended = await api.made("agency", end, {"valid_to": None})
    assert ended["ended_at"] is not None
    again = await api.post("agency", end, {"valid_to": None})
    assert (again.status_code, codes(again)) == (409, ["tag.already_ended"])
    held = (await api.get("bank_a", path, on="2021-01-01")).json()["items"]
    assert [row["code"] for row in held if row["scheme"] == "gbt4754"] == []
    elsewhere = await api.post("agency", f"/v1/assets/{right.id}/tags/{right.id}/end", {"valid_to": None})
    assert elsewhere.status_code == 404
    assert (await api.post("bank_a", path, body("gbt4754", "40"))).status_code == 403


@pytest.mark.parametrize("table", ["asset_tags", "asset_links", "asset_goods"])
async def test_what_ended_stays_ended_whoever_writes(
    api: Api, database: SavepointDatabase, table: str
) -> None:
    """AST-11, LS-15: not even by SQL in the application's own role."""
    async with database.write() as unit:
        one, two = [await make_mark(unit.session, owners=[], classes={9: ["0901"]}) for _ in range(2)]
        link_id = await similar(unit.session, one, two)
    tag = await api.made("agency", f"/v1/assets/{one.id}/tags", body("gbt4754", "39"))
    goods = (await api.get("agency", f"/v1/assets/{one.id}/goods")).json()["items"]
    row_id, column, path, told = {
        "asset_tags": (tag["id"], "ended", f"tags/{tag['id']}/end", {"valid_to": None}),
        "asset_links": (str(link_id), "ended", f"links/{link_id}/end", {"reason": "示例"}),
        "asset_goods": (
            goods[0]["id"],
            "removed",
            "goods/removals",
            {"item_ids": [goods[0]["id"]], "removed_on": "2024-01-02", "reason": "示例"},
        ),
    }[table]
    await api.made("operator", f"/v1/assets/{one.id}/{path}", told)
    reopen = f"UPDATE {table} SET {column}_at = NULL, {column}_event_id = NULL WHERE id = CAST(:id AS uuid)"
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as unit:
            await unit.session.execute(text(reopen), {"id": row_id})


@pytest.mark.parametrize(
    "hide",
    ["UPDATE asset_tags SET valid_to = '2099-01-01'", "UPDATE asset_goods SET removed_on = '2024-01-02'"],
)
async def test_an_end_has_the_event_that_told_it(api: Api, database: SavepointDatabase, hide: str) -> None:
    """AST-11, LS-15: the application's own role cannot date an end that nobody told."""
    async with database.write() as unit:
        mark = await make_mark(unit.session, owners=[], classes={9: ["0901"]})
    await api.made("agency", f"/v1/assets/{mark.id}/tags", body("gbt4754", "39"))
    with pytest.raises(DBAPIError, match=r"ck_asset_tags_end_known|ck_asset_goods_removed_on"):
        async with database.write() as unit:
            await unit.session.execute(text(hide))


async def split(api: Api, measure: str, **params: Any) -> dict[str | None, object]:
    """A measure of this year in the district by industry."""
    year = now().today.year
    span = {"from": year, "to": year, "slice": "industry", "district": "120110"}
    cells = (await api.get("ip_office", f"/v1/statistics/{measure}", **span, **params)).json()["cells"]
    return {cell["slice"]["industry"]: cell["amount"] or cell["value"] for cell in cells}


async def test_tagging_anew_leaves_the_published_industry_split_as_it_was(
    api: Api, database: SavepointDatabase, right: Asset
) -> None:
    """AST-11: pledges registered before count where they did, also when corrected; later ones count anew."""
    owner = api.samples["sme"].organisation.party_id
    path = f"/v1/assets/{right.id}/tags"
    old = await api.made("agency", path, body("gbt4754", "3911", main=True))
    today = str(now().today)

    async def registered(number: str) -> str:
        pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [right.id]))
        one = {"asset_id": str(right.id), "registration_no": number, "registered_on": today}
        await api.made("bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": [one]})
        return str(pledge["id"])

    first = await registered("Y-801")
    published = await split(api, "pledge_financing_amount")
    assert published == {"39": "500000.00"}
    await api.made("agency", f"{path}/{old['id']}/end", {"valid_to": None})
    await api.made("agency", path, body("gbt4754", "3563", main=True))
    assert await split(api, "pledge_financing_amount") == published
    await api.made(
        "bank_a", f"/v1/pledges/{first}/deregistrations", {"reason": "debt_paid", "deregistered_on": today}
    )
    await registered("Y-802")
    assert await split(api, "pledge_financing_amount") == {"39": "500000.00", "35": "500000.00"}
    assert await split(api, "pledge_registration_count") == {"39": 1, "35": 1}


async def test_a_late_earlier_registration_is_corrected_under_the_industry_it_was_counted_by(
    api: Api, database: SavepointDatabase, right: Asset
) -> None:
    """AST-11, ST-09: minus and plus stand under one heading, so that no slice is left with a rest."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        mark = await make_asset(unit.session, owners=[owner], kind=AssetKind.trademark)
    tags = {}
    for asset_id in (right.id, mark.id):
        tags[asset_id] = await api.made(
            "agency", f"/v1/assets/{asset_id}/tags", body("gbt4754", "3911", main=True)
        )
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [right.id, mark.id]))
    first = now().today

    async def register(asset_id: uuid.UUID, number: str) -> None:
        one = {"asset_id": str(asset_id), "registration_no": number, "registered_on": str(first)}
        one |= {"expires_on": "2099-12-31"} if asset_id == mark.id else {}
        await api.made("bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": [one]})

    await register(right.id, "Y-803")
    await api.made("agency", f"/v1/assets/{mark.id}/tags/{tags[mark.id]['id']}/end", {"valid_to": None})
    await register(mark.id, "S-803")
    assert await split(api, "pledge_financing_count") == {"39": 1}
    assert await split(api, "pledge_mixed_count") == {"39": 1}
    assert await split(api, "pledge_registration_count") == {"39": 2}


async def test_deals_count_by_the_industry_of_their_rights(
    api: Api, database: SavepointDatabase, right: Asset
) -> None:
    """AST-11: one division for all rights, `mixed` for several, none where a right is not tagged."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        buyer = (await make_party(unit.session, district_code="120110")).id
        others = [await make_asset(unit.session, owners=[owner]) for _ in range(2)]
    await api.made("agency", f"/v1/assets/{right.id}/tags", body("gbt4754", "3911", main=True))
    await api.made("agency", f"/v1/assets/{others[0].id}/tags", body("gbt4754", "C", main=True))
    this_year = {"signed_on": str(now().today)}
    for rights in ([right], [right, others[0]], [right, others[1]]):
        deal = await api.made("sme", "/v1/deals", deals.licence(owner, buyer, [one.id for one in rights]))
        await deals.through(api, deal, "agree")
        assert (await deals.step(api, deal, "sign", **this_year)).status_code == 200
    assert await split(api, "licence_count") == {"39": 1, "mixed": 1, None: 1}
