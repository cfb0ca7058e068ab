"""`/v1/offers` over HTTP: bids, counter-offers, and the deal that comes of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.clock import Moment
from app.domain.listing import Direction, ListingMode
from app.domain.permission import system_actor
from app.services import listings, offers
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.support.api import Api
from tests.support.database import SavepointDatabase

LAST_DAY = str(now().today + timedelta(days=30))
TERM = {"term_from": "2027-01-01", "term_to": "2029-12-31"}


@dataclass
class Market:
    """The sample enterprise lists, the other one bids."""

    api: Api
    database: SavepointDatabase

    def party(self, role: str) -> uuid.UUID:
        return self.api.samples[role].organisation.party_id

    async def listed(self, lister: str = "sme", *, owner: uuid.UUID | None = None, **changes: Any) -> str:
        """A published listing of a right; its id."""
        owner = owner or self.party("sme")
        async with self.database.write() as unit:
            asset = await make_asset(unit.session, owners=[owner])
        body = {
            "direction": "offer",
            "mode": "ordinary_licence",
            "name": "示例专利许可",
            "description": "示例",
            "price": {"amount": "80000.00"},
            "expires_on": "2099-12-31",
            "asset_ids": [str(asset.id)],
            "owner_id": str(owner),
        } | changes
        made = await self.api.made(lister, "/v1/listings", body)
        await self.api.made(lister, f"/v1/listings/{made['id']}/submission", None)
        shown = await self.api.made("operator", f"/v1/listings/{made['id']}/approval", None)
        return str(shown["id"])

    def offer(self, **changes: Any) -> dict[str, Any]:
        """A well-formed offer for a licence."""
        return {"amount": {"amount": "60000.00"}, "expires_on": LAST_DAY, **TERM} | changes

    async def bid(self, listing_id: str, role: str = "sme_b", **changes: Any) -> httpx.Response:
        return await self.api.post(role, f"/v1/listings/{listing_id}/offers", self.offer(**changes))

    async def made(self, listing_id: str, role: str = "sme_b", **changes: Any) -> dict[str, Any]:
        answer = await self.bid(listing_id, role, **changes)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def act(
        self, role: str, offer: dict[str, Any], what: str, body: Any = None, *, version: int | None = None
    ) -> httpx.Response:
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        return await self.api.post(role, f"/v1/offers/{offer['id']}/{what}", body, headers=headers)

    async def mandate(self, owner: uuid.UUID, *powers: str) -> dict[str, Any]:
        """What the operator confirmed: the agency may act for the owner."""
        paper = {"name": "示例授权委托书.pdf", "media_type": "application/pdf", "content_base64": "56S65L6L"}
        document = await self.api.made("agency", "/v1/documents", paper)
        body = {
            "owner_id": str(owner),
            "powers": list(powers),
            "term_from": str(now().today),
            "term_to": "2099-12-31",
            "document_id": document["id"],
        }
        made = await self.api.made("agency", "/v1/mandates", body)
        return await self.api.made("operator", f"/v1/mandates/{made['id']}/confirmation", None)

    async def stranger(self) -> uuid.UUID:
        """A party that does not use the system."""
        async with self.database.write() as unit:
            return (await make_party(unit.session)).id

    async def lapse(self, days: int) -> int:
        """What the job does that many days from now."""
        async with self.database.write() as unit:
            moment = Moment(unit.moment.now, unit.moment.today + timedelta(days=days))
            return await offers.lapse_due(unit.session, actor=system_actor("job"), moment=moment)


@pytest.fixture
def market(api: Api, database: SavepointDatabase) -> Market:
    return Market(api, database)


def amount(yuan: int) -> dict[str, str]:
    return {"amount": f"{yuan}.00"}


async def test_rounds_alternate_until_the_buyer_accepts_and_the_deal_is_the_listers(market: Market) -> None:
    """LST-10: the deal has the terms of the last round, whoever accepts it, and the lister goes on with it."""
    listing_id = await market.listed()
    offer = await market.made(listing_id, message="示例：首轮报价")
    assert (offer["round"], offer["last_by"], offer["status"], offer["version"]) == (1, "buyer", "open", 1)
    assert (offer["territory"], offer["field"]) == ("CN", "ALL")
    answer = {"amount": amount(75_000), "term_to": "2028-12-31", "message": "示例：还价"}
    countered = (await market.act("sme", offer, "rounds", answer, version=1)).json()
    assert (countered["round"], countered["last_by"], countered["version"]) == (2, "lister", 2)
    accepted = await market.act("sme_b", offer, "acceptance", version=2)
    assert accepted.status_code == 200, accepted.text
    body = accepted.json()
    assert (body["status"], body["version"]) == ("accepted", 3)
    rounds = [(each["made_by"], each["amount"]["amount"], each["term_to"]) for each in body["rounds"]]
    assert rounds == [("buyer", "60000.00", "2029-12-31"), ("lister", "75000.00", "2028-12-31")]
    deal = (await market.api.get("sme", f"/v1/deals/{body['deal_id']}")).json()
    assert (deal["status"], deal["listing_id"], deal["amount"]["amount"]) == ("draft", listing_id, "75000.00")
    assert deal["organisation_id"] == str(market.api.samples["sme"].organisation.id)
    assert (deal["grantor_id"], deal["grantee_id"]) == (str(market.party("sme")), str(market.party("sme_b")))
    assert (deal["term_from"], deal["term_to"]) == ("2027-01-01", "2028-12-31")
    agreed = await market.api.post("sme", f"/v1/deals/{deal['id']}/agreement", None)
    assert agreed.status_code == 200, agreed.text


async def test_an_acceptance_is_of_the_version_that_was_seen(market: Market) -> None:
    """LST-10: the accepted offer must be the latest version."""
    offer = await market.made(await market.listed())
    assert (await market.act("sme", offer, "acceptance")).status_code == 428
    assert (await market.act("sme", offer, "rounds", {"amount": amount(1)})).status_code == 428
    again = {"amount": amount(90_000)}
    assert (await market.act("sme", offer, "rounds", again, version=1)).status_code == 201
    stale = await market.act("sme_b", offer, "acceptance", version=1)
    assert (stale.status_code, stale.json()["code"]) == (412, "request.version_mismatch")


async def test_nobody_answers_its_own_round(market: Market) -> None:
    """LST-10: acceptance and counter-offer belong to the other side."""
    offer = await market.made(await market.listed())
    for what, body in (("acceptance", None), ("rounds", {"amount": amount(1)}), ("refusal", None)):
        refused = await market.act("sme_b", offer, what, body, version=1)
        assert (refused.status_code, refused.json()["code"]) == (409, "offer.not_your_turn"), what
    outsider = await market.act("operator", offer, "acceptance", version=1)
    assert (outsider.status_code, outsider.json()["code"]) == (403, "offer.not_party")


async def test_an_accepted_transfer_is_drafted_as_one(market: Market) -> None:
    """LST-10: a transfer has a price and no terms; the lister accepts what the buyer bids."""
    listing_id = await market.listed(mode="transfer")
    wrong = await market.bid(listing_id, territory="CN")
    assert [(found["code"], found["pointer"]) for found in wrong.json()["violations"]] == [
        ("offer.not_of_transfer", f"/{name}") for name in ("territory", "term_from", "term_to")
    ]
    offer = await market.made(listing_id, term_from=None, term_to=None)
    later = {"amount": amount(70_000), "term_to": "2029-01-01"}
    refused = await market.act("sme", offer, "rounds", later, version=1)
    assert refused.json()["code"] == "offer.not_of_transfer"
    accepted = (await market.act("sme", offer, "acceptance", version=1)).json()
    deal = (await market.api.get("sme_b", f"/v1/deals/{accepted['deal_id']}")).json()
    assert (deal["kind"], deal["amount"]["amount"], deal["term_from"]) == ("transfer", "60000.00", None)


async def test_what_is_bid_is_between_the_two_sides_and_the_district(market: Market) -> None:
    """RB-01: another bidder sees neither the offer nor that there is one, nor does the event tell the price."""
    listing_id = await market.listed("agency")
    offer = await market.made(listing_id)
    roles = ("sme_b", "agency", "sme", "operator", "bank_a")
    seen = {role: (await market.api.get(role, f"/v1/offers/{offer['id']}")).status_code for role in roles}
    assert seen == {"sme_b": 200, "agency": 200, "sme": 200, "operator": 200, "bank_a": 404}
    assert (await market.api.get("bank_a", "/v1/offers", listing_id=listing_id)).json()["items"] == []
    assert [row["id"] for row in (await market.api.get("sme", "/v1/offers")).json()["items"]] == [offer["id"]]
    assert market.database.connection is not None
    written = await market.database.connection.exec_driver_sql(
        f"SELECT payload::text AS payload, stream FROM events WHERE subject_id = '{offer['id']}'"
    )
    assert [("60000" in row.payload, row.stream) for row in written] == [(False, "120110")]


async def test_the_other_side_is_told(market: Market) -> None:
    offer = await market.made(await market.listed("agency"))

    async def told(role: str) -> list[str]:
        rows = (await market.api.get(role, "/v1/notices")).json()["items"]
        return [row["kind"] for row in rows if row["subject_id"] == offer["id"]]

    assert [await told(role) for role in ("agency", "sme", "sme_b")] == [["offer_received"]] * 2 + [[]]
    refused = await market.act("agency", offer, "refusal", {"reason": "示例：价格过低"})
    assert refused.json()["status"] == "declined"
    assert await told("sme_b") == ["offer_answered"]


async def test_an_agency_negotiates_with_a_mandate_only(market: Market) -> None:
    """RB-05: for a buyer as for an owner; without it the talks can be ended but not led."""
    owner, buyer = await market.stranger(), await market.stranger()
    listing_id = await market.listed("agency", owner=owner)
    offer = await market.made(listing_id)
    refused = await market.act("agency", offer, "acceptance", version=1)
    assert (refused.status_code, refused.json()["code"]) == (403, "mandate.missing")
    await market.mandate(owner, "list")
    assert (await market.act("agency", offer, "acceptance", version=1)).json()["code"] == "mandate.missing"
    await market.mandate(owner, "negotiate")
    assert (await market.act("agency", offer, "acceptance", version=1)).status_code == 200
    other = await market.listed()
    missing = await market.bid(other, "agency", buyer_id=str(buyer))
    assert [(found["code"], found["pointer"]) for found in missing.json()["violations"]] == [
        ("mandate.missing", "/buyer_id")
    ]
    await market.mandate(buyer, "negotiate")
    bid = await market.made(other, "agency", buyer_id=str(buyer))
    assert bid["buyer_id"] == str(buyer)
    assert (await market.act("sme", bid, "acceptance", version=1)).status_code == 200


async def test_an_owner_answers_an_offer_on_what_an_agency_lists_for_it(market: Market) -> None:
    """RB-05: the deal is still the lister's, drafted in its name by the system and not by its clients."""
    offer = await market.made(await market.listed("agency"))
    accepted = await market.act("sme", offer, "acceptance", version=1)
    assert accepted.status_code == 200, accepted.text
    deal_id = accepted.json()["deal_id"]
    agency, sme = (market.api.samples[role] for role in ("agency", "sme"))
    assert market.database.connection is not None
    rows = await market.database.connection.exec_driver_sql(
        "SELECT type, organisation_id, client_id FROM events"
        f" WHERE subject_id IN ('{deal_id}', '{offer['id']}') AND type IN ('deal.drafted', 'offer.accepted')"
    )
    assert {row.type: (row.organisation_id, row.client_id) for row in rows} == {
        "deal.drafted": (agency.organisation.id, uuid.UUID(int=0)),
        "offer.accepted": (sme.organisation.id, sme.client.id),
    }


async def test_the_operator_that_lists_for_an_owner_answers_too(market: Market) -> None:
    """Every open offer can be concluded: refusing needs no mandate."""
    async with market.database.write() as unit:
        owner = (await make_party(unit.session)).id
        asset = await make_asset(unit.session, owners=[owner])
        operator = market.api.actor("operator")
        new = listings.NewListing(
            direction=Direction.offer,
            mode=ListingMode.ordinary_licence,
            name="示例",
            description="示例",
            expires_on=unit.moment.today,
            asset_ids=[asset.id],
            owner_id=owner,
        )
        given: dict[str, Any] = {"moment": unit.moment}
        listing = await listings.draft(unit.session, actor=operator, new=new, **given)
        await listings.submit(unit.session, actor=operator, listing_id=listing.id, **given)
        checker = system_actor("test")
        await listings.approve(unit.session, actor=checker, listing_id=listing.id, **given)
    offer = await market.made(str(listing.id))
    assert (await market.act("operator", offer, "refusal")).json()["status"] == "declined"


@pytest.mark.parametrize(
    ("role", "changes", "codes"),
    [
        ("sme", {}, ["offer.own_listing", "offer.buyer_is_seller"]),
        ("sme_b", {"buyer_id": "owner"}, ["offer.buyer_foreign", "offer.buyer_is_seller"]),
        ("sme_b", {"term_from": None, "term_to": None}, ["offer.term_missing"] * 2),
        ("sme_b", {"term_to": "2026-12-31"}, ["offer.term_invalid"]),
        ("sme_b", {"territory": "XX", "field": "A"}, ["hold.territory_unknown", "hold.field_unknown"]),
        ("sme_b", {"expires_on": "2020-01-01"}, ["offer.expiry_passed"]),
        ("sme_b", {"amount": {"amount": "1.00", "currency": "USD"}}, ["offer.currency_unsupported"]),
        ("sme_b", {"amount": {"amount": "0.00"}}, ["request.malformed"]),
    ],
)
async def test_an_offer_must_make_sense(
    market: Market, role: str, changes: dict[str, Any], codes: list[str]
) -> None:
    """LST-10: every objection at once."""
    if changes.get("buyer_id") == "owner":
        changes = {"buyer_id": str(market.party("sme"))}
    refused = await market.bid(await market.listed(), role, **changes)
    assert [found["code"] for found in refused.json()["violations"]] == codes


async def test_a_buyer_has_one_open_offer_on_a_listing(market: Market) -> None:
    """LST-10: the database decides, so that two at once cannot slip through; a withdrawn one makes room."""
    listing_id = await market.listed()
    first = await market.made(listing_id)
    second = await market.bid(listing_id)
    assert (second.status_code, second.json()["code"]) == (409, "offer.already_open")
    foreign = await market.act("sme", first, "withdrawal")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "offer.not_buyer")
    assert (await market.act("sme_b", first, "withdrawal")).json()["status"] == "withdrawn"
    assert (await market.bid(listing_id)).status_code == 201
    over = await market.act("sme", first, "acceptance", version=2)
    assert (over.status_code, over.json()["code"]) == (409, "state.illegal_transition")


async def test_other_offers_stay_open_and_lapse_with_the_listing(market: Market) -> None:
    """LST-10: a need is not bid on, a closed listing ends the talks, and the job does it once."""
    listing_id = await market.listed()
    accepted = await market.made(listing_id)
    open_one = await market.made(listing_id, "agency")
    assert (await market.act("sme", accepted, "acceptance", version=1)).status_code == 200
    assert (await market.api.get("agency", f"/v1/offers/{open_one['id']}")).json()["status"] == "open"
    await market.api.made("sme", f"/v1/listings/{listing_id}/closure", None)
    late = await market.act("sme", open_one, "acceptance", version=1)
    assert (late.status_code, late.json()["code"]) == (409, "offer.listing_not_open")
    assert [await market.lapse(0), await market.lapse(0)] == [1, 0]
    assert (await market.api.get("agency", f"/v1/offers/{open_one['id']}")).json()["status"] == "lapsed"
    assert (await market.bid(listing_id)).status_code == 404


async def test_an_offer_lapses_after_its_last_day(market: Market) -> None:
    await market.made(await market.listed())
    assert [await market.lapse(days) for days in (30, 31, 31)] == [0, 1, 0]


async def test_nothing_is_bid_on_a_need(market: Market) -> None:
    listing_id = await market.listed(direction="need", asset_ids=[], owner_id=None)
    assert (await market.bid(listing_id)).json()["code"] == "offer.listing_is_need"
