"""Transfers and licences over the API: well-formed bodies, and the steps of their lives."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from app.domain.identifiers import new_id
from tests.support.api import Api

SIGNED, FILED, REGISTERED, SETTLED = "2024-12-01", "2024-12-10", "2025-01-20", "2025-02-01"
STEPS: dict[str, tuple[str, str, dict[str, str] | None]] = {
    "agree": ("sme", "agreement", None),
    "sign": ("sme", "signature", {"signed_on": SIGNED}),
    "file": ("sme", "filing", {"filed_on": FILED}),
    "correct": ("ip_office", "correction", {"reason": "缺少转让合同原件"}),
    "refile": ("sme", "refiling", {"filed_on": "2024-12-20"}),
    "refuse": ("ip_office", "refusal", {"reason": "易导致混淆", "refused_on": "2025-01-10"}),
    "register": ("ip_office", "registration", {"registration_no": "T-1", "registered_on": REGISTERED}),
    "settle": ("sme", "settlement", {"settled_on": SETTLED, "kind": "direct"}),
    "close": ("sme", "closure", None),
    "terminate": ("sme", "termination", {"reason": "协商解除", "terminated_on": "2025-01-05"}),
}
"""Who takes a step of a deal that the sample enterprise drafted, at which address, with which body."""


def transfer(
    grantor_id: uuid.UUID, grantee_id: uuid.UUID, asset_ids: Sequence[uuid.UUID], **changes: object
) -> dict[str, object]:
    """A well-formed transfer."""
    return {
        "kind": "transfer",
        "grantor_id": str(grantor_id),
        "grantee_id": str(grantee_id),
        "asset_ids": [str(asset_id) for asset_id in asset_ids],
        "amount": {"amount": "300000.00"},
    } | changes


def licence(
    grantor_id: uuid.UUID, grantee_id: uuid.UUID, asset_ids: Sequence[uuid.UUID], **changes: object
) -> dict[str, object]:
    """A well-formed ordinary licence."""
    terms = {
        "kind": "licence",
        "licence_type": "ordinary",
        "term_from": "2025-01-01",
        "term_to": "2027-12-31",
    }
    return transfer(grantor_id, grantee_id, asset_ids) | terms | changes


async def step(api: Api, deal: dict[str, Any], name: str, **changes: object) -> httpx.Response:
    """The answer to one step of a deal."""
    role, path, body = STEPS[name]
    return await api.post(role, f"/v1/deals/{deal['id']}/{path}", body and body | changes)


async def through(api: Api, deal: dict[str, Any], *steps: str) -> dict[str, Any]:
    """The deal after steps that must succeed; a registration has a number of its own."""
    for name in steps:
        more = {"registration_no": f"T-{new_id()}"} if name == "register" else {}
        done = await step(api, deal, name, **more)
        assert done.status_code == 200, done.text
        deal = done.json()
    return deal
