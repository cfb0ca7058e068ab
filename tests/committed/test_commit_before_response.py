"""A success is told only after the commit, and a failing commit is never told as a success (C04, API-24)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from app.domain.party import PartyKind
from app.domain.permission import Permission
from app.infra.security import TokenIssuer
from app.routers.dependencies import WriteUnit, writes
from app.schemas.health import Health
from app.services import parties
from tests.factories.parties import party
from tests.support.instance import Instance, instance

pytestmark = pytest.mark.committed

PARTIES = "/v1/parties"
LATE_REFUSAL = """
CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'late' USING ERRCODE = 'unique_violation',
    CONSTRAINT = 'uq_party_identifiers_scheme_value';
END $$;
CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT ON parties DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.name LIKE '%late%') EXECUTE FUNCTION refuse_late();
"""


def extend(app: FastAPI) -> None:
    """A route that holds its transaction open after its insert, until it is cancelled."""

    @app.post("/v1/hang")
    async def hang(request: Request, unit: Annotated[WriteUnit, writes(Permission.party_write)]) -> Response:
        new = parties.NewParty(PartyKind.organisation, "示例悬而未决公司", "120110", [])
        await parties.register(unit.session, actor=unit.actor, moment=unit.moment, new=new)
        request.app.state.inserted.set()
        await asyncio.Event().wait()
        return await unit.reply(201, Health(status="never"))


@pytest.fixture(scope="module")
async def committed(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    async with instance(server_url, "commit", tokens, extend=extend) as made:
        await made.owner.execute(LATE_REFUSAL)
        yield made


async def stored(committed: Instance, name: str) -> tuple[int, int, int]:
    """What another connection sees: parties of that name, events about them, keys with an answer."""
    row = await committed.owner.fetchrow(
        "SELECT (SELECT count(*) FROM parties WHERE name = $1),"
        " (SELECT count(*) FROM events WHERE payload ->> 'name' = $1),"
        " (SELECT count(*) FROM idempotency_keys WHERE convert_from(body, 'UTF8') LIKE '%' || $1 || '%')",
        name,
    )
    assert row is not None
    return tuple(row)


async def call(committed: Instance, path: str, body: Any, on_start: Any = None) -> list[dict[str, Any]]:
    """The ASGI messages of a POST as the operator; `on_start` runs before its status line leaves."""
    headers = committed.api.headers("operator") | {"Content-Type": "application/json"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "server": ("ipops", 80),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and on_start is not None:
            sent.append({"seen": await on_start()})
        sent.append(message)

    await committed.app(scope, receive, send)
    return sent


async def test_when_the_answer_starts_another_connection_sees_the_row(committed: Instance) -> None:
    """C04, API-24: row, event and stored answer are there before the first byte of the response."""
    name = "示例先提交公司"
    seen, start, *_ = await call(committed, PARTIES, party(1, name=name), lambda: stored(committed, name))
    assert start["status"] == 201
    assert seen == {"seen": (1, 1, 1)}


async def test_a_constraint_that_fails_at_commit_is_told_as_a_refusal(committed: Instance) -> None:
    """The handler had its 201 ready; the deferred trigger speaks at commit: 409 and nothing is stored."""
    name = "示例late公司"
    response = await committed.api.post("operator", PARTIES, party(2, name=name), key="late-1")
    assert (response.status_code, response.json()["code"]) == (409, "party.identifier_taken")
    assert await stored(committed, name) == (0, 0, 0)
    key = await committed.owner.fetchval("SELECT count(*) FROM idempotency_keys WHERE key = 'late-1'")
    audited = await committed.owner.fetchval(
        "SELECT count(*) FROM audit WHERE request_id = $1 AND outcome = 'refused'",
        response.headers["x-request-id"],
    )
    assert (key, audited) == (0, 1)


async def test_a_dry_run_meets_the_constraints_of_the_commit(committed: Instance) -> None:
    """Otherwise a dry run would promise what the real call refuses."""
    response = await committed.api.post("operator", PARTIES + "?dry_run=true", party(3, name="示例late公司"))
    assert (response.status_code, response.json()["code"]) == (409, "party.identifier_taken")


async def test_a_cancelled_request_leaves_nothing_and_gives_its_connection_back(
    committed: Instance,
) -> None:
    """OPS-10: a shutdown that cuts a request off between insert and commit rolls it back."""
    name = "示例悬而未决公司"
    for _ in range(20):  # more than the pool has connections
        committed.app.state.inserted = asyncio.Event()
        running = asyncio.create_task(call(committed, "/v1/hang", {}))
        await asyncio.wait_for(committed.app.state.inserted.wait(), 5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert await stored(committed, name) == (0, 0, 0)
    open_ = await committed.owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    )
    assert open_ == 0


async def test_a_handler_that_forgets_to_answer_through_its_unit_commits_nothing(
    committed: Instance,
) -> None:
    """Such an answer could not be replayed: it is a defect, told as 500, and rolled back."""

    @committed.app.post("/v1/forgetful")
    async def forgetful(unit: Annotated[WriteUnit, writes(Permission.party_write)]) -> Health:
        new = parties.NewParty(PartyKind.organisation, "示例健忘公司", "120110", [])
        await parties.register(unit.session, actor=unit.actor, moment=unit.moment, new=new)
        return Health(status="ok")

    response = await committed.api.post("operator", "/v1/forgetful", {})
    assert (response.status_code, response.json()["code"]) == (500, "request.internal")
    assert not re.search(r"RuntimeError|must answer", response.text)
    assert await stored(committed, "示例健忘公司") == (0, 0, 0)
