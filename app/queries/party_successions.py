"""Which party follows which, and which are one firm (TG-06).

A succession counts: a duplicate's while a merged proposal names it, any other since it was recorded. A rename
or merger makes one firm of two parties from its day on, a duplicate is the firm itself, a split makes two.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select, text

from app.domain.duplicate import DuplicateStatus
from app.domain.enrolment_coverage import Join
from app.domain.party import ONE_FIRM, SuccessionKind
from app.models.duplicate import Duplicate
from app.models.party import Party, PartySuccession

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_MERGED = (
    "(SELECT min(d.decided_on) FROM duplicates d"
    f" WHERE d.succession_id = s.id AND d.status = '{DuplicateStatus.merged}')"
)
_COUNTS = f"(s.kind <> '{SuccessionKind.duplicate}' OR {_MERGED} IS NOT NULL)"
_KINDS = ", ".join(f"'{kind}'" for kind in sorted(ONE_FIRM))
_ONE_FIRM = (
    f"(s.kind IN ({_KINDS}) AND coalesce(s.occurred_on <= :today, true)"
    f" OR s.kind = '{SuccessionKind.duplicate}' AND {_MERGED} IS NOT NULL)"
)

_CONNECTED = """
WITH RECURSIVE firm(id) AS (
  SELECT unnest(CAST(:ids AS uuid[]))
  UNION SELECT CASE WHEN s.predecessor_id = firm.id THEN s.successor_id ELSE s.predecessor_id END
  FROM firm JOIN party_successions s ON (s.predecessor_id = firm.id OR s.successor_id = firm.id) AND {edge}
)
SELECT id FROM firm
"""
_KIN = _CONNECTED.format(edge=_COUNTS)
_SAME_FIRM = _CONNECTED.format(edge=_ONE_FIRM)

_JOINS = f"""
SELECT s.predecessor_id, s.successor_id, CASE WHEN s.kind = '{SuccessionKind.duplicate}' THEN {_MERGED}
  ELSE s.occurred_on END AS day
FROM party_successions s WHERE s.predecessor_id = ANY(CAST(:ids AS uuid[])) AND {_ONE_FIRM}
ORDER BY s.id
"""

_TIES = f"""
SELECT s.predecessor_id, s.successor_id FROM party_successions s
WHERE s.predecessor_id IN ({_KIN.strip()}) AND {_COUNTS} ORDER BY s.id
"""

_FOLLOWS = f"""
WITH RECURSIVE later(id) AS (
  SELECT CAST(:party_id AS uuid)
  UNION SELECT s.successor_id FROM later JOIN party_successions s ON s.predecessor_id = later.id AND {_COUNTS}
)
SELECT EXISTS (SELECT 1 FROM later WHERE id = :other_id)
"""

_LAST = f"""
WITH RECURSIVE later(origin, id) AS (
  SELECT one, one FROM unnest(CAST(:ids AS uuid[])) AS one
  UNION SELECT later.origin, s.successor_id FROM later JOIN party_successions s
    ON s.predecessor_id = later.id AND {_ONE_FIRM}
)
SELECT DISTINCT ON (later.origin) later.origin, p.id, p.name
FROM later JOIN parties p ON p.id = later.id
LEFT JOIN LATERAL (SELECT max(s.occurred_on) AS arrived FROM party_successions s
  WHERE s.successor_id = later.id AND {_ONE_FIRM}) a ON true
ORDER BY later.origin,
  EXISTS (SELECT 1 FROM party_successions s WHERE s.predecessor_id = later.id AND {_ONE_FIRM}),
  a.arrived DESC NULLS LAST, later.id
"""
"""The last successor: of those nobody follows the youngest; names that go round in a circle end where the
last change led."""


@dataclass(frozen=True, slots=True)
class Successor:
    """Who a party is today."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Succession:
    """A recorded succession with the names of both parties; `counts` is false for a merge that was undone."""

    row: PartySuccession
    predecessor_name: str
    successor_name: str
    counts: bool


def of(party_id: uuid.UUID) -> Select[PartySuccession]:
    """The successions of a party, in both directions."""
    return select(PartySuccession).where(
        or_(PartySuccession.predecessor_id == party_id, PartySuccession.successor_id == party_id)
    )


async def told(session: AsyncSession, rows: Collection[PartySuccession]) -> list[Succession]:
    """Successions with what a reader needs beside them."""
    party_ids = {one for row in rows for one in (row.predecessor_id, row.successor_id)}
    names = dict((await session.execute(select(Party.id, Party.name).where(Party.id.in_(party_ids)))).all())
    merged = set(
        await session.scalars(
            select(Duplicate.succession_id).where(
                Duplicate.succession_id.in_([row.id for row in rows]),
                Duplicate.status == DuplicateStatus.merged,
            )
        )
    )
    return [
        Succession(
            row,
            names[row.predecessor_id],
            names[row.successor_id],
            row.kind != SuccessionKind.duplicate or row.id in merged,
        )
        for row in rows
    ]


async def recorded(session: AsyncSession, party_id: uuid.UUID) -> list[tuple[uuid.UUID, SuccessionKind]]:
    """The successors a party has by what is recorded and counts, each with how."""
    statement = text(
        "SELECT s.successor_id, s.kind FROM party_successions s"
        f" WHERE s.predecessor_id = :party_id AND {_COUNTS}"
    )
    found = await session.execute(statement, {"party_id": party_id})
    return [(successor_id, SuccessionKind(kind)) for successor_id, kind in found]


async def follows(session: AsyncSession, party_id: uuid.UUID, other_id: uuid.UUID) -> bool:
    """Whether `other_id` is, or follows, the party, directly or by others, in whatever way and whenever."""
    found = await session.scalar(text(_FOLLOWS), {"party_id": party_id, "other_id": other_id})
    return bool(found)


async def last_successors(
    session: AsyncSession, party_ids: Collection[uuid.UUID], today: date
) -> dict[uuid.UUID, Successor]:
    """What each of the parties is today, for those that another follows or that were merged as duplicates."""
    if not party_ids:
        return {}
    found = await session.execute(text(_LAST), {"ids": list(party_ids), "today": today})
    return {origin: Successor(party_id, name) for origin, party_id, name in found if party_id != origin}


async def same_firm(session: AsyncSession, party_id: uuid.UUID, today: date) -> set[uuid.UUID]:
    """All parties that are one firm with this one today, itself among them."""
    return set(await session.scalars(text(_SAME_FIRM), {"ids": [party_id], "today": today}))


async def joins(session: AsyncSession, party_ids: Collection[uuid.UUID], today: date) -> list[Join]:
    """What makes one firm of these parties and others by today, each with its day.

    A rename or merger does on its day, or ever since when that is not known; a duplicate on the day the
    merge was decided.
    """
    rows = await session.execute(text(_JOINS), {"ids": list(party_ids), "today": today})
    return [Join(one_id, other_id, day or date.min) for one_id, other_id, day in rows]


async def lock_kin(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Lock these parties and all that successions tie to them: what makes or counts one firm takes turns."""
    locked: set[uuid.UUID] = set()
    while True:
        found = set(await session.scalars(text(_KIN), {"ids": list(party_ids)}))
        if found <= locked:
            return found
        statement = select(Party.id).where(Party.id.in_(found - locked)).order_by(Party.id)
        await session.execute(statement.with_for_update(key_share=True))
        locked |= found


async def ties(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Every succession that counts among these parties and all that successions tie to them."""
    rows = await session.execute(text(_TIES), {"ids": list(party_ids)})
    return [(one_id, other_id) for one_id, other_id in rows]
