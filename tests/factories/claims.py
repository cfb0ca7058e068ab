"""Covered loans that go wrong, and their claims step by step, over the API."""

from __future__ import annotations

import base64
import uuid
from datetime import date
from typing import Any

import httpx

from app.infra.db import Database
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api

TODAY = now().today


def money(yuan: str) -> dict[str, str]:
    return {"amount": yuan, "currency": "CNY"}


async def document(api: Api, role: str, name: str = "示例证明.pdf") -> str:
    """A document of that organisation."""
    content = base64.b64encode(name.encode()).decode()
    body = {"name": name, "media_type": "application/pdf", "content_base64": content}
    made = await api.made(role, "/v1/documents", body)
    return str(made["id"])


async def register(api: Api, pledge: dict[str, Any], *, bank: str = "bank_a") -> None:
    """Record the office's registrations of all its rights."""
    registrations = [
        {
            "asset_id": item["asset_id"],
            "registration_no": f"Y-{pledge['number']}-{item['asset_id']}",
            "registered_on": pledge["filed_on"],
        }
        for item in pledge["items"]
    ]
    path = f"/v1/pledges/{pledge['id']}/registrations"
    await api.made(bank, path, {"registrations": registrations})


async def make_loan(
    api: Api,
    pool: dict[str, Any],
    right: uuid.UUID,
    *,
    principal: str = "500000.00",
    bank: str = "bank_a",
    **changes: Any,
) -> dict[str, Any]:
    """A registered pledge of one patent of the sample firm, covered by the pool."""
    owner = api.samples["sme"].organisation.party_id
    body = filing(owner, [right], pool_id=pool["id"], principal=money(principal), **changes)
    pledge = await api.made(bank, "/v1/pledges", body)
    await register(api, pledge, bank=bank)
    return pledge


QUICK = {
    "publicity_days": 0,
    "npl_warn_bp": 10_000,
    "npl_suspend_bp": 10_000,
    "paid_ratio_suspend_bp": 10_000,
}
"""A scheme that pays on the day and whose breaker only trips when all is lost."""


async def make_cover(
    api: Api,
    database: Database,
    *,
    principal: str = "500000.00",
    paid_in: str = "1000000.00",
    pledge: dict[str, Any] | None = None,
    **terms: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A pool, and a registered pledge that it covers."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        right = (await make_asset(unit.session, owners=[owner])).id
    pool = await make_pool(api, paid_in=paid_in, **(QUICK | terms))
    return pool, await make_loan(api, pool, right, principal=principal, **(pledge or {}))


def classification(
    outstanding: str = "500000.00",
    *,
    loan_class: str = "substandard",
    overdue_days: int = 95,
    occurred_on: date = TODAY,
) -> dict[str, Any]:
    """A loan three months overdue, as of today."""
    return {
        "loan_class": loan_class,
        "outstanding": money(outstanding),
        "overdue_days": overdue_days,
        "occurred_on": str(occurred_on),
    }


def claiming(pledge: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A claim for being overdue, of today's default."""
    return {"pledge_id": pledge["id"], "default_on": str(TODAY), "trigger": "overdue"} | changes


async def make_claim(
    api: Api, pledge: dict[str, Any], outstanding: str = "500000.00", *, bank: str = "bank_a"
) -> dict[str, Any]:
    """A claim on a loan that is classed today."""
    path = f"/v1/pledges/{pledge['id']}/classifications"
    await api.made(bank, path, classification(outstanding))
    return await api.made(bank, "/v1/claims", claiming(pledge))


APPROVED = {"decision": "approved"}


async def publicise(api: Api, claim: dict[str, Any]) -> dict[str, Any]:
    """Through the formal check and both offices' approval."""
    path = f"/v1/claims/{claim['id']}"
    await api.made("pool_manager", f"{path}/check", APPROVED)
    await api.made("ip_office", f"{path}/approval", APPROVED)
    return await api.made("finance_office", f"{path}/approval", APPROVED)


async def pay(api: Api, claim: dict[str, Any]) -> dict[str, Any]:
    """Through all hands to the payout; the pool's scheme has no days of publicity."""
    await publicise(api, claim)
    return await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})


def parts(shown: dict[str, Any], of: str) -> dict[str, str]:
    return {share["party"]: share[of]["amount"] for share in shown["shares"]}


async def step(api: Api, role: str, claim: dict[str, Any], name: str, body: Any = None) -> httpx.Response:
    return await api.post(role, f"/v1/claims/{claim['id']}/{name}", body if body is not None else {})


async def capacity(api: Api, pool: dict[str, Any]) -> tuple[str, str]:
    """What is available, and what is outstanding."""
    found = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    return found["available"]["amount"], found["outstanding"]["amount"]


async def balance(api: Api, pool: dict[str, Any], code: str) -> tuple[str, str]:
    accounts = (await api.get("pool_manager", f"/v1/pools/{pool['id']}/accounts")).json()
    (found,) = [account for account in accounts if account["code"] == code]
    return found["debits_posted"]["amount"], found["credits_posted"]["amount"]


async def subjects(api: Api, role: str, kind: str) -> list[str]:
    """What notices of a kind the organisation has got are about."""
    found = (await api.get(role, "/v1/notices")).json()["items"]
    return [notice["subject_id"] for notice in found if notice["kind"] == kind]
