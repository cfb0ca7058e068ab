"""Idempotency: one key, one effect. The answer is stored in the transaction that did the work."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from asyncpg import LockNotAvailableError

from app.domain.request import IN_FLIGHT, KEY_REUSED
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

_CLAIM = """
INSERT INTO idempotency_keys (client_id, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING key
"""
_STORED = """
SELECT fingerprint, status_code, headers::text AS headers, body
FROM idempotency_keys WHERE client_id = $1 AND key = $2
"""
_STORE = """
UPDATE idempotency_keys SET status_code = $3, headers = $4::jsonb, body = $5 WHERE client_id = $1 AND key = $2
"""
_FORGET = "DELETE FROM idempotency_keys WHERE created_at < $1"
KEPT = timedelta(days=35)
"""How long a key answers: long enough for a bank to rerun a month's end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer: replayed byte for byte."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


async def claim(
    session: AsyncSession, *, client_id: uuid.UUID, key: str, fingerprint: bytes, moment: Moment
) -> Answer | None:
    """Take `key` for this request, or return the answer it already has.

    Waits for a twin in flight up to the lock timeout (2 s).

    Raises: `idempotency.in_flight` when the twin takes longer, `idempotency.key_reused` when the key
    was used for another request.
    """
    connection = await driver(session)
    try:
        claimed = await connection.fetchval(_CLAIM, client_id, key, fingerprint, moment.now)
    except LockNotAvailableError as error:
        raise IN_FLIGHT.error() from error
    if claimed is not None:
        return None
    stored = await connection.fetchrow(_STORED, client_id, key)
    if stored is None:
        raise IN_FLIGHT.error()
    if stored["fingerprint"] != fingerprint:
        raise KEY_REUSED.error()
    return Answer(stored["status_code"], json.loads(stored["headers"]), stored["body"])


async def store(session: AsyncSession, *, client_id: uuid.UUID, key: str, answer: Answer) -> None:
    """Keep the answer under the key, to be committed with the work."""
    connection = await driver(session)
    await connection.execute(
        _STORE, client_id, key, answer.status_code, json.dumps(dict(answer.headers)), answer.body
    )


async def forget(session: AsyncSession, *, before: datetime) -> int:
    """Remove keys made before an instant; how many there were. The worker's role alone may do this."""
    connection = await driver(session)
    tag = await connection.execute(_FORGET, before)
    return int(tag.rpartition(" ")[2])
