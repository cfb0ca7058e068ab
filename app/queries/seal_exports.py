"""Reads for carrying the chains away: seals in their order, and the rows under them, as they were hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.queries.driver import driver
from app.queries.seals import COVERED, row_hash, row_text

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_SEALS = """
SELECT stream, seq, position, event_id, contents::text AS contents, digest, prev_hash, hash, sealed_at
FROM seals WHERE position > $1 ORDER BY position LIMIT $2
"""


async def seals(session: AsyncSession, *, after: int, limit: int) -> list[Any]:
    """Seals of all streams with a position above `after`, in order."""
    return list(await (await driver(session)).fetch(_SEALS, after, limit))


async def rows(
    session: AsyncSession, event_ids: Sequence[uuid.UUID], *, hashed: Collection[str]
) -> AsyncIterator[tuple[str, str, str | None, str]]:
    """What lies under events, in their order: event, table, canonical row, its hash.

    Of tables in `hashed` the row itself stays here. Rows come through a cursor, however many they are.
    """
    parts = " UNION ALL ".join(
        f"SELECT t.place, t.event_id, '{one.table}' AS name,"
        f" {'NULL::text' if one.table in hashed else row_text(one.table)} AS row,"
        f" encode({row_hash(one.table)}, 'hex') AS hash"
        f" FROM unnest($1::uuid[]) WITH ORDINALITY AS t(event_id, place) {one.join.format(table=one.table)}"
        for one in COVERED
    )
    statement = f"SELECT event_id, name, row, hash FROM ({parts}) AS rows ORDER BY place, name, hash"
    connection = await driver(session)
    async for row in connection.cursor(statement, list(event_ids), prefetch=1_000):
        yield str(row["event_id"]), row["name"], row["row"], row["hash"]
