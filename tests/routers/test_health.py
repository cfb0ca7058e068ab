"""`/healthz`, `/readyz` and `/metrics`: what a supervisor asks, without a token."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.config import Settings
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import TokenIssuer
from app.main import create_app
from tests.support.api import Api
from tests.support.edges import told


@pytest.fixture(params=["port", "socket"])
async def lost(
    request: pytest.FixtureRequest, tokens: TokenIssuer, press: CertificatePress, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A service whose database is out of reach: nobody listens on its port, or its socket is gone."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    urls = {
        "port": f"postgresql+asyncpg://postgres@127.0.0.1:{port}/ipops",
        "socket": f"postgresql+asyncpg://postgres@/ipops?host={tmp_path}",
    }
    url = urls[request.param]
    database = Database(url, pool_size=1, read_pool_size=1)
    app = create_app(Settings(), database, tokens, press)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ipops") as http:
        yield http
    await database.close()


async def test_a_service_with_its_database_is_alive_and_ready(api: Api) -> None:
    """OPS-10: both without a token."""
    for path in ("/healthz", "/readyz"):
        answer = await api.http.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"}), path


async def test_a_service_without_its_database_is_alive_but_not_ready(lost: httpx.AsyncClient) -> None:
    """OPS-10: a restart of the process would not help, so it is alive; no request should be sent to it."""
    assert (await lost.get("/healthz")).status_code == 200
    answer = await lost.get("/readyz")
    assert told(answer) == (503, "request.busy")
    assert (answer.json()["retryable"], answer.headers["retry-after"]) == (True, "1")


async def measured(api: Api) -> dict[tuple[str, str, str], float]:
    """How many requests were counted, by method, route and status."""
    answer = await api.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert "ipops_request_seconds" in families
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["ipops_requests"].samples
        if sample.name == "ipops_requests_total"
    }


async def test_requests_are_counted_by_route_whatever_callers_write_into_addresses(api: Api) -> None:
    """OPS-01: labels are routes, not paths; unknown addresses share one."""
    before = await measured(api)
    for number in range(3):
        await api.get("operator", f"/v1/parties/00000000-0000-7000-8000-00000000000{number}")
        await api.get("operator", f"/nowhere/{number}")
    after = await measured(api)
    grown = {labels: count - before.get(labels, 0) for labels, count in after.items()}
    assert {labels: by for labels, by in grown.items() if by} == {
        ("GET", "/v1/parties/{party_id}", "404"): 3,
        ("GET", "unrouted", "404"): 3,
        ("GET", "/metrics", "200"): 1,
    }
