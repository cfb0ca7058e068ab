"""Reads of duplicates: proposals, what speaks against them, and what the system proposes itself.

The register is public to every authenticated caller, and so are its proposals.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Select, Uuid, column, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB

from app.domain import duplicate as rules
from app.domain.duplicate import DuplicateStatus
from app.domain.party import IdentifierScheme, PartyKind, SuccessionKind
from app.models.duplicate import Duplicate
from app.models.party import PartySuccession

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

SCAN = 20_000
"""Parties one page of candidates looks through; where few are alike it is short and one goes on."""

SHOWN = 10
"""Parties of one name that are named as matches of another, at most."""

OPEN = (DuplicateStatus.proposed, DuplicateStatus.merged)

_CANDIDATES = text(
    f"""
WITH looked AS (
  SELECT id FROM parties WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT :scan
), seen AS (
  SELECT p.* FROM parties p JOIN looked USING (id)
  WHERE NOT EXISTS (SELECT 1 FROM duplicates d WHERE d.duplicate_party_id = p.id
    AND d.status IN ('proposed', 'merged'))
), called AS (
  SELECT id, name_key FROM seen WHERE kind = '{PartyKind.organisation}' UNION
  SELECT n.party_id, n.name_key FROM party_names n JOIN seen s ON s.id = n.party_id
    WHERE s.kind = '{PartyKind.organisation}'
), alike(id, other_id, why) AS (
  SELECT c.id, o.id, 'name' FROM called c CROSS JOIN LATERAL (
    SELECT id FROM parties WHERE name_key = c.name_key AND id < c.id ORDER BY id LIMIT :shown) o
  UNION SELECT c.id, o.party_id, 'name' FROM called c CROSS JOIN LATERAL (
    SELECT party_id FROM party_names WHERE name_key = c.name_key AND party_id < c.id
    ORDER BY party_id LIMIT :shown) o
  UNION SELECT s.id, o.party_id, 'identifier' FROM seen s JOIN party_identifiers i ON i.party_id = s.id
    JOIN party_identifiers o ON o.scheme IN ({", ".join(f"'{scheme}'" for scheme in IdentifierScheme)})
      AND o.value = i.value AND o.party_id < s.id
  UNION SELECT s.id, o.id, 'address_and_day' FROM seen s
    JOIN parties o ON o.registered_on = s.registered_on AND o.address = s.address
      AND o.address IS NOT NULL AND o.id < s.id
), pairs AS (
  SELECT a.id, a.other_id, array_agg(a.why ORDER BY a.why) AS why FROM alike a
  JOIN parties s ON s.id = a.id JOIN parties o ON o.id = a.other_id AND o.kind = s.kind
  WHERE NOT EXISTS (
      SELECT 1 FROM duplicates d WHERE d.duplicate_party_id = a.other_id AND d.status = 'merged')
    AND NOT EXISTS (SELECT 1 FROM duplicates d
      WHERE (d.party_id, d.duplicate_party_id) IN ((a.id, a.other_id), (a.other_id, a.id)))
    AND NOT EXISTS (SELECT 1 FROM party_successions s WHERE s.kind <> '{SuccessionKind.duplicate}'
      AND (s.predecessor_id, s.successor_id) IN ((a.id, a.other_id), (a.other_id, a.id)))
    AND NOT EXISTS (SELECT 1 FROM party_identifiers i JOIN party_identifiers k ON k.party_id = a.other_id
      AND k.scheme = 'uscc' AND k.value <> i.value WHERE i.party_id = a.id AND i.scheme = 'uscc')
  GROUP BY a.id, a.other_id
), found AS (
  SELECT id, jsonb_agg(jsonb_build_object('party_id', other_id, 'why', why) ORDER BY other_id) AS matches
  FROM pairs GROUP BY id ORDER BY id LIMIT :limit
), told AS (
  SELECT f.id, s.name, s.district_code, (SELECT jsonb_agg(m || jsonb_build_object('name', o.name,
    'district_code', o.district_code)) FROM jsonb_array_elements(f.matches) m
    JOIN parties o ON o.id = CAST(m ->> 'party_id' AS uuid)) AS matches
  FROM found f JOIN parties s ON s.id = f.id
)
SELECT t.id, t.name, t.district_code, t.matches,
  (SELECT id FROM looked ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*) FROM looked) AS looked
FROM (VALUES (1)) one LEFT JOIN told t ON true ORDER BY t.id
"""
).columns(
    column("id", Uuid),
    column("name"),
    column("district_code"),
    column("matches", JSONB),
    column("last", Uuid),
    column("looked", Integer),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A party that may be the same as others entered before it, each with why."""

    id: uuid.UUID
    name: str
    district_code: str
    matches: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """Candidates in the order of their entry; `next_cursor` None when all parties have been looked at."""

    rows: Sequence[Candidate]
    next_cursor: str | None


async def candidates(session: AsyncSession, *, after: uuid.UUID | None, limit: int) -> CandidatePage:
    """Parties alike to others entered before them: by a name, an identifier's value, or address and day.

    Persons often share a name, so names tell of organisations only. Left out: what people have proposed
    before, a succession by the other, and parties of two 统一社会信用代码. One statement, whose work is
    bounded: a page may be short or empty and yet go on.
    """
    values = {"after": after or uuid.UUID(int=0), "scan": SCAN, "limit": limit, "shown": SHOWN}
    rows = (await session.execute(_CANDIDATES, values)).all()
    found = [
        Candidate(row.id, row.name, row.district_code, row.matches) for row in rows if row.id is not None
    ]
    if len(found) == limit:
        return CandidatePage(found, str(found[-1].id))
    more = rows[0].looked == SCAN
    return CandidatePage(found, str(rows[0].last) if more else None)


def matching(
    *, status: DuplicateStatus | None = None, party_id: uuid.UUID | None = None
) -> Select[Duplicate]:
    """Proposals in a state, and about a party on either side."""
    statement = select(Duplicate)
    if status is not None:
        statement = statement.where(Duplicate.status == status)
    if party_id is not None:
        statement = statement.where(
            or_(Duplicate.party_id == party_id, Duplicate.duplicate_party_id == party_id)
        )
    return statement


async def get(session: AsyncSession, duplicate_id: uuid.UUID, *, lock: bool = False) -> Duplicate:
    """One proposal, locked and fresh if asked. Raises: `duplicate.not_found`."""
    statement = select(Duplicate).where(Duplicate.id == duplicate_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error(duplicate_id=duplicate_id)
    return found


async def open_of(session: AsyncSession, party_id: uuid.UUID) -> Duplicate | None:
    """The proposal under which the party is, or may be, a duplicate."""
    statement = select(Duplicate).where(Duplicate.duplicate_party_id == party_id, Duplicate.status.in_(OPEN))
    return (await session.scalars(statement)).one_or_none()


_CODES = text(
    f"""
WITH RECURSIVE one(id) AS (
  SELECT unnest(CAST(:ids AS uuid[]))
  UNION SELECT CASE WHEN d.party_id = one.id THEN d.duplicate_party_id ELSE d.party_id END
  FROM one JOIN duplicates d ON (d.party_id = one.id OR d.duplicate_party_id = one.id)
    AND d.status = '{DuplicateStatus.merged}'
)
SELECT i.value FROM party_identifiers i
WHERE i.party_id IN (SELECT id FROM one) AND i.scheme = '{IdentifierScheme.uscc}'
"""
)


async def codes(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> set[str]:
    """The 统一社会信用代码 that these parties bear together with all rows merged as one with them."""
    return set(await session.scalars(_CODES, {"ids": list(party_ids)}))


async def succession(session: AsyncSession, row: Duplicate) -> PartySuccession | None:
    """The succession by which these two were merged before."""
    statement = select(PartySuccession).where(
        PartySuccession.predecessor_id == row.duplicate_party_id,
        PartySuccession.successor_id == row.party_id,
        PartySuccession.kind == SuccessionKind.duplicate,
    )
    return (await session.scalars(statement)).one_or_none()
