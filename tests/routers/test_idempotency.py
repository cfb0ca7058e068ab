"""One key, one effect; what a dry run and a refusal leave: shown once on `/v1/parties` (C01-C04)."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest

from app.services.sandbox import sample_uscc
from tests.factories.parties import party
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import PARTIES, body_with, pointers, refusals, send, told, written


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency.key_missing"),
        ("", "idempotency.key_invalid"),
        ("a b", "idempotency.key_invalid"),
        ("x" * 256, "idempotency.key_invalid"),
        ("é".encode(), "idempotency.key_invalid"),
    ],
)
async def test_a_write_needs_a_usable_key(api: Api, key: str | bytes | None, code: str) -> None:
    """C02: 400 without a key or with one that no log could show."""
    response = await send(api, json.dumps(party(1)).encode(), Idempotency_Key=key)
    assert told(response) == (400, code)
    assert pointers(response) == ["header:Idempotency-Key"]


async def test_the_same_request_again_gets_the_same_bytes(api: Api, database: SavepointDatabase) -> None:
    """C01, C03: the replay is marked, byte-equal, and does nothing."""
    key = "x" * 255
    first = await api.post("operator", PARTIES, party(2), key=key)
    after = await written(database)
    second = await api.post("operator", PARTIES, party(2), key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert (first.headers["etag"], second.headers["etag"]) == ('"1"', '"1"')
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await written(database) == after


@pytest.mark.parametrize("change", ["body", "query", "if-match"])
async def test_a_key_belongs_to_one_request(api: Api, database: SavepointDatabase, change: str) -> None:
    """C02: the same key with anything else is 422, not the first answer."""
    key = str(uuid.uuid4())
    await api.post("operator", PARTIES, party(3), key=key)
    after = await written(database)
    body = party(4) if change == "body" else party(3)
    path = PARTIES + ("?x=1" if change == "query" else "")
    headers = {"If-Match": '"1"'} if change == "if-match" else {}
    again = await api.post("operator", path, body, key=key, headers=headers)
    assert told(again) == (422, "idempotency.key_reused")
    assert await written(database) == after


async def test_two_clients_may_use_one_key(api: Api) -> None:
    """C04: keys belong to a client."""
    key = str(uuid.uuid4())
    first = await api.post("operator", PARTIES, party(5), key=key)
    second = await api.post("agency", PARTIES, party(6), key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


async def test_a_refusal_is_not_kept_under_the_key(api: Api) -> None:
    """A retry with the same key succeeds once the reason is gone, even with a mended body."""
    key = str(uuid.uuid4())
    refused = await api.post("operator", PARTIES, party(7, district_code="999999"), key=key)
    assert told(refused) == (422, "district.unknown")
    retried = await api.post("operator", PARTIES, party(7), key=key)
    assert retried.status_code == 201
    assert "idempotency-replayed" not in retried.headers


async def test_a_dry_run_writes_nothing_and_answers_alike(api: Api, database: SavepointDatabase) -> None:
    """`dry_run=true` gives the real call's answer, or its violations, and keeps nothing."""
    before = await written(database)
    dry = await send(api, json.dumps(party(8)).encode(), path=PARTIES + "?dry_run=true", Idempotency_Key=None)
    assert (dry.status_code, dry.headers["dry-run"]) == (200, "true")
    assert await written(database) == before
    real = await api.post("operator", PARTIES, party(8))
    assert real.status_code == 201

    def common(answer: httpx.Response) -> dict[str, Any]:
        return {name: value for name, value in answer.json().items() if name != "id"}

    assert common(dry) == common(real)

    after = await written(database)
    dry_refusal = await api.post("operator", PARTIES + "?dry_run=true", party(8))
    refusal = await api.post("operator", PARTIES, party(8))
    assert told(dry_refusal) == told(refusal) == (409, "party.identifier_taken")
    assert dry_refusal.json()["violations"] == refusal.json()["violations"]
    assert await written(database) == after


async def test_a_refused_write_leaves_one_audit_row_and_nothing_else(
    api: Api, database: SavepointDatabase
) -> None:
    """On refusal: the code with the value it is about, no row, no event, one `refused` row with the codes."""
    await api.made("operator", PARTIES, party(9))
    before = await written(database)
    response = await api.post("operator", PARTIES, party(9, name="示例另一公司"))
    assert told(response) == (409, "party.identifier_taken")
    assert sample_uscc(8009) in response.json()["detail"]
    assert await written(database) == before
    assert await refusals(database, response.headers["x-request-id"]) == [
        ("POST /v1/parties", "parties", ["party.identifier_taken"])
    ]


async def test_a_malformed_write_is_audited_too(api: Api, database: SavepointDatabase) -> None:
    response = await send(api, body_with('"colour": "red"'))
    assert await refusals(database, response.headers["x-request-id"]) == [
        ("POST /v1/parties", "parties", ["request.malformed"])
    ]
