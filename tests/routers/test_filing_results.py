"""The office's results where several things are before it at once: filings, amendments, rights of two kinds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.asset import AssetKind
from tests.factories.amendments import amendment, make_pledge, make_rights, register, registered, statuses, substitute
from tests.factories.clock import now
from tests.factories.finance import party_id, yuan
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase

PATENT, MARK = AssetKind.patent, AssetKind.trademark
TODAY = str(now().today)


def handed_in(kind: str, number: str, **more: Any) -> dict[str, Any]:
    return {"asset_kind": kind, "application_no": number, "channel": "online", "submitted_on": TODAY} | more


async def shown(api: Api, pledge: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()
    return found


async def test_t1(api: Api, database: SavepointDatabase) -> None:
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [patent, mark]))
    path = f"/v1/pledges/{pledge['id']}"
    made = await api.made("bank_a", f"{path}/filings", handed_in("patent", "Z-1"))
    one = {"asset_id": patent, "registration_no": "Z-1", "registered_on": TODAY}
    await api.made("bank_a", f"{path}/registrations", {"registrations": [one]})
    back = await api.post("bank_a", f"/v1/filings/{made['id']}/withdrawal", {"reason": "示例", "withdrawn_on": TODAY})
    print("T1", back.status_code, codes(back) if back.is_error else "", statuses(await shown(api, pledge)))


async def test_t2(api: Api, database: SavepointDatabase) -> None:
    old, new = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [old])
    swap = await api.made("bank_a", f"/v1/pledges/{pledge['id']}/amendments", amendment("substitution", items=substitute(api, new), asset_ids=[old]))
    path = f"/v1/pledges/{pledge['id']}"
    got = await api.post("bank_a", f"{path}/filings", handed_in("patent", "Z-2"))
    print("T2 filing", got.status_code, got.text[:200])
    for kind in ("extension", "change"):
        got = await api.post("bank_a", f"{path}/filings", handed_in("patent", f"Z-3{kind}", action=kind, amendment_id=swap["id"]))
        print("T3", kind, got.status_code, got.text[:100])
    one = {"asset_id": new, "registration_no": "Z-1", "registered_on": TODAY}
    got = await api.post("bank_a", f"{path}/registrations", {"registrations": [one]})
    print("T4", got.status_code, codes(got))
    for what, on in (("refusals", "refused_on"), ("withdrawals", "withdrawn_on"), ("revocations", "revoked_on")):
        got = await api.post("bank_a", f"{path}/{what}", {"reason": "示例", on: TODAY, "asset_ids": [new]})
        print("T4", what, got.status_code, codes(got))
    got = await api.post("bank_a", f"{path}/revocations", {"reason": "示例", "revoked_on": TODAY})
    print("T6", got.status_code, got.json()["status"], statuses(got.json()))
    got = await api.post("bank_a", f"/v1/amendments/{swap['id']}/refusal", {"reason": "示例", "refused_on": TODAY})
    after = await shown(api, pledge)
    print("T6", got.status_code, after["status"], statuses(after))


async def test_t3(api: Api, database: SavepointDatabase) -> None:
    [old] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [old])
    path = f"/v1/pledges/{pledge['id']}"
    change = await api.made("bank_a", f"{path}/amendments", amendment("change", principal=yuan("400000.00")))
    await api.made("bank_a", f"/v1/amendments/{change['id']}/registrations", registered(old))
    got = await api.post("bank_a", f"{path}/filings", handed_in("patent", "Z-4", action="change", amendment_id=change["id"]))
    print("T3 decided", got.status_code)


async def test_t5(api: Api, database: SavepointDatabase) -> None:
    [old, mark] = await make_rights(api, database, PATENT, MARK)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [old, mark], pool_id=pool["id"])
    path = f"/v1/pledges/{pledge['id']}"
    made = await api.made("bank_a", f"{path}/filings", handed_in("trademark", "Z-9", action="cancellation"))
    await api.made("operator", f"{path}/revocations", {"reason": "示例", "revoked_on": TODAY, "asset_ids": [mark]})
    for role in ("bank_a", "pool_manager", "sme"):
        found = (await api.get(role, "/v1/notices")).json()["items"]
        print("T5", role, [(one["kind"], one["facts"].get("outcome")) for one in found])
    print("T9", (await api.get("bank_a", f"/v1/filings/{made['id']}")).json()["status"])


async def test_t7(api: Api, database: SavepointDatabase) -> None:
    [old, more] = await make_rights(api, database, PATENT, PATENT)
    pool = await make_pool(api)
    body = filing(party_id(api, "sme"), [old, more], pool_id=pool["id"])
    body["items"][1]["required"] = False
    pledge = await api.made("bank_a", "/v1/pledges", body)
    path = f"/v1/pledges/{pledge['id']}"
    one = {"asset_id": old, "registration_no": "Z-1", "registered_on": TODAY}
    await api.made("bank_a", f"{path}/registrations", {"registrations": [one]})
    drawn = {"amount": {"amount": "500000.00"}, "drawn_on": TODAY, "reference": "示例-1"}
    got = await api.post("bank_a", f"{path}/loan/drawdowns", drawn)
    print("T7 drawn", got.status_code, got.text[:200])
    await api.made("operator", f"{path}/revocations", {"reason": "示例", "revoked_on": TODAY})
    got = await api.made("operator", f"{path}/refusals", {"reason": "示例", "refused_on": TODAY})
    print("T7", got["status"], got["covered"], got["unsecured_since"])


async def test_t8(api: Api, database: SavepointDatabase) -> None:
    [old] = await make_rights(api, database, PATENT)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [old]))
    path = f"/v1/pledges/{pledge['id']}"
    later = str(now().today + timedelta(days=3))
    one = {"asset_id": old, "registration_no": "Z-1", "registered_on": TODAY, "expires_on": later}
    got = await api.post("bank_a", f"{path}/registrations", {"registrations": [one]})
    print("T8", got.status_code, got.text[:150])


async def test_t10(api: Api, database: SavepointDatabase) -> None:
    [old] = await make_rights(api, database, PATENT)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [old]))
    path = f"/v1/pledges/{pledge['id']}"
    early = str(now().today - timedelta(days=10))
    made = await api.made("bank_a", f"{path}/filings", handed_in("patent", "Z-1", submitted_on=early))
    asked = {"reason": "示例", "requested_on": TODAY, "respond_by": TODAY}
    await api.made("bank_a", f"/v1/filings/{made['id']}/corrections", asked)
    got = await api.post("bank_a", f"/v1/filings/{made['id']}/resubmissions", {"resubmitted_on": early})
    print("T10", got.status_code, got.text[:100])
