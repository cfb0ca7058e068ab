"""Accounting periods over the API: holding, closing, and the document that opens one again."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tests.support.api import Api

MAKER, CHECKER = "pool_manager", "treasury"


async def move(api: Api, role: str, pool: dict[str, Any], period: str, what: str) -> httpx.Response:
    """Hold, resume or close a period as that organisation."""
    return await api.post(role, f"/v1/pools/{pool['id']}/periods/{period}/{what}", None)


async def close_period(api: Api, pool: dict[str, Any], period: str) -> dict[str, Any]:
    """A period held by the manager and closed by the treasury."""
    path = f"/v1/pools/{pool['id']}/periods/{period}"
    await api.made(MAKER, f"{path}/hold", None)
    return await api.made(CHECKER, f"{path}/close", None)


async def make_document(api: Api, role: str, content: bytes, name: str = "示例文件.csv") -> str:
    """A document of that organisation; returns its id."""
    body = {"name": name, "media_type": "text/csv", "content_base64": base64.b64encode(content).decode()}
    made = await api.made(role, "/v1/documents", body)
    return str(made["id"])


async def reopen(api: Api, role: str, pool: dict[str, Any], period: str) -> httpx.Response:
    """Open a period again as that organisation, with a reason and a document."""
    document_id = await make_document(api, role, "示例决定".encode())
    body = {"reason": "漏记管理费", "document_id": document_id}
    return await api.post(role, f"/v1/pools/{pool['id']}/periods/{period}/reopen", body)
