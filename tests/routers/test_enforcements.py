"""`/v1/enforcements` over HTTP: pledged rights sold free of their lien, and the proceeds shared."""

from __future__ import annotations

import uuid

import httpx
from sqlalchemy import text

from tests.factories import loans
from tests.factories.claims import (
    TODAY,
    balance,
    capacity,
    claiming,
    document,
    make_claim,
    make_cover,
    money,
    pay,
    subjects,
)
from tests.factories.enforcements import (
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
    make_ranked,
    owners,
    party,
    ruling,
    sell,
    sound,
    step,
)
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.edges import told

STEPS = {
    "pledge",
    "enforcement",
    "listing",
    "offer",
    "deal",
    "asset",
    "title",
    "payment",
    "recovery",
    "transfer",
    "recovery_share",
}


async def test_from_default_to_the_pools_share_under_one_trace_id(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-11, UNI-12: enforce, disposal listing, offer, sale, title, no lien, give-back in the pool, one trace."""
    pool, pledge = await make_cover(api, database, principal="1000000.00")
    claim = await pay(api, await make_claim(api, pledge, "1000000.00"))
    assert claim["paid"]["amount"] == "400000.00"
    enforcement = await enforce(api, pledge)
    (asset_id,) = enforcement["asset_ids"]
    for one in ("sme", "pool_manager"):
        assert enforcement["id"] in await subjects(api, one, "enforcement_changed")
    listing = await dispose(api, enforcement)
    assert (listing["disposal"], listing["assets"][0]["holds"]) == (True, ["lien"])
    public = (await api.http.get("/v1/public/listings", params={"disposal": "true"})).json()["items"]
    assert "extinguished with the transfer" in public[0]["title_note"]["en"]
    deal_id = await agree(api, listing, "500000.00")
    assert "lien" in await kinds(api, asset_id)
    assert (await step(api, deal_id, "registration")).status_code == 200

    assert (await kinds(api, asset_id), await owners(api, asset_id)) == ([], [party(api, "sme_b")])
    sold = await found(api, "enforcements", enforcement)
    assert (sold["status"], sold["price"]["amount"], sold["deal_id"]) == ("sold", "500000.00", deal_id)
    closed = await distribute(api, enforcement, cost=money("20000.00"))
    assert (closed["status"], lines(closed)) == ("closed", {"cost": "20000.00", "principal": "480000.00"})
    assert await balance(api, pool, "recovered") == ("0.00", "192000.00")
    assert (await found(api, "claims", claim))["status"] == "recovering"
    ended = await found(api, "pledges", pledge)
    assert (ended["status"], ended["items"][0]["status"]) == ("deregistered", "deregistered")

    trace = (await api.get("bank_a", f"/v1/enforcements/{enforcement['id']}/trace")).json()
    assert (trace["trace_id"], {link["noun"] for link in trace["links"]}) == (enforcement["id"], STEPS)
    shares = [link["amount"]["amount"] for link in trace["links"] if link["noun"] == "recovery_share"]
    assert sorted(shares) == ["144000.00", "192000.00", "48000.00", "96000.00"]
    assert (await api.get("sme", f"/v1/enforcements/{enforcement['id']}/trace")).status_code == 404
    assert database.connection is not None
    traced = text("SELECT DISTINCT noun FROM events WHERE payload->>'trace_id' = :id")
    nouns = set((await database.connection.execute(traced, {"id": enforcement["id"]})).scalars())
    assert nouns == {"enforcement", "listing", "offer", "deal", "asset", "pledge", "claim"}
    assert await sound(database)


async def test_a_loan_without_a_claim_is_repaid_and_the_surplus_is_the_pledgors(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24, PLG-02: cost, interest, principal by the loan's book, surplus; the cover comes back, the pledge ends."""
    pool, pledge = await make_cover(api, database)
    plan = [loans.instalment(1, "300000.00", "6000.00")]
    await api.made("bank_a", f"{loans.loan_path(pledge)}/drawdowns", loans.drawdown("300000.00", plan=plan))
    await loans.follow(database, 2)
    await loans.pass_to(api, 40)
    enforcement = await enforce(api, pledge, opened_on=str(loans.day(40)))
    assert (await api.get("bank_a", loans.loan_path(pledge))).json()["status"] == "enforcing"
    document_id = await document(api, "operator")
    sale = await ruling(
        api, enforcement, party(api, "sme_b"), sold_on=str(loans.day(40)), document_id=document_id
    )
    sale["registrations"][0]["registered_on"] = str(loans.day(40))
    await api.made("operator", f"/v1/enforcements/{enforcement['id']}/sales", sale)
    closed = await distribute(
        api,
        enforcement,
        received_on=str(loans.day(40)),
        cost=money("10000.00"),
        interest=money("9000.01"),
    )
    assert lines(closed) == {
        "cost": "10000.00",
        "interest": "9000.01",
        "principal": "300000.00",
        "surplus": "140999.99",
    }
    assert closed["payments"][-1]["payee_id"] == party(api, "sme")
    loan = (await api.get("bank_a", loans.loan_path(pledge))).json()
    assert (loan["status"], loan["outstanding"]["amount"]) == ("repaid", "0.00")
    assert await capacity(api, pool) == ("1000000.00", "0.00")
    assert (await found(api, "pledges", pledge))["status"] == "deregistered"
    assert await sound(database)


async def test_an_auction_passes_title_by_its_document_and_leaves_the_other_right_pledged(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-25, TR-02: the bank does not enter it itself; the sold right is free, the other stays pledged."""
    pledge = await make_pledge(api, database, rights=2)
    sold_id, kept_id = (item["asset_id"] for item in pledge["items"])
    enforcement = await enforce(api, pledge, asset_ids=[sold_id])
    path = f"/v1/enforcements/{enforcement['id']}/sales"
    sale = await ruling(api, enforcement, party(api, "sme_b"))
    assert (await api.post("bank_a", path, sale)).status_code == 403
    other = sale | {"registrations": [{**sale["registrations"][0], "asset_id": kept_id}]}
    assert codes(await api.post("operator", path, other)) == ["enforcement.rights_differ"]
    cheap = sale | {"price": money("399999.99")}
    assert codes(await api.post("operator", path, cheap)) == ["enforcement.below_reserve"]
    await api.made("operator", path, sale)
    assert (await kinds(api, sold_id), await owners(api, sold_id)) == ([], [party(api, "sme_b")])
    assert (await kinds(api, kept_id), await owners(api, kept_id)) == (["lien"], [party(api, "sme")])
    titles = (await api.get("bank_a", f"/v1/assets/{sold_id}/titles")).json()["items"]
    assert titles[-1]["recordal"]["kind"] == "auction"
    closed = await distribute(api, enforcement)
    assert lines(closed) == {"principal": "460000.00"}
    after = await found(api, "pledges", pledge)
    assert [item["status"] for item in after["items"]] == ["deregistered", "registered"]
    assert after["status"] == "registered"
    assert told(await api.post("operator", path, sale)) == (409, "state.illegal_transition")
    again = await enforce(api, pledge)
    assert again["asset_ids"] == [kept_id]
    assert await sound(database)


async def test_a_pledge_that_lost_its_other_right_since_the_sale_still_shares_the_price(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24, PL-28: the office revoked what was left of it; it stays revoked, and the bank gets its money."""
    pledge = await make_pledge(api, database, rights=2)
    sold_id, left_id = (item["asset_id"] for item in pledge["items"])
    enforcement = await enforce(api, pledge, asset_ids=[sold_id])
    sale = await ruling(api, enforcement, party(api, "sme_b"))
    await api.made("operator", f"/v1/enforcements/{enforcement['id']}/sales", sale)
    revocation = {"reason": "重复登记", "revoked_on": str(TODAY), "asset_ids": [left_id]}
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/revocations", revocation)
    assert lines(await distribute(api, enforcement)) == {"principal": "460000.00"}
    assert (await found(api, "pledges", pledge))["status"] == "revoked"
    assert await sound(database)


async def test_a_lien_of_a_better_rank_is_enforced_first_and_takes_the_others_along(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24, PL-25: of two imported liens of a notice registry the second waits; the sale by the first ends it."""
    asset_id, first, second = await make_ranked(api, database)

    async def opened(role: str, pledge_id: uuid.UUID) -> httpx.Response:
        body = enforcing(mode="court", reserve=None, document_id=await document(api, role))
        return await api.post(role, f"/v1/pledges/{pledge_id}/enforcements", body)

    assert codes(await opened("bank_b", second)) == ["enforcement.senior_lien"]
    await sell(api, (await opened("bank_a", first)).json())
    assert await kinds(api, asset_id) == []
    lost = (await api.get("bank_b", f"/v1/pledges/{second}")).json()
    assert (lost["status"], lost["items"][0]["status"]) == ("deregistered", "deregistered")
    assert await sound(database)


async def test_an_enforcement_given_up_leaves_the_lien_and_the_market(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-02: its offer is withdrawn, the right stays pledged, and it may be opened again."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    path = f"/v1/enforcements/{enforcement['id']}"
    assert told(await api.post("bank_a", f"/v1/pledges/{pledge['id']}/enforcements", enforcing())) == (
        409,
        "enforcement.already_open",
    )
    listing = await dispose(api, enforcement)
    deal_id = await agree(api, listing)
    giving_up = {"reason": "借款人已还款"}
    assert codes(await api.post("bank_a", f"{path}/abandonment", giving_up)) == ["enforcement.deal_under_way"]
    ending = {"reason": "协商解除", "terminated_on": str(TODAY)}
    await api.made("bank_a", f"/v1/deals/{deal_id}/termination", ending)
    given_up = await api.made("bank_a", f"{path}/abandonment", giving_up)
    assert given_up["status"] == "abandoned"
    assert (await found(api, "listings", listing))["status"] == "withdrawn"
    assert await kinds(api, enforcement["asset_ids"][0]) == ["lien"]
    assert told(await api.post("bank_a", f"{path}/listing", disposal())) == (409, "state.illegal_transition")
    assert (await enforce(api, pledge))["status"] == "opened"
    assert await sound(database)


async def test_nobody_but_the_pledgee_sells_and_not_below_the_reserve(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-12: neither owner nor agency acts on the disposal; the reserve holds at listing and acceptance."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    path = f"/v1/enforcements/{enforcement['id']}/listing"
    assert told(await api.post("bank_b", path, disposal())) == (404, "enforcement.not_found")
    low = disposal(price=money("399999.99"))
    assert codes(await api.post("bank_a", path, low)) == ["enforcement.below_reserve"]
    listing = await dispose(api, enforcement)
    low_bid = await bid(api, listing, "399999.99")
    assert told(await accept(api, low_bid, role="sme")) == (403, "offer.not_party")
    assert codes(await accept(api, low_bid)) == ["enforcement.below_reserve"]
    own = {"amount": money("500000.00"), "expires_on": disposal()["expires_on"]}
    offers = f"/v1/listings/{listing['id']}/offers"
    assert "offer.own_listing" in codes(await api.post("sme", offers, own))
    foreign = {
        "kind": "transfer",
        "grantor_id": party(api, "sme"),
        "grantee_id": party(api, "sme_b"),
        "asset_ids": enforcement["asset_ids"],
        "amount": money("500000.00"),
        "listing_id": listing["id"],
    }
    for role in ("sme", "agency"):
        assert codes(await api.post(role, "/v1/deals", foreign)) == ["enforcement.not_enforcer"]
    assert await kinds(api, enforcement["asset_ids"][0]) == ["lien", "transfer_offer"]


async def test_what_the_owner_offers_of_the_right_leaves_the_market(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-12: a right has one transfer offer, and that of the enforcement goes first."""
    _, pledge = await make_default(api, database)
    asset_id = pledge["items"][0]["asset_id"]
    body = {
        "direction": "offer",
        "mode": "transfer",
        "asset_ids": [asset_id],
        "name": "示例转让",
        "description": "示例",
        "expires_on": disposal()["expires_on"],
    }
    own = await api.made("sme", "/v1/listings", body)
    await api.made("sme", f"/v1/listings/{own['id']}/submission", None)
    await api.made("operator", f"/v1/listings/{own['id']}/approval", None)
    await dispose(api, await enforce(api, pledge))
    assert (await api.get("sme", f"/v1/listings/{own['id']}")).json()["status"] == "withdrawn"


async def test_a_draft_sent_back_is_revised_by_the_bank_as_a_sale_at_the_reserve(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-12: a disposal stays a transfer, and not below its reserve."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    shown = await api.made("bank_a", f"/v1/enforcements/{enforcement['id']}/listing", disposal())
    path = f"/v1/listings/{shown['listing_id']}"
    await api.made("operator", f"{path}/return", {"reason": "说明不全"})
    version = (await api.get("bank_a", path)).json()["version"]
    headers = api.headers("bank_a") | {"If-Match": f'"{version}"'}
    wrong = {"mode": "ordinary_licence", "price": money("1.00")}
    refused = await api.http.patch(path, json=wrong, headers=headers)
    assert set(codes(refused)) == {"enforcement.disposal_fixed", "enforcement.below_reserve"}
    await api.made("bank_a", f"{path}/submission", None)
    assert (await api.made("operator", f"{path}/approval", None))["status"] == "published"


async def test_what_no_claim_covers_comes_before_the_pledgors_surplus(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-06, RP-14, PL-24: 60 % was covered: the pool and the others are whole, the rest goes to the bank's part."""
    pool, pledge = await make_cover(
        api, database, principal="1000000.00", min_ip_share_bp=5_000, pledge={"ip_share_bp": 6_000}
    )
    plan = [loans.instalment(1, "1000000.00")]
    await api.made("bank_a", f"{loans.loan_path(pledge)}/drawdowns", loans.drawdown("1000000.00", plan=plan))
    await loans.follow(database, 2, 31, 61, 95)
    await loans.pass_to(api, 95)
    today = str(loans.day(95))
    claim = await pay(api, await api.made("bank_a", "/v1/claims", claiming(pledge, default_on=today)))
    assert claim["loss"]["amount"] == "600000.00"
    enforcement = await enforce(api, pledge, opened_on=today)
    sale = await ruling(api, enforcement, party(api, "sme_b"), sold_on=today, price=money("950000.00"))
    sale["registrations"][0]["registered_on"] = today
    await api.made("operator", f"/v1/enforcements/{enforcement['id']}/sales", sale)
    closed = await distribute(api, enforcement, received_on=today, cost=money("10000.00"))
    assert lines(closed) == {"cost": "10000.00", "principal": "940000.00"}
    whole = await found(api, "claims", claim)
    assert (whole["status"], whole["recoveries"][0]["gross"]["amount"]) == ("recovered", "610000.00")
    assert (await balance(api, pool, "recovered"))[1] == "240000.00"
    loan = (await api.get("bank_a", loans.loan_path(pledge))).json()
    assert (loan["status"], loan["outstanding"]["amount"]) == ("overdue", "60000.00")
    assert await sound(database)
