"""Reads of roots, and of the heads of all chains that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from app.domain import root as rules
from app.models.root import Root
from app.queries.driver import driver

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.root import Heads

_STREAMS = """
WITH RECURSIVE streams(stream) AS (
  (SELECT stream FROM seals ORDER BY stream LIMIT 1)
  UNION ALL
  SELECT (SELECT s.stream FROM seals s WHERE s.stream > streams.stream ORDER BY s.stream LIMIT 1)
  FROM streams WHERE streams.stream IS NOT NULL
)
"""
"""Each stream by one step in the index of `seals`, however long the chains are."""

_HEADS = f"""
{_STREAMS}
SELECT streams.stream, last.seq, last.hash, last.position
FROM streams CROSS JOIN LATERAL (
  SELECT seq, hash, position FROM seals s WHERE s.stream = streams.stream ORDER BY seq DESC LIMIT 1) AS last
"""
_FIRSTS = f"""
{_STREAMS}
SELECT streams.stream, s.position FROM streams JOIN seals s ON s.stream = streams.stream AND s.seq = 1
"""
_STANDING = """
SELECT h.stream, s.hash, s.event_id, s.position, n.position AS next
FROM unnest($1::text[], $2::bigint[]) AS h(stream, seq)
LEFT JOIN seals s ON s.stream = h.stream AND s.seq = h.seq
LEFT JOIN seals n ON n.stream = h.stream AND n.seq = h.seq + 1
"""
_GROWN = "SELECT EXISTS (SELECT 1 FROM seals WHERE position > $1 AND event_id <> $2)"


@dataclass(frozen=True, slots=True)
class Standing:
    """The seal that stands where a root names one; all None but `next` when there is none.

    `position` is its place among all seals, `next` that of the seal after it in its stream.
    """

    hash: bytes | None
    event_id: uuid.UUID | None
    position: int | None
    next: int | None


def all_roots(*, since: date | None = None) -> Select[Root]:
    """Roots, from a day on if one is given."""
    statement = select(Root)
    return statement if since is None else statement.where(Root.root_on >= since)


async def get(session: AsyncSession, day: date) -> Root:
    """The root of a day. Raises: `root.not_found`."""
    found = (await session.scalars(select(Root).where(Root.root_on == day))).first()
    if found is None:
        raise rules.NOT_FOUND.error(day=day.isoformat())
    return found


async def last(session: AsyncSession) -> Root | None:
    """The youngest root."""
    return (await session.scalars(select(Root).order_by(Root.root_on.desc()).limit(1))).first()


async def in_order(session: AsyncSession) -> Sequence[Root]:
    """All roots, the oldest first: one a day."""
    return (await session.scalars(select(Root).order_by(Root.root_on))).all()


async def keys(session: AsyncSession) -> list[tuple[str, bytes]]:
    """The keys that have signed a root, the youngest first."""
    statement = select(Root.key_id, Root.public_key).order_by(Root.root_on.desc())
    return list(dict.fromkeys((row.key_id, row.public_key) for row in await session.execute(statement)))


async def heads(session: AsyncSession) -> tuple[int, Heads]:
    """The position of the youngest seal, and the last seal of every stream; 0 and none before the first."""
    rows = await (await driver(session)).fetch(_HEADS)
    found: dict[str, dict[str, Any]] = {
        row["stream"]: {"seq": row["seq"], "hash": row["hash"].hex()} for row in rows
    }
    return max((row["position"] for row in rows), default=0), found


async def has_grown(session: AsyncSession, root: Root) -> bool:
    """Whether anything was sealed since a root beside the root's own event."""
    return bool(await (await driver(session)).fetchval(_GROWN, root.position, root.event_id))


async def firsts(session: AsyncSession) -> dict[str, int]:
    """The position of the first seal of every stream."""
    return {row["stream"]: row["position"] for row in await (await driver(session)).fetch(_FIRSTS)}


async def standing(session: AsyncSession, heads: Heads) -> dict[str, Standing]:
    """What stands now where a root names its heads."""
    numbers = [int(head["seq"]) for head in heads.values()]
    rows = await (await driver(session)).fetch(_STANDING, list(heads), numbers)
    return {
        row["stream"]: Standing(row["hash"], row["event_id"], row["position"], row["next"]) for row in rows
    }
