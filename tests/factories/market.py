"""A market in use: a mandate over a right, an offer that was countered and accepted, a portfolio."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.factories.assets import make_asset
from tests.factories.clock import now

if TYPE_CHECKING:
    from app.infra.db import Database
    from tests.support.api import Api


async def make_listing(api: Api, database: Database, **changes: Any) -> dict[str, Any]:
    """A published listing of a right of the sample enterprise."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
    body = {
        "direction": "offer",
        "mode": "ordinary_licence",
        "name": "示例专利许可",
        "description": "示例",
        "expires_on": "2099-12-31",
        "asset_ids": [str(asset.id)],
    } | changes
    made = await api.made("sme", "/v1/listings", body)
    await api.made("sme", f"/v1/listings/{made['id']}/submission", None)
    return await api.made("operator", f"/v1/listings/{made['id']}/approval", None)


async def make_mandate(api: Api, owner: str = "sme", agent: str = "agency", **changes: Any) -> dict[str, Any]:
    """The owner authorises the agency to list, negotiate and sign, for all its rights unless some are named."""
    owner_id, organisation_id = api.samples[owner].organisation.party_id, api.samples[agent].organisation.id
    body = {
        "owner_id": str(owner_id),
        "organisation_id": str(organisation_id),
        "powers": ["list", "negotiate", "sign"],
        "term_from": str(now().today),
        "term_to": "2099-12-31",
    } | changes
    return await api.made(owner, "/v1/mandates", body)


async def make_offer(api: Api, listing: dict[str, Any], role: str = "sme_b") -> dict[str, Any]:
    """An open offer for a licence on a listing."""
    body = {
        "amount": {"amount": "60000.00"},
        "expires_on": str(now().today + timedelta(days=30)),
        "term_from": "2027-01-01",
        "term_to": "2029-12-31",
    }
    return await api.made(role, f"/v1/listings/{listing['id']}/offers", body)


async def make_market(api: Api, database: Database) -> None:
    """A mandate of the sample enterprise, an offer accepted after a counter-offer, and a portfolio."""
    listing = await make_listing(api, database)
    assets = [asset["asset_id"] for asset in listing["assets"]]
    await make_mandate(api, asset_ids=assets)
    offer = await make_offer(api, listing)
    counter = {"amount": {"amount": "70000.00"}}
    for role, what, body, version in (("sme", "rounds", counter, 1), ("sme_b", "acceptance", None, 2)):
        answer = await api.post(
            role, f"/v1/offers/{offer['id']}/{what}", body, headers={"If-Match": f'"{version}"'}
        )
        assert answer.is_success, answer.text
    await api.made("sme", "/v1/portfolios", {"name": "示例组合", "asset_ids": assets})
