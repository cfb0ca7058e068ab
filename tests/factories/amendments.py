"""Registered pledges to be amended, what their rights are worth, and amendments as bodies for the API."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from app.domain.asset import AssetKind
from app.infra.db import Database
from app.services import jobs
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.finance import organisation_id, party_id, yuan
from tests.factories.pledges import filing
from tests.support.api import Api

EXPIRES_ON = "2027-06-30"


async def make_rights(
    api: Api, database: Database, *kinds: AssetKind, owner: str = "sme", **changes: Any
) -> list[str]:
    """Rights of a sample enterprise, one of each kind given."""
    async with database.write() as unit:
        return [
            str(
                (
                    await make_asset(
                        unit.session, owners=[uuid.UUID(party_id(api, owner))], kind=kind, **changes
                    )
                ).id
            )
            for kind in kinds
        ]


async def register(api: Api, pledge: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The office registers every right of the pledge, marks until `EXPIRES_ON`."""
    given = [
        {
            "asset_id": item["asset_id"],
            "registration_no": f"示例-{item['asset_id']}",
            "registered_on": str(now().today),
        }
        | ({"expires_on": EXPIRES_ON} if item["asset_kind"] == "trademark" else {})
        | changes
        for item in pledge["items"]
    ]
    return await api.made("bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": given})


async def make_pledge(api: Api, rights: Sequence[str], **changes: Any) -> dict[str, Any]:
    """A registered pledge of bank A on rights of the sample enterprise, for half a million."""
    body = filing(party_id(api, "sme"), list(rights), **changes)
    return await register(api, await api.made("bank_a", "/v1/pledges", body))


async def value(api: Api, asset_id: str, amount: str, *, on: date | None = None, bank: str = "bank_a") -> str:
    """A bank's own signed valuation of a right."""
    asked = {"asset_id": asset_id, "appraiser_id": organisation_id(api, bank), "mode": "bank_internal"}
    made = await api.made(bank, "/v1/valuations", asked)
    day = str(on or now().today)
    report = {"base_on": day, "value": yuan(amount), "signed_on": day}
    signed = await api.made(bank, f"/v1/valuations/{made['id']}/signature", report)
    return str(signed["id"])


def amendment(kind: str, **changes: Any) -> dict[str, Any]:
    """An amendment agreed today."""
    return {"kind": kind, "changed_on": str(now().today)} | changes


def substitute(api: Api, *asset_ids: str) -> list[dict[str, Any]]:
    """Rights of the sample enterprise to come in."""
    return [{"asset_id": asset_id, "pledgor_id": party_id(api, "sme")} for asset_id in asset_ids]


def registered(*asset_ids: str, **changes: Any) -> dict[str, Any]:
    """The office's registrations of today."""
    return {
        "registrations": [
            {"asset_id": asset_id, "registered_on": str(now().today)} | changes for asset_id in asset_ids
        ]
    }


def statuses(pledge: dict[str, Any]) -> dict[str, str]:
    """The state of each right of a pledge."""
    return {item["asset_id"]: item["status"] for item in pledge["items"]}


async def run(database: Database, job: str, day: date) -> dict[str, Any]:
    """Do a day's job as the worker does."""
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        done = await jobs.run(unit.session, moment=unit.moment, job=job, day=day)
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
        return dict(done.result)
