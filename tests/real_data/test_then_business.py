"""After the imports: a listing, a licence and a mixed pledge of fictional rights beside the real ones."""

from __future__ import annotations

import asyncpg

from app.domain.asset import AssetKind
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api
from tests.support.published import PUBLISHED, Register

pytestmark = PUBLISHED
YEAR = now().today.year
MEASURES = (
    "listing_count",
    "licence_count",
    "licence_amount",
    "pledge_financing_count",
    "pledge_financing_amount",
    "pledge_registration_count",
    "pledge_mixed_count",
    "transfer_count",
)


async def figures(api: Api, district: str, first: int) -> dict[str, object]:
    """Every measure's cells of a district from a year on, as an auditor of everything sees them."""
    found: dict[str, object] = {}
    for measure in MEASURES:
        answer = await api.get(
            "auditor", f"/v1/statistics/{measure}", district=district, **{"from": first, "to": YEAR}
        )
        assert answer.status_code == 200, answer.text
        found[measure] = [cell["amount"] or cell["value"] for cell in answer.json()["cells"]]
    return found


async def test_business_beside_the_real_register_counts_for_itself_alone(
    api: Api, register: Register
) -> None:
    """The main job: what is concluded now shows in this year's figures of its district, and nowhere else."""
    imported = await national(register.connection)
    firm, licensee = (api.samples[role].organisation.party_id for role in ("sme", "sme_b"))
    async with register.database.write() as unit:
        rights = [(await make_asset(unit.session, owners=[firm], kind=kind)).id for kind in AssetKind]
        licensed = (await make_asset(unit.session, owners=[firm])).id

    listing = await api.made(
        "agency",
        "/v1/listings",
        {
            "direction": "offer",
            "mode": "ordinary_licence",
            "name": "示例专利普通许可",
            "description": "示例",
            "expires_on": f"{YEAR + 1}-12-31",
            "asset_ids": [str(licensed)],
            "owner_id": str(firm),
        },
    )
    for step, role in (("submission", "agency"), ("approval", "operator")):
        await api.made(role, f"/v1/listings/{listing['id']}/{step}", {})

    deal = await api.made(
        "agency",
        "/v1/deals",
        {
            "kind": "licence",
            "licence_type": "ordinary",
            "listing_id": listing["id"],
            "grantor_id": str(firm),
            "grantee_id": str(licensee),
            "asset_ids": [str(licensed)],
            "territory": "CN",
            "field": "ALL",
            "term_from": str(now().today),
            "term_to": f"{YEAR + 2}-12-31",
            "amount": {"amount": "120000.00", "currency": "CNY"},
            "contract_no": "示例许可-1",
        },
    )
    await api.made("agency", f"/v1/deals/{deal['id']}/agreement", {})
    mandate = {
        "owner_id": str(firm),
        "powers": ["list", "negotiate", "sign"],
        "term_from": str(now().today),
        "term_to": f"{YEAR + 1}-12-31",
    }
    paper = {"name": "示例授权委托书.txt", "media_type": "text/plain", "content_base64": "56S65L6L"}
    paper_id = (await api.made("agency", "/v1/documents", paper))["id"]
    given = await api.made("agency", "/v1/mandates", mandate | {"document_id": paper_id})
    await api.made("operator", f"/v1/mandates/{given['id']}/confirmation", {})
    await api.made("agency", f"/v1/deals/{deal['id']}/signature", {"signed_on": str(now().today)})

    pool = await make_pool(api)
    pledge = await api.made("bank_a", "/v1/pledges", filing(firm, list(rights), pool_id=pool["id"]))
    registrations = [
        {
            "asset_id": str(right),
            "registration_no": f"示例-{number}",
            "registered_on": str(now().today),
        }
        for number, right in enumerate(rights)
    ]
    registrations[list(AssetKind).index(AssetKind.trademark)]["expires_on"] = "2027-06-30"
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": registrations})

    assert await figures(api, "120110", YEAR) == {
        "listing_count": [1],
        "licence_count": [1],
        "licence_amount": ["120000.00"],
        "pledge_financing_count": [1],
        "pledge_financing_amount": ["500000.00"],
        "pledge_registration_count": [2],
        "pledge_mixed_count": [1],
        "transfer_count": [0],
    }
    assert await national(register.connection) == imported


async def national(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    """What is counted outside every plan."""
    rows = await connection.fetch(
        "SELECT measure, count(*), sum(value) FROM facts WHERE district_code = '000000' GROUP BY 1 ORDER BY 1"
    )
    return [tuple(row) for row in rows]
