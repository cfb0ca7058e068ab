"""`/v1/applications/matches`: whom an enterprise may ask, with the reasons for and against."""

from __future__ import annotations

from typing import Any

from tests.factories.finance import application, organisation_id, owned
from tests.factories.pledges import make_pool
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PATH = "/v1/applications/matches"


async def matched(api: Api, asset: str, role: str = "sme", **changes: Any) -> list[dict[str, Any]]:
    """The banks for half a million over a year against that right."""
    asked = {"amount": "500000.00", "term_months": 12, "asset_id": asset} | changes
    response = await api.get(role, PATH, **asked)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def reasons(banks: list[dict[str, Any]], bank_id: str) -> dict[str, list[str]]:
    """The codes against each pool of a bank."""
    [bank] = [one for one in banks if one["bank_id"] == bank_id]
    return {pool["pool_id"]: [one["code"] for one in pool["against"]] for pool in bank["pools"]}


async def test_banks_come_with_the_pools_that_suit_first(api: Api, database: SavepointDatabase) -> None:
    """PLG-02: every bank of the district, each pool with what it bears and why it does not suit."""
    asset = await owned(api, database)
    broad = await make_pool(api)
    short = await make_pool(api, loan_term_max_months=6, eligible_ip=["trademark"])
    banks = await matched(api, asset)
    assert {organisation_id(api, "bank_a"), organisation_id(api, "bank_b")} <= {
        one["bank_id"] for one in banks
    }
    [bank] = [one for one in banks if one["bank_id"] == organisation_id(api, "bank_a")]
    assert bank["suits"]
    shown = [one for one in bank["pools"] if one["pool_id"] in {broad["id"], short["id"]}]
    assert [(one["pool_id"], one["suits"]) for one in shown] == [(broad["id"], True), (short["id"], False)]
    assert shown[0]["shares_bp"]["pool"] == 4_000
    assert {one["code"] for one in shown[1]["against"]} == {
        "pool.loan_term_exceeded",
        "pool.ip_not_eligible",
    }


async def test_an_enterprise_hears_that_a_pool_is_full_but_not_how_full(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-05: what is left is the pool's business; the bank that was asked hears it."""
    asset = await owned(api, database)
    pool = await make_pool(api, paid_in="1000.00")
    bank = organisation_id(api, "bank_a")
    found = await matched(api, asset)
    assert reasons(found, bank)[pool["id"]] == ["application.pool_full"]
    assert "10000.00" not in str(found)
    applied = await api.made("sme", "/v1/applications", application(api, asset))
    told = (await api.get("bank_a", f"/v1/applications/{applied['id']}/matches")).json()["items"]
    assert [one["bank_id"] for one in told] == [bank]
    [against] = [one["against"] for one in told[0]["pools"] if one["pool_id"] == pool["id"]]
    assert [one["code"] for one in against] == ["pool.capacity_exceeded"]
    assert against[0]["facts"]["available"] == "10000.00"
    assert (await api.get("bank_b", f"/v1/applications/{applied['id']}/matches")).status_code == 404


async def test_matching_ties_nothing_up_and_names_unknown_rights(
    api: Api, database: SavepointDatabase
) -> None:
    """A question is no application: nothing is written, nobody is told."""
    asset = await owned(api, database)
    await make_pool(api)
    await matched(api, asset)
    assert (await api.get("sme", "/v1/applications")).json()["items"] == []
    assert (await api.get("bank_a", "/v1/notices")).json()["items"] == []
    strange = "00000000-0000-0000-0000-000000000009"
    response = await api.get("sme", PATH, amount="1.00", term_months=1, asset_id=[asset, strange])
    assert response.status_code == 404
    assert response.json()["violations"][0]["pointer"] == "query:asset_id"
