"""Which firms a plan covers: one firm under all its names, before and after mergers (TG-06).

A succession by rename or merger makes one firm of two parties; a split does not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from app.domain.party import SuccessionKind
from app.models.enrolment import Coverage
from app.models.party import Party
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_ONE_FIRM = f"s.kind IN ('{SuccessionKind.rename}', '{SuccessionKind.merger}')"
_ONE_FIRM_BY_NOW = f"{_ONE_FIRM} AND coalesce(s.occurred_on <= :today, true)"

_ROOT = f"""
WITH RECURSIVE later(id) AS (
  SELECT CAST(:party_id AS uuid)
  UNION SELECT s.successor_id FROM later JOIN party_successions s
    ON s.predecessor_id = later.id AND {_ONE_FIRM_BY_NOW}
)
SELECT later.id FROM later
LEFT JOIN LATERAL (SELECT max(s.occurred_on) AS arrived FROM party_successions s
  WHERE s.successor_id = later.id AND {_ONE_FIRM_BY_NOW}) a ON true
ORDER BY EXISTS (SELECT 1 FROM party_successions s WHERE s.predecessor_id = later.id AND {_ONE_FIRM_BY_NOW}),
  a.arrived DESC NULLS LAST, later.id
LIMIT 1
"""
"""The last successor: of those nobody follows the youngest; names that go round in a circle end where the
last change led."""

_SAME = f"""
WITH RECURSIVE later(id) AS (
  SELECT CAST(:party_id AS uuid)
  UNION SELECT s.successor_id FROM later JOIN party_successions s
    ON s.predecessor_id = later.id AND {_ONE_FIRM_BY_NOW}
), same(id) AS (
  SELECT id FROM later
  UNION SELECT s.predecessor_id FROM same JOIN party_successions s
    ON s.successor_id = same.id AND {_ONE_FIRM_BY_NOW}
)
SELECT id FROM same
"""

_LOCK_KIN = f"""
SELECT c.id FROM coverages c WHERE c.folded_on IS NULL AND EXISTS (
  SELECT 1 FROM party_successions s WHERE c.party_id IN (s.predecessor_id, s.successor_id) AND {_ONE_FIRM})
ORDER BY c.id FOR NO KEY UPDATE
"""

_DUPLICATES = f"""
WITH RECURSIVE kin AS (
  SELECT c.id, c.plan_id, c.party_id, c.since FROM coverages c WHERE c.id = ANY($1::uuid[])
), reach(origin, party_id, joined_on) AS (
  SELECT DISTINCT party_id, party_id, '-infinity'::date FROM kin
  UNION SELECT r.origin, s.successor_id, greatest(r.joined_on, coalesce(s.occurred_on, '-infinity'))
  FROM reach r JOIN party_successions s ON s.predecessor_id = r.party_id AND {_ONE_FIRM}
), pairs AS (
  SELECT a.id, b.id AS into_id, b.since AS into_since, a.since,
         min(greatest(ra.joined_on, rb.joined_on)) AS joined_on
  FROM kin a JOIN kin b ON b.plan_id = a.plan_id AND (b.since, b.id) < (a.since, a.id)
  JOIN reach ra ON ra.origin = a.party_id
  JOIN reach rb ON rb.origin = b.party_id AND rb.party_id = ra.party_id
  GROUP BY a.id, b.id, b.since, a.since
)
SELECT DISTINCT ON (id) id, into_id, greatest(joined_on, since) AS folded_on
FROM pairs WHERE greatest(joined_on, since) <= $2::date ORDER BY id, into_since, into_id
"""
"""Coverages of one plan whose firms became one: the later of two, the earlier, and the day it counts no more.

The day is that of the succession that made them one, or the later coverage's own when it came after; none
of a day that is still to come.
"""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A coverage to be folded into another on a day."""

    coverage: Coverage
    into_id: uuid.UUID
    folded_on: date


async def root(session: AsyncSession, party_id: uuid.UUID, today: date) -> uuid.UUID:
    """The last successor of a firm through renames and mergers; itself when nobody follows it."""
    found = await session.scalar(text(_ROOT), {"party_id": party_id, "today": today})
    return uuid.UUID(str(found))


async def lock_root(session: AsyncSession, party_id: uuid.UUID, today: date) -> uuid.UUID:
    """As `root`, the party being locked: what counts one firm is decided one after the other."""
    last = await root(session, party_id, today)
    await session.execute(select(Party.id).where(Party.id == last).with_for_update(key_share=True))
    return last


async def same_firm(session: AsyncSession, party_id: uuid.UUID, today: date) -> set[uuid.UUID]:
    """All parties that are one firm with this one today, before and after it."""
    return set(await session.scalars(text(_SAME), {"party_id": party_id, "today": today}))


async def lock_coverage(
    session: AsyncSession, plan_id: uuid.UUID, party_ids: Collection[uuid.UUID]
) -> Coverage | None:
    """The coverage that counts one of these parties under a plan, locked; the earliest when several do."""
    statement = (
        select(Coverage)
        .where(Coverage.plan_id == plan_id, Coverage.party_id.in_(party_ids), Coverage.folded_on.is_(None))
        .order_by(Coverage.since, Coverage.id)
        .limit(1)
        .with_for_update(key_share=True)
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()


async def duplicates(session: AsyncSession, today: date) -> list[Duplicate]:
    """Coverages whose firm has become one with an earlier covered one by today, locked."""
    connection = await driver(session)
    kin = [row["id"] for row in await connection.fetch(_LOCK_KIN)]
    rows = {row["id"]: row for row in await connection.fetch(_DUPLICATES, kin, today)}
    statement = select(Coverage).where(Coverage.id.in_(rows)).order_by(Coverage.id)
    found = await session.scalars(statement.execution_options(populate_existing=True))
    return [
        Duplicate(coverage, rows[coverage.id]["into_id"], rows[coverage.id]["folded_on"])
        for coverage in found
    ]
