"""`/v1/assets/{id}/links` and `/family` over HTTP: what belongs together, until the link is ended."""

from __future__ import annotations

import uuid
from typing import Any

from tests.factories.clock import now
from tests.factories.pledges import filing
from tests.routers.test_assets import patent, trademark
from tests.support.api import Api, codes

MODEL = {"numbers": {"application": "202020654321.4"}, "ipc": None}


async def made_patent(api: Api, **changes: object) -> dict[str, Any]:
    owner = {"party_id": str(api.samples["sme"].organisation.party_id)}
    body = patent(owners=[owner], status_as_of=str(now().today), **changes)
    return await api.made("agency", "/v1/assets", body)


async def link(api: Api, one: dict[str, Any], other: dict[str, Any], kind: str) -> dict[str, Any]:
    body = {"other_asset_id": other["id"], "kind": kind}
    return await api.made("agency", f"/v1/assets/{one['id']}/links", body)


async def test_a_same_day_twin_is_a_ground_that_both_parties_must_know_of(api: Api) -> None:
    """AST-09, PL-06 (ground 10), TR-08: warned while the link stands, on whichever side it was made."""
    owner = api.samples["sme"].organisation.party_id
    invention = await made_patent(api)
    model = await made_patent(api, numbers={"application": "202020654321.4"})
    twin = await link(api, invention, model, "same_day_twin")
    debt = {"debt_to": "2027-06-30"}
    for right in (invention, model):
        warned = await api.post("bank_a", "/v1/pledges", filing(owner, [right["id"]], **debt))
        [violation] = warned.json()["violations"]
        assert (warned.status_code, violation["code"]) == (409, "pledge.twin_utility_model")
        assert violation["severity"] == "acknowledge"
    today = str(now().today)
    told = {"asset_id": model["id"], "code": "pledge.twin_utility_model"}
    told |= {"pledgor_on": today, "pledgee_on": today}
    await api.made("bank_a", "/v1/pledges", filing(owner, [model["id"]], acknowledgements=[told], **debt))
    end = f"/v1/assets/{model['id']}/links/{twin['id']}/end"
    await api.made("operator", end, {"reason": "并非同样的发明创造"})
    await api.made("bank_a", "/v1/pledges", filing(owner, [invention["id"]], **debt))


async def test_an_ended_link_is_gone_for_both_and_can_be_made_again(api: Api) -> None:
    """AST-09: ended once, by a link of that right only; the event remains."""
    invention = await made_patent(api)
    other = await made_patent(api, numbers={"application": "201710601862.3"}, filed_on="2017-07-21")
    third = await made_patent(api, numbers={"application": "201410026192.3"}, filed_on="2014-01-21")
    made = await link(api, invention, other, "family")
    path = f"/v1/assets/{{}}/links/{made['id']}/end"
    assert codes(await api.post("operator", path.format(third["id"]), {"reason": "示例"})) == [
        "asset.link_not_found"
    ]
    ended = await api.made("operator", path.format(other["id"]), {"reason": "示例"})
    assert ended == {"id": made["id"], "asset_id": invention["id"], "kind": "family"}
    again = await api.post("operator", path.format(invention["id"]), {"reason": "示例"})
    assert (again.status_code, codes(again)) == (409, ["asset.link_ended"])
    for right in (invention, other):
        assert (await api.get("bank_a", f"/v1/assets/{right['id']}")).json()["links"] == []
    assert (await link(api, other, invention, "family"))["id"] != made["id"]


async def test_a_family_is_everything_that_links_join(api: Api) -> None:
    """AST-09: across kinds of links and offices, from any member; likeness of marks makes no family."""
    numbers = {
        "first": ({"application": "201410026192.3"}, {"filed_on": "2014-01-21"}),
        "second": ({"application": "201710601862.3"}, {"filed_on": "2017-07-21"}),
        "abroad": ({"registration": "US 10,627,468 B2"}, {"filed_on": "2017-08-01", "office": "US"}),
        "divisional": ({"application": "202111118032.8"}, {"filed_on": "2017-07-21"}),
        "stranger": ({"application": "202310397744.0"}, {"filed_on": "2023-04-07"}),
    }
    rights = {
        key: await api.made("agency", "/v1/assets", patent(numbers=number, granted_on=None, **more))
        for key, (number, more) in numbers.items()
    }
    await link(api, rights["first"], rights["second"], "family")
    await link(api, rights["abroad"], rights["second"], "family")
    await link(api, rights["divisional"], rights["second"], "divisional")
    await link(api, rights["divisional"], rights["first"], "family")  # a circle does no harm

    async def family(key: str) -> list[str]:
        answer = await api.get("bank_a", f"/v1/assets/{rights[key]['id']}/family")
        names = {right["id"]: name for name, right in rights.items()}
        return sorted(names[row["asset_id"]] for row in answer.json()["items"])

    assert await family("abroad") == ["divisional", "first", "second"]
    assert await family("first") == ["abroad", "divisional", "second"]
    assert await family("stranger") == []


async def test_marks_are_linked_by_likeness_or_madrid_and_patents_by_neither(api: Api) -> None:
    """TR-11: both kinds of links are between trademarks."""
    one = await api.made("agency", "/v1/assets", trademark())
    other = await api.made("agency", "/v1/assets", trademark(numbers={"registration": "G1221382"}))
    right = await api.made("agency", "/v1/assets", patent())
    for kind in ("similar_mark", "madrid"):
        body = {"other_asset_id": right["id"], "kind": kind}
        refused = await api.post("agency", f"/v1/assets/{one['id']}/links", body)
        assert codes(refused) == ["asset.link_unfit"]
        await link(api, one, other, kind)
    joined = (await api.get("bank_a", f"/v1/assets/{other['id']}/family")).json()["items"]
    assert [uuid.UUID(row["asset_id"]) for row in joined] == [uuid.UUID(one["id"])]
