"""One key, many callers at once: one effect, one answer (C01, C02)."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from app.infra.security import TokenIssuer
from tests.factories.parties import party
from tests.support.instance import Instance, instance

pytestmark = pytest.mark.committed

PARTIES = "/v1/parties"


@pytest.fixture(scope="module")
async def committed(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    async with instance(server_url, "race", tokens) as made:
        yield made


async def rows(committed: Instance, number: int) -> tuple[int, int]:
    """Parties of that name and events about them."""
    row = await committed.owner.fetchrow(
        "SELECT (SELECT count(*) FROM parties WHERE name = $1),"
        " (SELECT count(*) FROM events WHERE payload ->> 'name' = $1)",
        party(number)["name"],
    )
    assert row is not None
    return tuple(row)


async def test_fifty_twins_make_one_row_and_get_one_answer(committed: Instance) -> None:
    """C01: the same key fifty times at once; one is the original, all others are its replays."""
    key = str(uuid.uuid4())
    answers = await asyncio.gather(
        *(committed.api.post("operator", PARTIES, party(2001), key=key) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get("idempotency-replayed") for answer in answers) == {"true": 49, None: 1}
    assert await rows(committed, 2001) == (1, 1)


async def test_fifty_keys_for_one_identifier_make_one_row(committed: Instance) -> None:
    """Without the key's help the unique identifier decides; everybody else is refused, nobody fails."""
    answers = await asyncio.gather(*(committed.api.post("operator", PARTIES, party(2002)) for _ in range(50)))
    assert Counter((answer.status_code, answer.json().get("code")) for answer in answers) == {
        (201, None): 1,
        (409, "party.identifier_taken"): 49,
    }
    assert await rows(committed, 2002) == (1, 1)
    refused = await committed.owner.fetchval(
        "SELECT count(*) FROM audit WHERE outcome = 'refused' AND request_id = ANY($1)",
        [answer.headers["x-request-id"] for answer in answers],
    )
    assert refused == 49


async def test_one_key_with_fifty_bodies_serves_one_of_them(committed: Instance) -> None:
    """C02: whoever came first is served, the others are told that the key is taken."""
    key = str(uuid.uuid4())
    answers = await asyncio.gather(
        *(committed.api.post("operator", PARTIES, party(number), key=key) for number in range(2100, 2150))
    )
    assert Counter((answer.status_code, answer.json().get("code")) for answer in answers) == {
        (201, None): 1,
        (422, "idempotency.key_reused"): 49,
    }


async def test_a_twin_of_a_slow_request_waits_two_seconds_then_hears_so(committed: Instance) -> None:
    """C02: 409 with Retry-After while the first holder of the key is still working; later it may pass."""
    key, client_id = str(uuid.uuid4()), committed.api.samples["operator"].client.id
    transaction = committed.owner.transaction()
    await transaction.start()
    await committed.owner.execute(
        "INSERT INTO idempotency_keys (client_id, key, fingerprint, created_at) VALUES ($1, $2, '', now())",
        client_id,
        key,
    )
    try:
        started = time.monotonic()
        answer = await committed.api.post("operator", PARTIES, party(2003), key=key)
        waited = time.monotonic() - started
    finally:
        await transaction.rollback()
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.in_flight")
    assert (answer.json()["retryable"], answer.headers["retry-after"]) == (True, "1")
    assert 1.9 < waited < 4
    assert (await committed.api.post("operator", PARTIES, party(2003), key=key)).status_code == 201
    assert await rows(committed, 2003) == (1, 1)
