"""Batches of filings as a bank sends them: JSON Lines, each with a key of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from tests.support.api import Api

JSON_LINES = "application/x-ndjson"


def line(key: str, pledge: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A line of a batch."""
    return {"key": key, "pledge": pledge} | more


async def post_batch(
    api: Api,
    role: str,
    lines: Sequence[dict[str, Any]] | bytes,
    *,
    mode: str = "continue",
    key: str | None = None,
    dry_run: bool = False,
) -> httpx.Response:
    """Send a batch as `role`."""
    body = lines if isinstance(lines, bytes) else b"\n".join(json.dumps(one).encode() for one in lines)
    headers = api.headers(role, key or str(uuid.uuid4())) | {"Content-Type": JSON_LINES}
    params = {"mode": mode} | ({"dry_run": "true"} if dry_run else {})
    return await api.http.post("/v1/pledges:batch", content=body, params=params, headers=headers)


def outcomes(response: httpx.Response) -> list[str]:
    """What became of each line: its outcome, or the codes it was refused with."""
    return [
        " ".join(violation["code"] for violation in result["violations"]) or result["outcome"]
        for result in response.json()["results"]
    ]
