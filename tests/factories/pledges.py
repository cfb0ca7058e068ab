"""Pools with money in them, and well-formed pledge filings, over the API."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from tests.support.api import Api

SHARES = {"pool": 4_000, "bank": 3_000, "guarantor": 2_000, "insurer": 1_000}


def scheme(**changes: Any) -> dict[str, Any]:
    """The sample scheme TJ-DL-TEMPLATE: tenfold leverage, no cap per household unless asked for."""
    return {
        "code": "TJ-DL-TEMPLATE",
        "effective_from": "2019-01-01",
        "leverage_multiple": 10,
        "tiers": [{"shares_bp": SHARES}],
        "legal_basis": "示例管理办法",
    } | changes


async def make_pool(api: Api, *, paid_in: str = "1000000.00", **changes: Any) -> dict[str, Any]:
    """A pool of the sample district with money in its special account."""
    pool = await api.made("pool_manager", "/v1/pools", {"name": "示例资金池", "scheme": scheme(**changes)})
    await api.made(
        "pool_manager",
        f"/v1/pools/{pool['id']}/contributions",
        {"source": "district", "amount": {"amount": paid_in, "currency": "CNY"}, "occurred_on": "2019-01-02"},
    )
    return pool


def filing(owner_id: uuid.UUID | str, asset_ids: list[Any], **changes: Any) -> dict[str, Any]:
    """A filing that nothing speaks against."""
    return {
        "borrower_id": str(owner_id),
        "principal": {"amount": "500000.00", "currency": "CNY"},
        "debt_from": "2021-07-01",
        "debt_to": "2027-06-30",
        "contract": {
            "number": "示例合同-1",
            "signed_on": str(date(2021, 7, 1)),
            "claim_kind": "流动资金借款",
            "security_scope": "本金、利息、违约金及实现质权的费用",
        },
        "items": [{"asset_id": str(asset_id), "pledgor_id": str(owner_id)} for asset_id in asset_ids],
    } | changes
