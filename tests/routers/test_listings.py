"""`/v1/listings` and `/v1/public/listings` over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from app.domain.asset import AssetStatus
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.models.asset import Asset
from app.services import holds
from app.services.holds import NewHold
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.support.api import Api
from tests.support.database import SavepointDatabase


def offer(asset: Asset, owner: uuid.UUID, **changes: object) -> dict[str, object]:
    """A well-formed offer by an agency."""
    return {
        "direction": "offer",
        "mode": "ordinary_licence",
        "name": "示例专利许可",
        "description": "一种示例装置的普通许可",
        "price": {"amount": "50000.00"},
        "expires_on": "2099-12-31",
        "asset_ids": [str(asset.id)],
        "owner_id": str(owner),
    } | changes


async def owned(database: SavepointDatabase, **facts: Any) -> tuple[Asset, uuid.UUID]:
    """A right of a party that does not use the system, and that party."""
    async with database.write() as unit:
        party = await make_party(unit.session)
        return await make_asset(unit.session, owners=[party.id], **facts), party.id


async def act(api: Api, role: str, listing: dict[str, Any], what: str, body: Any = None) -> httpx.Response:
    return await api.post(role, f"/v1/listings/{listing['id']}/{what}", body)


async def published(api: Api, body: dict[str, object]) -> dict[str, Any]:
    """A listing of the agency, approved by the operator."""
    made = await api.made("agency", "/v1/listings", body)
    assert (await act(api, "agency", made, "submission")).status_code == 200
    approved = await act(api, "operator", made, "approval")
    assert approved.status_code == 200, approved.text
    answer: dict[str, Any] = approved.json()
    return answer


async def patch(api: Api, role: str, path: str, body: Any, version: str | None) -> httpx.Response:
    headers = api.headers(role) | ({"If-Match": version} if version else {})
    return await api.http.patch(path, json=body, headers=headers)


async def test_a_draft_is_seen_by_its_organisation_and_the_district_only_until_it_is_published(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-01: drafts are private, the market is open to every authenticated caller."""
    asset, owner = await owned(database)
    made = await api.made("agency", "/v1/listings", offer(asset, owner))
    path = f"/v1/listings/{made['id']}"
    seen = {role: (await api.get(role, path)).status_code for role in ("agency", "operator", "sme", "bank_a")}
    assert seen == {"agency": 200, "operator": 200, "sme": 404, "bank_a": 404}
    await act(api, "agency", made, "submission")
    await act(api, "operator", made, "approval")
    assert (await api.get("bank_a", path)).json()["status"] == "published"


async def test_a_transition_that_is_not_open_names_the_ones_that_are(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-01: an illegal transition is 409 with the allowed ones."""
    asset, owner = await owned(database)
    made = await api.made("agency", "/v1/listings", offer(asset, owner))
    refused = await act(api, "operator", made, "approval")
    assert (refused.status_code, refused.json()["code"]) == (409, "state.illegal_transition")
    assert refused.json()["violations"][0]["facts"]["allowed"] == ["submit", "withdraw"]


async def test_the_public_market_shows_neither_lister_nor_owner_and_only_what_is_on_the_market(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-16: an anonymous reader sees published listings without the parties' identities."""
    asset, owner = await owned(database)
    draft = await api.made("agency", "/v1/listings", offer(asset, owner))
    shown = await published(api, offer(asset, owner, price=None))
    answer = await api.http.get("/v1/public/listings")
    assert answer.status_code == 200
    rows = {row["id"]: row for row in answer.json()["items"]}
    assert draft["id"] not in rows
    found = rows[shown["id"]]
    assert (found["price"], found["negotiable"]) == (None, True)
    assert found["assets"][0]["number"] == asset.number
    for secret in (str(owner), shown["organisation_id"]):
        assert secret not in answer.text


async def test_nobody_without_an_account_has_the_market_counted(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-16: a count scans the whole market, however small the page."""
    asset, owner = await owned(database)
    await published(api, offer(asset, owner))
    asked = {"include_total": "true", "limit": "1"}
    assert (await api.http.get("/v1/public/listings", params=asked)).json()["total"] is None
    assert (await api.get("bank_a", "/v1/listings", **asked)).json()["total"] >= 1


async def test_a_listing_discloses_that_a_right_is_pledged_or_licensed_but_not_to_whom(
    api: Api, database: SavepointDatabase
) -> None:
    """TR-05: live licences and liens are disclosed by kind."""
    asset, owner = await owned(database)
    async with database.write() as unit:
        lien = NewHold(asset.id, HoldKind.lien, "pledge", new_id(), new_id(), unit.moment.today)
        await holds.place(unit.session, moment=unit.moment, holds=[lien])
    shown = await published(api, offer(asset, owner))
    rows = (await api.http.get("/v1/public/listings")).json()["items"]
    (found,) = [row for row in rows if row["id"] == shown["id"]]
    assert found["assets"][0]["holds"] == ["lien"]


async def test_approval_names_every_objection_at_its_right(api: Api, database: SavepointDatabase) -> None:
    """LST-01, LS table: owner, legal status and preservation are judged for all rights at once."""
    mine, owner = await owned(database)
    async with database.write() as unit:
        other = await make_party(unit.session)
        ended = await make_asset(
            unit.session, owners=[owner], status=AssetStatus.terminated_fee, suspended=True
        )
        foreign = await make_asset(unit.session, owners=[other.id])
    ids = [str(asset.id) for asset in (ended, mine, foreign)]
    made = await api.made("agency", "/v1/listings", offer(mine, owner, asset_ids=ids))
    await act(api, "agency", made, "submission")
    refused = await act(api, "operator", made, "approval")
    assert refused.status_code == 409
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [
        ("listing.right_ended", "/asset_ids/0"),
        ("listing.right_stayed", "/asset_ids/0"),
        ("listing.not_owner", "/asset_ids/2"),
    ]
    assert (await api.get("agency", f"/v1/listings/{made['id']}")).json()["status"] == "submitted"


async def test_an_organisation_does_not_approve_its_own_listing(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-02: maker and checker differ."""
    asset, owner = await owned(database)
    made = await api.made("operator", "/v1/listings", offer(asset, owner))
    await act(api, "operator", made, "submission")
    refused = await act(api, "operator", made, "approval")
    assert (refused.status_code, refused.json()["code"]) == (409, "listing.same_organisation")


async def test_a_right_has_one_open_transfer_listing_until_it_leaves_the_market(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-01: a second transfer offer is refused; a licence offer beside it is not; withdrawal frees the right."""
    asset, owner = await owned(database)
    first = await published(api, offer(asset, owner, mode="transfer"))
    await published(api, offer(asset, owner))
    second = await api.made("agency", "/v1/listings", offer(asset, owner, mode="transfer"))
    await act(api, "agency", second, "submission")
    refused = await act(api, "operator", second, "approval")
    assert refused.json()["violations"][0]["code"] == "hold.transfer_already_offered"
    assert (await act(api, "agency", first, "withdrawal")).json()["closed_on"] is not None
    assert (await act(api, "operator", second, "approval")).json()["status"] == "published"


async def test_a_listing_that_has_served_its_purpose_is_closed_by_its_lister_once(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-01: closing takes it off the market and frees its right; a draft has nothing to close."""
    asset, owner = await owned(database)
    draft = await api.made("agency", "/v1/listings", offer(asset, owner, mode="transfer"))
    early = await act(api, "agency", draft, "closure")
    assert (early.status_code, early.json()["code"]) == (409, "state.illegal_transition")
    shown = await published(api, offer(asset, owner, mode="transfer"))
    foreign = await act(api, "operator", shown, "closure")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "listing.not_lister")
    closed = await act(api, "agency", shown, "closure")
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    assert closed.json()["closed_on"] == str(now().today)
    assert shown["id"] not in (await api.http.get("/v1/public/listings")).text
    again = await act(api, "agency", shown, "closure")
    assert (again.status_code, again.json()["violations"][0]["facts"]["allowed"]) == (409, [])
    assert (await published(api, offer(asset, owner, mode="transfer")))["status"] == "published"


async def test_two_editors_of_a_draft_do_not_overwrite_each_other(
    api: Api, database: SavepointDatabase
) -> None:
    """API-11: a revision needs the version it saw, and only a draft can be revised."""
    asset, owner = await owned(database)
    made = await api.made("agency", "/v1/listings", offer(asset, owner))
    path = f"/v1/listings/{made['id']}"
    assert (await patch(api, "agency", path, {"name": "甲"}, None)).status_code == 428
    first = await patch(api, "agency", path, {"name": "甲", "price": None}, '"1"')
    assert (first.json()["name"], first.json()["price"], first.headers["etag"]) == ("甲", None, '"2"')
    assert first.json()["description"] == made["description"]
    assert (await patch(api, "agency", path, {"name": "乙"}, '"1"')).status_code == 412
    await act(api, "agency", made, "submission")
    late = await patch(api, "agency", path, {"name": "乙"}, '"3"')
    assert (late.status_code, late.json()["code"]) == (409, "listing.not_draft")


async def test_a_returned_listing_can_be_mended_and_submitted_again(
    api: Api, database: SavepointDatabase
) -> None:
    """LST-01: return leads back to the draft."""
    asset, owner = await owned(database)
    made = await api.made("agency", "/v1/listings", offer(asset, owner))
    await act(api, "agency", made, "submission")
    returned = await act(api, "operator", made, "return", {"reason": "请补充技术说明"})
    assert returned.json()["status"] == "draft"
    assert (await act(api, "agency", made, "submission")).json()["status"] == "submitted"


async def test_only_the_lister_withdraws(api: Api, database: SavepointDatabase) -> None:
    """RB-01: seeing a listing is not commanding it."""
    asset, owner = await owned(database)
    made = await published(api, offer(asset, owner))
    refused = await act(api, "sme", made, "withdrawal")
    assert (refused.status_code, refused.json()["code"]) == (403, "listing.not_lister")


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"asset_ids": []}, "listing.assets_missing", "/asset_ids"),
        ({"owner_id": None}, "listing.owner_missing", "/owner_id"),
        ({"direction": "need"}, "listing.need_with_assets", "/asset_ids"),
        ({"price": {"amount": "0.00"}}, "listing.price_zero", "/price/amount"),
        ({"expires_on": "2020-01-01"}, "listing.term_passed", "/expires_on"),
        ({"asset_ids": [str(new_id())]}, "asset.not_found", "/asset_ids/0"),
    ],
)
async def test_a_draft_must_make_sense(
    api: Api, database: SavepointDatabase, changes: dict[str, object], code: str, pointer: str
) -> None:
    """LST-01, LST-03: offers name rights and their owner, needs name none, and nothing ends before today."""
    asset, owner = await owned(database)
    refused = await api.post("agency", "/v1/listings", offer(asset, owner, **changes))
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [(code, pointer)]


async def test_an_enterprise_lists_its_own_rights_only(api: Api, database: SavepointDatabase) -> None:
    """Domain §9.1: an owner acts for itself; without a name given the listing is its own."""
    asset, owner = await owned(database)
    refused = await api.post("sme", "/v1/listings", offer(asset, owner))
    assert (refused.status_code, refused.json()["code"]) == (403, "listing.owner_foreign")
    own = await api.made("sme", "/v1/listings", offer(asset, owner, owner_id=None))
    assert own["owner_id"] == str(api.samples["sme"].organisation.party_id)


async def test_the_list_is_narrowed_by_right_mode_and_lister(api: Api, database: SavepointDatabase) -> None:
    """LST-01: filters combine and never show what the caller may not see."""
    asset, owner = await owned(database)
    sale = await published(api, offer(asset, owner, mode="transfer"))
    licence = await published(api, offer(asset, owner))
    await api.made("agency", "/v1/listings", offer(asset, owner))

    async def ids(role: str, **filters: Any) -> list[str]:
        answer = await api.get(role, "/v1/listings", asset_id=str(asset.id), **filters)
        return [row["id"] for row in answer.json()["items"]]

    assert await ids("sme") == [sale["id"], licence["id"]]
    assert await ids("sme", mode="transfer") == [sale["id"]]
    assert await ids("sme", status="draft") == []
    assert await ids("sme", mine=True) == []
    assert len(await ids("agency", mine=True)) == 3


async def test_an_amount_beyond_the_range_is_refused_where_it_stands(api: Api) -> None:
    """API-08: as a fault of the body, in both languages, not as a defect later on."""
    body = {
        "direction": "need",
        "mode": "transfer",
        "name": "示例需求",
        "description": "示例",
        "price": {"amount": "90071992547409.92"},
        "expires_on": "2099-12-31",
    }
    refused = await api.post("agency", "/v1/listings", body)
    (fault,) = refused.json()["violations"]
    assert (refused.status_code, fault["code"], fault["pointer"]) == (
        422,
        "request.malformed",
        "/price/amount",
    )
    assert "金额至多 90071992547409.91" in fault["message_zh"]
    assert (
        await api.post("agency", "/v1/listings", body | {"price": {"amount": "90071992547409.91"}})
    ).is_success
