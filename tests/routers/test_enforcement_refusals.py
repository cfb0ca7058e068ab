"""What speaks against an enforcement over HTTP, and what no short cut gets past."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.hold import HoldKind
from app.errors import database_fault
from app.services.deals import transferring
from tests.factories.assets import make_asset, tie_up
from tests.factories.claims import (
    TODAY,
    balance,
    capacity,
    document,
    make_claim,
    money,
    publicise,
    register,
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
    overdue,
    owners,
    party,
    ruling,
    sell,
    sound,
    step,
)
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.edges import told

OPENINGS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "the future": ({"opened_on": str(TODAY + timedelta(days=1))}, {"request.date_in_future"}),
    "an agreement without consent": ({"mode": "agreement"}, {"enforcement.document_missing"}),
    "a court without its ruling": ({"mode": "court"}, {"enforcement.document_missing"}),
    "another currency": (
        {"reserve": {"amount": "1.00", "currency": "USD"}},
        {"enforcement.currency_unsupported"},
    ),
    "a foreign right": ({"asset_ids": [str(uuid.uuid4())]}, {"pledge.item_not_found"}),
    "all at once": (
        {"mode": "court", "opened_on": str(TODAY + timedelta(days=1)), "asset_ids": [str(uuid.uuid4())]},
        {"request.date_in_future", "enforcement.document_missing", "pledge.item_not_found"},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), OPENINGS.values(), ids=OPENINGS.keys())
async def test_what_speaks_against_an_enforcement_is_said_at_once(
    api: Api, database: SavepointDatabase, changes: dict[str, Any], expected: set[str]
) -> None:
    """PL-23: every objection at once, and nothing is kept."""
    _, pledge = await make_default(api, database)
    path = f"/v1/pledges/{pledge['id']}/enforcements"
    assert set(codes(await api.post("bank_a", path, enforcing(**changes)))) == expected
    assert (await api.get("bank_a", "/v1/enforcements", pledge_id=pledge["id"])).json()["items"] == []


async def test_a_loan_in_order_is_not_enforced_but_on_a_courts_ruling(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-23: default or a ruling; not by the operator, another bank, or before the registration."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [asset.id]))
    path = f"/v1/pledges/{pledge['id']}/enforcements"
    refused = codes(await api.post("bank_a", path, enforcing(asset_ids=[str(asset.id)])))
    assert set(refused) == {
        "enforcement.pledge_not_registered",
        "enforcement.not_overdue",
        "enforcement.right_not_pledged",
    }
    await register(api, pledge)
    assert codes(await api.post("bank_a", path, enforcing())) == ["enforcement.not_overdue"]
    assert told(await api.post("bank_b", path, enforcing())) == (404, "pledge.not_found")
    assert (await api.post("operator", path, enforcing())).status_code == 403
    ruled = enforcing(mode="court", document_id=await document(api, "bank_a"))
    assert (await api.made("bank_a", path, ruled))["mode"] == "court"


async def test_a_preserved_right_is_sold_by_the_court_alone(api: Api, database: SavepointDatabase) -> None:
    """LS-09, PL-25: preservation blocks an auction and does not hinder the court that ruled."""
    _, pledge = await make_default(api, database)
    auction = await enforce(api, pledge)
    (asset_id,) = auction["asset_ids"]
    async with database.write() as unit:
        await tie_up(unit.session, uuid.UUID(asset_id), HoldKind.preservation)
    sale = await ruling(api, auction, party(api, "sme_b"))
    refused = await api.post("operator", f"/v1/enforcements/{auction['id']}/sales", sale)
    assert codes(refused) == ["deal.right_stayed"]
    shown = await api.made("bank_a", f"/v1/enforcements/{auction['id']}/listing", disposal())
    stayed = await api.post("operator", f"/v1/listings/{shown['listing_id']}/approval", None)
    assert codes(stayed) == ["listing.right_stayed"]
    await api.made("bank_a", f"/v1/enforcements/{auction['id']}/abandonment", {"reason": "转由法院实现"})
    court = await enforce(api, pledge, mode="court", document_id=await document(api, "bank_a"))
    sold = await sell(api, court)
    assert sold["status"] == "sold"
    assert await kinds(api, asset_id) == ["preservation"]


async def test_a_divided_right_passes_as_a_whole_without_its_owners_consents(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-12: those who pledged it together have consented already."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        other = (await make_party(unit.session, district_code="120110")).id
        asset = await make_asset(unit.session, owners=[owner, other], shares=[600_000, 400_000])
    body = filing(owner, [asset.id])
    body["consents"] = [
        {
            "asset_id": str(asset.id),
            "party_id": str(other),
            "consented_on": str(TODAY),
            "document_sha256": "0" * 64,
        }
    ]
    pledge = await api.made("bank_a", "/v1/pledges", body)
    await register(api, pledge)
    await overdue(api, pledge)
    await sell(api, await enforce(api, pledge))
    assert await owners(api, str(asset.id)) == [party(api, "sme_b")]
    assert await kinds(api, str(asset.id)) == []


DISTRIBUTIONS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "more cost than price": ({"cost": money("460000.01")}, {"enforcement.cost_exceeds"}),
    "no document": ({"interest": money("1.00"), "document_id": None}, {"enforcement.undocumented"}),
    "before the sale": (
        {"received_on": str(TODAY - timedelta(days=1))},
        {"request.date_too_early"},
    ),
    "another currency": (
        {"cost": {"amount": "1.00", "currency": "USD"}},
        {"enforcement.currency_unsupported"},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
async def test_a_distribution_that_cannot_be_is_refused(
    api: Api, database: SavepointDatabase, changes: dict[str, Any], expected: set[str]
) -> None:
    """PL-24: by the document, within the price, since the sale, once."""
    pledge = await make_pledge(api, database)
    enforcement = await enforce(api, pledge)
    path = f"/v1/enforcements/{enforcement['id']}"
    sale = await ruling(api, enforcement, party(api, "sme_b"))
    await api.made("operator", f"{path}/sales", sale)
    body = {"received_on": str(TODAY), "document_id": await document(api, "bank_a")} | changes
    assert set(codes(await api.post("bank_a", f"{path}/distribution", body))) == expected
    assert (await found(api, "enforcements", enforcement))["status"] == "sold"
    await distribute(api, enforcement)
    again = await api.post("bank_a", f"{path}/distribution", {"received_on": str(TODAY)})
    assert told(again) == (409, "state.illegal_transition")


async def test_the_price_waits_for_an_open_claim_and_what_is_owed_stays_covered(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-14, RP-04: shared once the claim is decided; a loss that is left is still covered."""
    pool, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    await sell(api, enforcement, "400000.00")
    claim = await make_claim(api, pledge)
    path = f"/v1/enforcements/{enforcement['id']}/distribution"
    assert codes(await api.post("bank_a", path, {"received_on": str(TODAY)})) == ["enforcement.claim_open"]
    await publicise(api, claim)
    await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    closed = await distribute(api, enforcement)
    assert lines(closed) == {"principal": "400000.00"}
    assert (await balance(api, pool, "recovered"))[1] == "160000.00"
    assert await sound(database)


async def test_a_loss_that_is_left_keeps_its_cover_until_it_is_claimed(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-04: a pledge whose rights are all sold stays registered while its cover may bear the rest."""
    pool, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    await sell(api, enforcement, "400000.00")
    await distribute(api, enforcement)
    assert (await found(api, "pledges", pledge))["status"] == "registered"
    assert (await capacity(api, pool))[1] != "0.00"
    claim = await make_claim(api, pledge, "100000.00")
    assert claim["loss"]["amount"] == "100000.00"
    assert await sound(database)


async def test_while_it_is_enforced_a_pledge_is_not_deregistered(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-10: concluded or given up first."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    ending = {"reason": "waived", "deregistered_on": str(TODAY)}
    path = f"/v1/pledges/{pledge['id']}/deregistrations"
    assert codes(await api.post("bank_a", path, ending)) == ["enforcement.right_enforced"]
    await api.made("bank_a", f"/v1/enforcements/{enforcement['id']}/abandonment", {"reason": "放弃"})
    assert (await api.made("bank_a", path, ending))["status"] == "deregistered"


async def test_a_debt_in_order_again_stops_the_sale_before_its_contract(
    api: Api, database: SavepointDatabase
) -> None:
    """民法典第393条: nothing is sold for a debt that is paid; a contract signed before is carried out."""
    pledge = await make_pledge(api, database)
    enforcement = await enforce(api, pledge)
    listing = await dispose(api, enforcement)
    deal_id = (await accept(api, await bid(api, listing, "460000.00"))).json()["deal_id"]
    assert (await step(api, deal_id, "agreement")).status_code == 200
    in_order = {
        "loan_class": "normal",
        "outstanding": money("500000.00"),
        "overdue_days": 0,
        "occurred_on": str(TODAY),
    }
    path = f"/v1/pledges/{pledge['id']}/classifications"
    await api.made("bank_a", path, in_order)
    assert codes(await step(api, deal_id, "signature")) == ["enforcement.debt_settled"]
    await overdue(api, pledge)
    assert (await step(api, deal_id, "signature")).status_code == 200
    await api.made("bank_a", path, in_order)
    assert (await step(api, deal_id, "filing")).status_code == 200
    assert (await step(api, deal_id, "registration")).status_code == 200


async def test_lien_and_title_go_together_or_not_at_all(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PL-25, UNI-12: a crash after the lien has ended leaves the lien, the title and the enforcement as they were."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    deal_id = await agree(api, await dispose(api, enforcement))
    (asset_id,) = enforcement["asset_ids"]
    for where in ("_pass_title", "_leave_market"):
        with monkeypatch.context() as patch:

            async def crash(*_: Any, **__: Any) -> None:
                raise RuntimeError("the power went off")

            patch.setattr(transferring, where, crash)
            assert (await step(api, deal_id, "registration")).status_code == 500
        assert "lien" in await kinds(api, asset_id)
        assert await owners(api, asset_id) == [party(api, "sme")]
        assert (await found(api, "enforcements", enforcement))["status"] == "listed"
        assert (await found(api, "pledges", pledge))["items"][0]["status"] == "registered"
    assert (await step(api, deal_id, "registration")).status_code == 200
    assert await kinds(api, asset_id) == []


SHORT_CUTS = {
    "ck_holds_lien_of_its_item": """
        UPDATE holds SET ended_at = now(), ended_on = current_date, end_reason = 'x'
        WHERE asset_id = :asset AND kind = 'lien'""",
    "ck_pledge_items_enforced": "UPDATE pledge_items SET status = 'deregistered' WHERE asset_id = :asset",
    "ck_enforcements_sold_clean": """
        UPDATE enforcements SET status = 'sold', sold_on = current_date, price_fen = 46000000, deal_id = :deal
        WHERE id = :enforcement""",
    "ck_enforcements_reserve_kept": """
        UPDATE enforcements SET status = 'sold', sold_on = current_date, price_fen = 1
        WHERE id = :enforcement""",
    "ck_deals_disposal_sold": """
        UPDATE deals SET status = 'effective', registered_on = current_date WHERE id = :deal""",
    "ck_titles_encumbered": """
        WITH passed AS (UPDATE deals SET status = 'effective' WHERE id = :deal)
        INSERT INTO titles (id, asset_id, party_id, ordinal, acquired_on, event_id, recorded_at)
        SELECT gen_random_uuid(), :asset, d.grantee_id, 2, current_date, d.event_id, now()
        FROM deals d WHERE d.id = :deal""",
    "ck_listings_disposal_enforced": "UPDATE listings SET disposal = true WHERE id = :other",
    "ck_enforcement_payments_whole": """
        INSERT INTO enforcement_payments (id, district_code, enforcement_id, ordinal, purpose, amount_fen,
          event_id, recorded_at)
        SELECT gen_random_uuid(), district_code, id, 1, 'cost', 1, event_id, now()
        FROM enforcements WHERE id = :enforcement""",
}


async def run(database: SavepointDatabase, statement: str, values: dict[str, uuid.UUID]) -> None:
    async with database.write() as unit:
        await unit.session.execute(text(statement), values)
        await unit.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


@pytest.mark.parametrize(("constraint", "statement"), SHORT_CUTS.items(), ids=SHORT_CUTS.keys())
async def test_no_short_cut_in_the_database_sells_a_pledged_right(
    api: Api, database: SavepointDatabase, statement: str, constraint: str
) -> None:
    """UNI-12: what the services check first, the database makes true for every role."""
    _, pledge = await make_default(api, database)
    enforcement = await enforce(api, pledge)
    deal_id = await agree(api, await dispose(api, enforcement))
    need = {
        "direction": "offer",
        "mode": "transfer",
        "asset_ids": enforcement["asset_ids"],
        "name": "示例",
        "description": "示例",
        "expires_on": disposal()["expires_on"],
    }
    other = await api.made("sme", "/v1/listings", need)
    values = {
        "asset": uuid.UUID(enforcement["asset_ids"][0]),
        "deal": uuid.UUID(deal_id),
        "enforcement": uuid.UUID(enforcement["id"]),
        "other": uuid.UUID(other["id"]),
    }
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    with pytest.raises(DBAPIError) as refused:
        await run(database, statement, used)
    assert database_fault(refused.value)[1] == constraint
