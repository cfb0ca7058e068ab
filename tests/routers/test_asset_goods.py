"""`/v1/assets/{id}/goods` over HTTP: items of goods with their groups, and striking them out."""

from __future__ import annotations

from typing import Any

from tests.factories.pledges import filing
from tests.routers.test_assets import patent, trademark
from tests.support.api import Api, objections


def item(name: str, group: str | None = "0901", nice_class: int = 9) -> dict[str, Any]:
    return {"nice_class": nice_class, "similar_group": group, "item": name}


async def test_a_mark_is_entered_with_its_items_and_more_are_added(api: Api) -> None:
    """ID-13: words in their normal form, groups of their class; what is not grouped is entered without."""
    classes = [
        {"nice_class": 9, "items": [{"item": "传感器　（电子）", "similar_group": "０９１３"}]},
        {"nice_class": 42, "goods": "技术研究"},
    ]
    made = await api.made("agency", "/v1/assets", trademark(classes=classes))
    path = f"/v1/assets/{made['id']}/goods"
    assert made["mark_kind"] == "ordinary"
    await api.made("agency", path, {"items": [item("技术研究", "4209", 42), item("秤", None)]})
    shown = (await api.get("bank_a", path)).json()["items"]
    assert [(row["nice_class"], row["similar_group"], row["item"], row["removed_on"]) for row in shown] == [
        (9, "0913", "传感器 (电子)", None),
        (9, None, "秤", None),
        (42, "4209", "技术研究", None),
    ]


async def test_all_faults_of_items_come_at_once(api: Api) -> None:
    """ID-13: the first two digits of a group are its class; a class is not added by naming goods."""
    made = await api.made("agency", "/v1/assets", trademark())
    path = f"/v1/assets/{made['id']}/goods"
    await api.made("agency", path, {"items": [item("秤")]})
    body = {
        "items": [
            item("秤"),
            item("传感器", "4209"),
            item("机床", "0742", 7),
            item("电池", "922"),
            item("电池", "0922"),
        ]
    }
    refused = await api.post("agency", path, body)
    assert refused.status_code == 422
    assert set(objections(refused)) == {
        ("asset.item_exists", "/items/0/item"),
        ("asset.group_of_other_class", "/items/1/similar_group"),
        ("asset.class_not_registered", "/items/2/nice_class"),
        ("similar_group.format", "/items/3/similar_group"),
        ("asset.item_twice", "/items/4/item"),
    }
    classes = [{"nice_class": 9, "items": [{"item": "秤", "similar_group": "4209"}]}]
    at_entry = await api.post(
        "agency", "/v1/assets", trademark(numbers={"registration": "7199525"}, classes=classes)
    )
    assert objections(at_entry) == [
        ("asset.group_of_other_class", "/classes/0/items/0/similar_group"),
    ]


async def test_a_partial_cancellation_strikes_items_out_and_leaves_the_mark(api: Api) -> None:
    """LS-15: what was protected stays on record, until when; striking out is told by the office."""
    made = await api.made("agency", "/v1/assets", trademark())
    path = f"/v1/assets/{made['id']}/goods"
    entered = await api.made("agency", path, {"items": [item("秤"), item("电池", "0922")]})
    battery = entered["items"][1]["id"]
    body = {"item_ids": [battery], "removed_on": "2024-05-06", "reason": "连续三年不使用"}
    assert (await api.post("agency", f"{path}/removals", body)).status_code == 403
    await api.made("operator", f"{path}/removals", body)

    async def listed(**params: str) -> list[tuple[str, str | None]]:
        rows = (await api.get("bank_a", path, **params)).json()["items"]
        return [(row["item"], row["removed_on"]) for row in rows]

    assert await listed() == [("秤", None), ("电池", "2024-05-06")]
    assert await listed(on="2024-05-05") == [("秤", None), ("电池", "2024-05-06")]
    assert await listed(on="2024-05-06") == [("秤", None)]
    assert (await api.get("bank_a", f"/v1/assets/{made['id']}")).json()["status"] == "registered"
    again = body | {"item_ids": [battery, made["id"]], "removed_on": "2010-09-06"}
    refused = await api.post("operator", f"{path}/removals", again)
    assert set(objections(refused)) == {
        ("request.date_too_early", "/removed_on"),
        ("asset.item_removed", "/item_ids/0"),
        ("asset.item_not_found", "/item_ids/1"),
    }
    await api.made("agency", path, {"items": [item("电池", "0922")]})  # registered for again
    assert len(await listed()) == 3


async def test_a_patent_has_no_goods(api: Api) -> None:
    made = await api.made("agency", "/v1/assets", patent())
    refused = await api.post("agency", f"/v1/assets/{made['id']}/goods", {"items": [item("秤")]})
    assert objections(refused) == [("asset.not_of_kind", "path:asset_id")]
    other = patent(numbers={"application": "201710601862.3"}, filed_on="2017-07-21", mark_kind="collective")
    assert objections(await api.post("agency", "/v1/assets", other)) == [("asset.not_of_kind", "/mark_kind")]


async def test_one_class_of_a_mark_cannot_be_pledged_apart(api: Api) -> None:
    """AST-03: a filing that names a class is refused at that place; a pledge is of the whole registration."""
    owner = api.samples["sme"].organisation.party_id
    mark = trademark(owners=[{"party_id": str(owner)}], status_as_of="2099-01-01")
    made = await api.made("agency", "/v1/assets", mark | {"status_as_of": None})
    body = filing(owner, [made["id"]])
    [named] = body["items"]
    for field in ("nice_class", "classes"):
        refused = await api.post("bank_a", "/v1/pledges", body | {"items": [named | {field: 9}]})
        assert (refused.status_code, objections(refused)) == (
            422,
            [("request.malformed", f"/items/0/{field}")],
        )
    assert (await api.get("bank_a", f"/v1/assets/{made['id']}")).json()["holds"] == []
