"""Loans under a pool, approvals that reserve its capacity, and what a commitment looks like."""

from __future__ import annotations

from typing import Any

import httpx

from tests.factories.finance import application, owned, party_id, yuan
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PATH = "/v1/commitments"
APPLICATIONS = "/v1/applications"


async def file(
    api: Api,
    database: SavepointDatabase,
    pool: dict[str, Any],
    principal: str = "100000.00",
    *,
    bank: str = "bank_a",
    owner: str = "sme",
    **changes: Any,
) -> httpx.Response:
    """The answer to a filing of a new right under the pool."""
    right = await owned(api, database, owner)
    body = filing(
        party_id(api, owner), [right], **({"pool_id": pool["id"], "principal": yuan(principal)} | changes)
    )
    return await api.post(bank, "/v1/pledges", body)


async def under_review(api: Api, database: SavepointDatabase, **changes: Any) -> str:
    """The address of an application of the sample enterprise that bank A reviews."""
    right = await owned(api, database)
    made = await api.made("sme", APPLICATIONS, application(api, right, **changes))
    path = f"{APPLICATIONS}/{made['id']}"
    await api.made("bank_a", f"{path}/review", None)
    return path


def reserving(pool: dict[str, Any], approved: str = "100000.00", **changes: Any) -> dict[str, Any]:
    """An approval that reserves capacity."""
    return {"decision": "approved", "approved_amount": yuan(approved), "pool_id": pool["id"]} | changes


async def reserve(
    api: Api, database: SavepointDatabase, pool: dict[str, Any], approved: str = "100000.00", **changes: Any
) -> dict[str, Any]:
    """An approved application with its reservation."""
    path = await under_review(api, database, amount=yuan(approved))
    return await api.made("bank_a", f"{path}/decision", reserving(pool, approved, **changes))


async def commitment(api: Api, role: str = "bank_a", **filters: Any) -> dict[str, Any]:
    """The one commitment that these filters leave, with its transfers."""
    (found,) = (await api.get(role, PATH, **filters)).json()["items"]
    shown: dict[str, Any] = (await api.get(role, f"{PATH}/{found['id']}")).json()
    return shown


async def free(api: Api, pool: dict[str, Any]) -> str:
    """What the pool may still commit."""
    amount: str = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]["free"]["amount"]
    return amount
