"""What an enforcement takes, no more than is owed; who may buy; and an offer that ran out is made again."""

from __future__ import annotations

from typing import Any

import httpx

from tests.factories.assets import make_asset
from tests.factories.claims import (
    TODAY,
    capacity,
    document,
    make_claim,
    make_cover,
    money,
    pay,
    register,
)
from tests.factories.enforcements import (
    UNTIL,
    accept,
    agree,
    bid,
    disposal,
    dispose,
    distribute,
    enforce,
    enforcing,
    found,
    kinds,
    lines,
    make_default,
    make_pledge,
    overdue,
    owners,
    party,
    ruling,
    sound,
    step,
)
from tests.factories.pledges import filing
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase


async def auction(api: Api, enforcement: dict[str, Any], amount: str, **changes: Any) -> dict[str, Any]:
    """An auction's sale, and what became of its price."""
    sale = await ruling(api, enforcement, party(api, "sme_b"), price=money(amount))
    await api.made("operator", f"/v1/enforcements/{enforcement['id']}/sales", sale)
    return await distribute(api, enforcement, **changes)


async def test_a_second_sale_pays_what_the_first_left_of_the_debt(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24: no loan's book, 500,000 owed; 460,000 and then 450,000 come in: 410,000 are the pledgor's."""
    pledge = await make_pledge(api, database, rights=3)
    first, second, third = (item["asset_id"] for item in pledge["items"])
    assert lines(await auction(api, await enforce(api, pledge, asset_ids=[first]), "460000.00")) == {
        "principal": "460000.00"
    }
    closed = await auction(api, await enforce(api, pledge, asset_ids=[second]), "450000.00")
    assert lines(closed) == {"principal": "40000.00", "surplus": "410000.00"}
    path = f"/v1/pledges/{pledge['id']}/enforcements"
    assert codes(await api.post("bank_a", path, enforcing(asset_ids=[third]))) == ["enforcement.not_overdue"]
    await overdue(api, pledge, "30000.00")
    closed = await auction(api, await enforce(api, pledge, asset_ids=[third]), "400000.00")
    assert lines(closed) == {"principal": "30000.00", "surplus": "370000.00"}
    assert await sound(database)


async def test_a_debt_that_the_price_pays_off_gives_the_cover_back(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24, RP-04: nothing is owed any more, so the pledge and the pool's commitment end."""
    pool, pledge = await make_default(api, database)
    closed = await auction(api, await enforce(api, pledge), "520000.00")
    assert lines(closed) == {"principal": "500000.00", "surplus": "20000.00"}
    assert (await found(api, "pledges", pledge))["status"] == "deregistered"
    assert (await capacity(api, pool))[1] == "0.00"
    assert await sound(database)


async def buy_itself(
    api: Api, database: SavepointDatabase, **changes: Any
) -> tuple[dict[str, Any], httpx.Response]:
    """A disposal, and the answer to the bank's drafting a deal on it with itself; it cannot bid either."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge, **changes)
    listing = await dispose(api, enforcement)
    own = {"amount": money("500000.00"), "expires_on": UNTIL}
    assert "offer.own_listing" in codes(await api.post("bank_a", f"/v1/listings/{listing['id']}/offers", own))
    deal = {
        "kind": "transfer",
        "grantor_id": party(api, "sme"),
        "grantee_id": party(api, "bank_a"),
        "asset_ids": enforcement["asset_ids"],
        "amount": money("460000.00"),
        "listing_id": listing["id"],
    }
    return enforcement, await api.post("bank_a", "/v1/deals", deal)


async def test_the_bank_takes_the_right_itself_by_agreement_alone(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-21, PL-23: 折价 to the pledgee needs the pledgor's consent; it does not sell to itself otherwise."""
    for mode in ("sale", "auction"):
        enforcement, answer = await buy_itself(api, database, mode=mode)
        assert codes(answer) == ["enforcement.sold_to_itself"]
    consent = await document(api, "bank_a")
    enforcement, answer = await buy_itself(api, database, mode="agreement", document_id=consent)
    for name in ("agreement", "signature", "filing", "registration"):
        assert (await step(api, answer.json()["id"], name)).status_code == 200
    assert await owners(api, enforcement["asset_ids"][0]) == [party(api, "bank_a")]
    assert await kinds(api, enforcement["asset_ids"][0]) == []
    assert lines(await distribute(api, enforcement)) == {"principal": "460000.00"}
    assert await sound(database)


async def test_a_bank_deals_in_its_own_name_or_by_enforcement_and_in_no_other(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-12, SEC-01: it lists, bids and sells for nobody else, not even for its own pledgor."""
    _, pledge = await make_default(api, database)
    (asset_id,) = (item["asset_id"] for item in pledge["items"])
    offered = {
        "direction": "offer",
        "mode": "transfer",
        "asset_ids": [asset_id],
        "owner_id": party(api, "sme"),
        "name": "示例",
        "description": "示例",
        "expires_on": UNTIL,
    }
    sale = {
        "kind": "transfer",
        "grantor_id": party(api, "sme"),
        "grantee_id": party(api, "sme_b"),
        "asset_ids": [asset_id],
        "amount": money("500000.00"),
    }
    for bank in ("bank_a", "bank_b"):
        assert codes(await api.post(bank, "/v1/listings", offered)) == ["listing.owner_foreign"]
        assert codes(await api.post(bank, "/v1/deals", sale)) == ["deal.grantor_foreign"]
    enforcement = await enforce(api, pledge)
    listing = await dispose(api, enforcement)
    sale |= {"listing_id": listing["id"]}
    assert set(codes(await api.post("bank_b", "/v1/deals", sale))) == {"deal.grantor_foreign"}
    foreign = {"amount": money("500000.00"), "expires_on": UNTIL, "buyer_id": party(api, "sme_b")}
    path = f"/v1/listings/{listing['id']}/offers"
    assert codes(await api.post("bank_b", path, foreign)) == ["offer.buyer_foreign"]
    offer = await bid(api, listing, "460000.00")
    assert (await accept(api, offer, role="bank_b")).status_code == 404
    mandate = {"organisation_id": str(api.samples["bank_b"].organisation.id), "owner_id": party(api, "sme")}
    assert (await api.post("bank_b", "/v1/mandates", mandate)).status_code == 403


async def test_a_disposal_that_left_the_market_is_offered_again(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-12: one offer at a time; a new listing of the same enforcement follows one that is over."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    path = f"/v1/enforcements/{enforcement['id']}/listing"
    first = await dispose(api, enforcement)
    assert codes(await api.post("bank_a", path, disposal())) == ["enforcement.still_offered"]
    old = await accept(api, await bid(api, first, "460000.00"))
    await api.made("bank_a", f"/v1/listings/{first['id']}/withdrawal", None)
    second = await dispose(api, enforcement, price=money("420000.00"))
    assert second["id"] != first["id"]
    assert (await found(api, "enforcements", enforcement))["listing_id"] == second["id"]
    refused = await step(api, old.json()["deal_id"], "agreement")
    assert not refused.is_success
    deal_id = await agree(api, second, "430000.00")
    assert codes(await api.post("bank_a", path, disposal())) == ["enforcement.still_offered"]
    assert (await step(api, deal_id, "registration")).status_code == 200
    assert (await api.post("bank_a", path, disposal())).json()["code"] == "state.illegal_transition"
    trace = (await api.get("bank_a", f"/v1/enforcements/{enforcement['id']}/trace")).json()["links"]
    assert {link["subject_id"] for link in trace if link["noun"] == "listing"} == {first["id"], second["id"]}
    assert await kinds(api, enforcement["asset_ids"][0]) == []
    assert await sound(database)


async def test_a_surplus_of_several_pledgors_is_each_ones_by_what_its_right_brought(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24, 民法典438: 500,000 owed of 600,000.01: the rights brought two thirds and one third, fen by fen."""
    first, second = (api.samples[role].organisation.party_id for role in ("sme", "sme_b"))
    async with database.write() as unit:
        rights = [(await make_asset(unit.session, owners=[owner])).id for owner in (first, second)]
    body = filing(first, rights)
    body["items"][1]["pledgor_id"] = str(second)
    pledge = await api.made("bank_a", "/v1/pledges", body)
    await register(api, pledge)
    await overdue(api, pledge)
    enforcement = await enforce(api, pledge)
    listing = f"/v1/enforcements/{enforcement['id']}/listing"
    assert codes(await api.post("bank_a", listing, disposal())) == ["enforcement.several_owners"]
    path = f"/v1/enforcements/{enforcement['id']}/sales"
    sale = await ruling(api, enforcement, party(api, "agency"), price=money("600000.01"))
    assert codes(await api.post("operator", path, sale)) == ["enforcement.prices_missing"]
    of_each = dict(zip(map(str, rights), ("400000.00", "200000.00"), strict=True))
    for one in sale["registrations"]:
        one["price"] = money(of_each[one["asset_id"]])
    assert codes(await api.post("operator", path, sale)) == ["enforcement.prices_differ"]
    sale["price"] = money("600000.00")
    sale["registrations"][0]["price"] = money("400000.01")
    sale["registrations"][1]["price"] = money("199999.99")
    await api.made("operator", path, sale)
    closed = await distribute(api, enforcement)
    paid = [(one["payee_id"], one["amount"]["amount"]) for one in closed["payments"]]
    assert paid == [
        (party(api, "bank_a"), "500000.00"),
        (party(api, "sme"), "66666.67"),
        (party(api, "sme_b"), "33333.33"),
    ]
    assert await sound(database)


async def test_a_cost_that_a_scheme_leaves_with_the_bank_still_comes_before_the_pledgor(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-14, PL-24: the sharers are whole by 500,000.00; cost and interest come next, then the surplus."""
    _, pledge = await make_cover(api, database, recovery_cost_first=False)
    claim = await pay(api, await make_claim(api, pledge))
    closed = await auction(
        api,
        await enforce(api, pledge),
        "540000.00",
        cost=money("10000.00"),
        interest=money("5000.00"),
    )
    assert lines(closed) == {
        "cost": "10000.00",
        "interest": "5000.00",
        "principal": "500000.00",
        "surplus": "25000.00",
    }
    assert (await found(api, "claims", claim))["status"] == "recovered"
    assert await sound(database)


async def test_interest_the_bank_got_before_makes_no_surplus_of_uncovered_principal(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-14, PL-24: 60 % was covered, no loan's book: 600,000 shared, 20,000 interest once, then 400,000 owed."""
    _, pledge = await make_cover(
        api, database, principal="1000000.00", min_ip_share_bp=5_000, pledge={"ip_share_bp": 6_000}
    )
    claim = await pay(api, await make_claim(api, pledge, "1000000.00"))
    assert claim["loss"]["amount"] == "600000.00"
    got = {
        "source": "debtor",
        "gross": money("620000.00"),
        "interest": money("20000.00"),
        "occurred_on": str(TODAY),
        "document_id": await document(api, "bank_a"),
    }
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", got)
    closed = await auction(api, await enforce(api, pledge), "430000.00", interest=money("25000.00"))
    assert lines(closed) == {"interest": "5000.00", "principal": "400000.00", "surplus": "25000.00"}
    assert await sound(database)
