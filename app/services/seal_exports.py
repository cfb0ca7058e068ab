"""Carrying the chains away, line by line, for an auditor who has no access to the database (POL-10)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.domain.seal import canonical
from app.queries import roots as root_queries, seal_exports as queries
from app.services import roots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from sqlalchemy.ext.asyncio import AsyncSession

SEALS, ROWS, ROOTS, KEYS = "seals.jsonl", "rows.jsonl", "roots.jsonl", "keys.json"
AT_ONCE = 200


async def lines(session: AsyncSession, *, hashed: Collection[str] = ()) -> AsyncIterator[tuple[str, str]]:
    """Every line of the export, each with the file it belongs to, from one snapshot.

    Of the tables in `hashed` the hashes of rows are exported and not the rows: personal data and documents
    may stay at home, and the chain can still be checked.
    """
    for root in await root_queries.in_order(session):
        yield ROOTS, roots.kept(root).file()
    keys = {key_id: public_key.hex() for key_id, public_key in await root_queries.keys(session)}
    yield KEYS, canonical(keys) + "\n"
    position = 0
    while found := await queries.seals(session, after=position, limit=AT_ONCE):
        position = found[-1]["position"]
        for seal in found:
            members = {
                "stream": seal["stream"],
                "seq": seal["seq"],
                "position": seal["position"],
                "event_id": str(seal["event_id"]),
                "contents": json.loads(seal["contents"]),
                "digest": seal["digest"].hex(),
                "prev_hash": seal["prev_hash"].hex(),
                "hash": seal["hash"].hex(),
                "sealed_at": seal["sealed_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            }
            yield SEALS, canonical(members) + "\n"
        ids = [seal["event_id"] for seal in found]
        async for event_id, table, row, digest in queries.rows(session, ids, hashed=hashed):
            place = f'{{"event_id":"{event_id}"'
            written = f'"sha256":"{digest}"' if row is None else f'"row":{row}'
            yield ROWS, f'{place},{written},"table":"{table}"}}\n'
