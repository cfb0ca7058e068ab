"""What tests of the edge share: raw requests, and what a request has left behind."""

from __future__ import annotations

import json
from typing import Any

import httpx
from sqlalchemy import text

from tests.factories.parties import party
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PARTIES = "/v1/parties"
TABLES = ("parties", "party_identifiers", "events", "outbox", "facts", "idempotency_keys")


async def send(
    api: Api, content: Any, *, method: str = "POST", path: str = PARTIES, **headers: str | bytes | None
) -> httpx.Response:
    """A request as the operator with these bytes; header None leaves a header out."""
    given: dict[str, Any] = {**api.headers("operator"), "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    given = {name: value for name, value in given.items() if value is not None}
    return await api.http.request(method, path, content=content, headers=given)


async def written(database: SavepointDatabase) -> dict[str, int]:
    """How many rows every table that a write touches has, and how many audited doings."""
    assert database.connection is not None
    columns = [f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES]
    columns.append("(SELECT count(*) FROM audit WHERE outcome <> 'refused') AS audit")
    return dict((await database.connection.execute(text("SELECT " + ", ".join(columns)))).mappings().one())


async def refusals(database: SavepointDatabase, request_id: str) -> list[tuple[str, str, list[str]]]:
    """Action, noun and codes of the audited refusals of one request."""
    assert database.connection is not None
    statement = text(
        "SELECT action, noun, codes FROM audit WHERE outcome = 'refused' AND request_id = :request_id"
    )
    rows = await database.connection.execute(statement, {"request_id": request_id})
    return [(row.action, row.noun, row.codes) for row in rows]


def told(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem that is a problem in every respect (RFC 9457)."""
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert problem["type"] == f"/v1/problems/{problem['code']}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["violations"][0]["code"] == problem["code"]
    assert all("?" not in violation["message_zh"] for violation in problem["violations"])
    return response.status_code, problem["code"]


def pointers(response: httpx.Response) -> list[str]:
    """Where the violations are."""
    return [violation["pointer"] for violation in response.json()["violations"]]


def body_with(members: str) -> bytes:
    """A well-formed party body with more members, written as they stand."""
    return json.dumps(party(1))[:-1].encode() + b", " + members.encode() + b"}"


MALFORMED = (422, "request.malformed")
