"""`/v1/assets/{id}/titles` and `/state` over HTTP: title that passes by law, and what was known when."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.domain.hold import HoldKind
from app.models.asset import Asset
from tests.factories.assets import make_asset, tie_up
from tests.factories.enrolments import make_document
from tests.factories.pledges import filing
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase

DAY = "2024-05-06"


@dataclass
class Office:
    """The clerk who enters what the office recorded."""

    api: Api
    database: SavepointDatabase
    document_id: uuid.UUID

    def party(self, role: str) -> str:
        return str(self.api.samples[role].organisation.party_id)

    async def right(self, *roles: str, shares: Sequence[int | None] = (), **changes: Any) -> Asset:
        owners = [uuid.UUID(self.party(role)) for role in roles or ("sme",)]
        async with self.database.write() as unit:
            return await make_asset(unit.session, owners=owners, shares=shares, **changes)

    def body(self, *owners: tuple[str, int | None], **changes: Any) -> dict[str, Any]:
        named = [{"party_id": self.party(role), "share_ppm": share} for role, share in owners]
        return {
            "kind": "inheritance",
            "owners": named,
            "acquired_on": DAY,
            "executed_on": "2024-01-02",
            "reference": None,
            "document_id": str(self.document_id),
            "source": "示例公证书",
        } | changes

    async def tell(self, asset: Asset, body: dict[str, Any], role: str = "operator") -> httpx.Response:
        shown = await self.api.get("sme", f"/v1/assets/{asset.id}")
        match = {"If-Match": shown.headers["etag"]}
        return await self.api.post(role, f"/v1/assets/{asset.id}/titles", body, headers=match)

    async def chain(self, asset: Asset, **params: str) -> list[dict[str, Any]]:
        answer = await self.api.get("bank_a", f"/v1/assets/{asset.id}/titles", **params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def state(self, asset: Asset, **params: str) -> dict[str, Any]:
        answer = await self.api.get("bank_a", f"/v1/assets/{asset.id}/state", **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def office(api: Api, database: SavepointDatabase) -> Office:
    async with database.write() as unit:
        document_id = await make_document(unit.session, api.samples["operator"].organisation.id)
    return Office(api, database, document_id)


@pytest.mark.parametrize("kind", ["inheritance", "merger", "court_ruling", "auction"])
async def test_title_passes_by_a_document_and_the_chain_names_it(office: Office, kind: str) -> None:
    """TR-02, AST-05: with the day it was recorded, the day it was signed, and evidence."""
    asset = await office.right()
    answer = await office.tell(asset, office.body(("sme_b", None), kind=kind, reference=f"示例-{kind}"))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"2"'), answer.text
    first, second = answer.json()["items"]
    assert (first["party_id"], first["ceased_on"], first["live"]) == (office.party("sme"), DAY, False)
    assert (second["party_id"], second["acquired_on"], second["live"]) == (office.party("sme_b"), DAY, True)
    assert second["recordal"] == {
        "office": "CN",
        "kind": kind,
        "reference": f"示例-{kind}",
        "executed_on": "2024-01-02",
        "recorded_on": DAY,
        "document_id": str(office.document_id),
    }
    assert [one["party_id"] for one in await office.chain(asset, on="2024-05-05")] == [office.party("sme")]
    assert [one["party_id"] for one in await office.chain(asset, on=DAY)] == [office.party("sme_b")]
    again = await office.right()
    taken = await office.tell(again, office.body(("sme_b", None), kind=kind, reference=f"示例-{kind}"))
    assert codes(taken) == ["recordal.duplicate"]


async def test_what_was_known_before_late_news_can_still_be_read(office: Office) -> None:
    """AST-04, AST-05: the state on one day, as known before and after it was told."""
    asset = await office.right()
    before = datetime.now(UTC).isoformat()
    await office.tell(asset, office.body(("sme_b", None)))
    now = {"on": "2024-06-01"}
    then = now | {"known_at": before}
    owner_then, owner_now = [(await office.state(asset, **when))["owners"][0] for when in (then, now)]
    assert (owner_then["party_id"], owner_now["party_id"]) == (office.party("sme"), office.party("sme_b"))
    assert (owner_then["recordal"], owner_now["recordal"]["recorded_on"]) == (None, DAY)
    [known] = await office.chain(asset, **then)
    assert (known["party_id"], known["ceased_on"], known["live"]) == (office.party("sme"), None, True)
    match = {"If-Match": '"2"'}
    lapse = {
        "status": "terminated_fee",
        "effective_on": "2024-05-20",
        "source": "公报",
        "as_of": "2024-06-10",
    }
    told = datetime.now(UTC).isoformat()
    await office.api.post("operator", f"/v1/assets/{asset.id}/statuses", lapse, headers=match)
    known_before, known_now = [
        await office.state(asset, **now, **known) for known in ({"known_at": told}, {})
    ]
    assert (known_before["in_force"], known_now["in_force"]) == (True, False)
    assert known_now["status"]["effective_on"] == "2024-05-20"


async def test_a_pledged_right_passes_by_law_with_its_lien_and_names_no_lender(office: Office) -> None:
    """TR-02, PL-25: the lien stays, and everybody sees that there is one, nobody for whom."""
    asset = await office.right()
    async with office.database.write() as unit:
        await tie_up(unit.session, asset.id, HoldKind.lien)
    assert (await office.tell(asset, office.body(("sme_b", None), kind="merger"))).status_code == 201
    state = await office.state(asset)
    assert [one["party_id"] for one in state["owners"]] == [office.party("sme_b")]
    [lien] = state["encumbrances"]
    assert (lien["kind"], lien["rank"], lien["until"], lien["since"]) == ("lien", 1, None, lien["placed_on"])
    assert set(lien) == {"kind", "rank", "placed_on", "since", "until", "territory", "field"}


async def test_co_owners_divide_what_is_theirs_among_themselves_only(office: Office) -> None:
    """TR-03, AST-06: all of them, nobody else, on a right that nothing ties up."""
    asset = await office.right("sme", "sme_b")
    halves = [("sme", 500_000), ("sme_b", 500_000)]
    agreement = {"kind": "agreement_on_shares"}
    outsider = await office.tell(asset, office.body(("sme", 500_000), ("insurer", 500_000), **agreement))
    assert codes(outsider) == ["title.not_the_owners"]
    divided = await office.tell(asset, office.body(*halves, **agreement))
    assert divided.status_code == 201
    live = [(one["party_id"], one["share_ppm"]) for one in divided.json()["items"] if one["live"]]
    assert live == [(office.party(role), share) for role, share in halves]
    assert codes(await office.tell(asset, office.body(*halves, **agreement))) == ["title.unchanged"]
    tied = await office.right("sme", "sme_b", suspended=True)
    async with office.database.write() as unit:
        await tie_up(unit.session, tied.id, HoldKind.lien)
    assert codes(await office.tell(tied, office.body(*halves, **agreement))) == [
        "hold.encumbered",
        "title.right_stayed",
    ]


async def test_a_co_owner_that_goes_leaves_the_others_as_they_were_or_the_whole(office: Office) -> None:
    """TR-02: a divided share passes alone; of an undivided right those who are left begin anew."""
    divided = await office.right("sme", "sme_b", shares=[600_000, 400_000])
    answer = await office.tell(divided, office.body(("insurer", 600_000), ("sme_b", 400_000)))
    live = [(one["party_id"], one["acquired_on"]) for one in answer.json()["items"] if one["live"]]
    assert sorted(live) == sorted([(office.party("insurer"), DAY), (office.party("sme_b"), "2021-06-01")])
    whole = await office.right("sme", "sme_b")
    answer = await office.tell(whole, office.body(("sme_b", None), kind="merger"))
    assert [(one["party_id"], one["acquired_on"]) for one in answer.json()["items"] if one["live"]] == [
        (office.party("sme_b"), DAY)
    ]


async def test_every_objection_to_a_passing_comes_at_once(office: Office) -> None:
    """TR-02: unknown and repeated owners, broken shares, days that do not fit."""
    asset = await office.right()
    nobody = {"party_id": str(uuid.uuid4()), "share_ppm": 1}
    body = office.body(
        ("sme_b", 500_000), ("sme_b", None), acquired_on="2021-05-31", executed_on="2022-01-01"
    )
    body["owners"].append(nobody)
    assert objections(await office.tell(asset, body)) == [
        ("asset.owner_unknown", "/owners/2/party_id"),
        ("title.owner_twice", "/owners"),
        ("asset.shares_incomplete", "/owners"),
        ("request.date_too_early", "/acquired_on"),
        ("title.executed_later", "/executed_on"),
    ]
    unseen = office.body(("sme_b", None), document_id=str(uuid.uuid4()))
    assert objections(await office.tell(asset, unseen)) == [("document.not_found", "/document_id")]
    gone = f"/v1/assets/{uuid.uuid4()}/titles"
    assert codes(await office.api.post("operator", gone, office.body(("sme_b", None)))) == ["asset.not_found"]
    path = f"/v1/assets/{asset.id}/titles"
    stale = await office.api.post("operator", path, office.body(("sme_b", None)))
    assert codes(stale) == ["request.version_required"]
    assert len(await office.chain(asset)) == 1


@pytest.mark.parametrize("role", ["sme", "agency", "bank_a", "auditor"])
async def test_only_who_keeps_the_register_says_who_owns_a_right(office: Office, role: str) -> None:
    """TR-02: neither the owner nor its bank; a recorded document is the office's to enter."""
    asset = await office.right()
    refused = await office.tell(asset, office.body(("sme_b", None)), role)
    assert (refused.status_code, len(await office.chain(asset))) == (403, 1)


async def test_the_former_owners_offer_leaves_the_market(office: Office) -> None:
    """TR-02, LST-01: what it owns no more it offers no more; the new owner may."""
    asset = await office.right()
    listing = {
        "direction": "offer",
        "mode": "transfer",
        "name": "示例专利转让",
        "description": "示例",
        "expires_on": "2099-12-31",
        "asset_ids": [str(asset.id)],
    }
    made = await office.api.made("sme", "/v1/listings", listing)
    await office.api.made("sme", f"/v1/listings/{made['id']}/submission", None)
    await office.api.made("operator", f"/v1/listings/{made['id']}/approval", None)
    assert (await office.tell(asset, office.body(("sme_b", None)))).status_code == 201
    assert (await office.api.get("operator", f"/v1/listings/{made['id']}")).json()["status"] == "closed"
    assert (await office.state(asset))["encumbrances"] == []


async def test_the_owners_are_in_the_order_of_the_document(office: Office) -> None:
    """TR-02, ST-08: who is named first is the first patentee; who keeps its place keeps its title."""
    asset = await office.right("sme", "insurer")
    steps = [
        (("sme_b", "sme"), {"sme_b": DAY, "sme": DAY}),
        (("sme_b", "insurer"), {"sme_b": DAY, "insurer": "2024-05-07"}),
        (("insurer", "guarantor"), {"insurer": "2024-05-07", "guarantor": "2024-05-08"}),
    ]
    for number, (owners, since) in enumerate(steps):
        named = [(role, None) for role in owners]
        told = await office.tell(asset, office.body(*named, acquired_on=f"2024-05-0{6 + number}"))
        assert told.status_code == 201, told.text
        state = await office.state(asset)
        assert [one["party_id"] for one in state["owners"]] == [office.party(role) for role in owners]
        begun = {one["party_id"]: one["acquired_on"] for one in state["owners"]}
        assert begun == {office.party(role): day for role, day in since.items()}


async def test_who_lent_on_the_right_is_told_that_it_has_another_owner(office: Office) -> None:
    """TR-02, PL-25: the lien stays, and its pledgee hears of the new owner, as does who owned the right."""
    asset = await office.right()
    pledged = filing(office.party("sme"), [asset.id], debt_to="2030-01-01")
    await office.api.made("bank_b", "/v1/pledges", pledged)
    refused = await office.tell(asset, office.body(("sme", None), kind="merger"))
    assert codes(refused) == ["title.unchanged"]
    assert (await office.tell(asset, office.body(("sme_b", None), kind="merger"))).status_code == 201
    for role, expected in (("bank_b", 1), ("sme", 1), ("bank_a", 0)):
        found = await office.api.get(role, "/v1/notices", kind="title_passed")
        about = [one for one in found.json()["items"] if one["subject_id"] == str(asset.id)]
        assert len(about) == expected, role
        for one in about:
            assert asset.number in one["message_zh"]
            assert one["message_zh"].endswith("合并")
            assert office.party("bank_b") not in str(one)
