"""Applications and policies as bodies for the API, and what they are about."""

from __future__ import annotations

import uuid
from typing import Any

from tests.factories.assets import make_asset
from tests.support.api import Api
from tests.support.database import SavepointDatabase


def yuan(amount: str, currency: str = "CNY") -> dict[str, str]:
    """An amount on the wire."""
    return {"amount": amount, "currency": currency}


def organisation_id(api: Api, role: str) -> str:
    """The sample organisation of that role."""
    return str(api.samples[role].organisation.id)


def party_id(api: Api, role: str) -> str:
    """The party that the sample organisation of that role is."""
    return str(api.samples[role].organisation.party_id)


async def owned(api: Api, database: SavepointDatabase, role: str = "sme") -> str:
    """A patent of that sample organisation."""
    async with database.write() as unit:
        return str((await make_asset(unit.session, owners=[uuid.UUID(party_id(api, role))])).id)


def application(api: Api, *asset_ids: str, **changes: Any) -> dict[str, Any]:
    """An application to bank A for a million."""
    return {
        "bank_id": organisation_id(api, "bank_a"),
        "amount": yuan("1000000.00"),
        "purpose": "采购原材料",
        "term_months": 12,
        "asset_ids": list(asset_ids),
    } | changes


def policy(api: Api, **changes: Any) -> dict[str, Any]:
    """A policy of the sample enterprise that nothing speaks against."""
    return {
        "policy_no": "示例-2021-0001",
        "insured_id": party_id(api, "sme"),
        "product": "enforcement",
        "sum_insured": yuan("800000.00"),
        "premium": yuan("12000.00"),
        "subsidy": yuan("6000.00"),
        "starts_on": "2021-03-01",
        "ends_on": "2099-02-28",
    } | changes


async def make_financed(api: Api, asset_id: str, pledge_id: str) -> None:
    """An application for that right, contracted with that pledge, its valuation, and an endorsed policy."""
    applied = await api.made("sme", "/v1/applications", application(api, asset_id))
    path = f"/v1/applications/{applied['id']}"
    await api.made("bank_a", f"{path}/review", None)
    await api.made("bank_a", f"{path}/decision", {"decision": "approved"})
    await api.made("bank_a", f"{path}/contract", {"pledge_id": pledge_id})
    asked = {"asset_id": asset_id, "appraiser_id": organisation_id(api, "appraiser"), "mode": "agency"}
    await api.made("sme", "/v1/valuations", asked | {"application_id": applied["id"]})
    insured = await api.made("insurer", "/v1/policies", policy(api, asset_ids=[asset_id]))
    endorsement = {
        "endorsement_no": "1",
        "delta": {"direction": "increase", "amount": yuan("1.00")},
        "occurred_on": "2022-01-01",
        "reason": "示例批改",
    }
    await api.made("insurer", f"/v1/policies/{insured['id']}/endorsements", endorsement)
