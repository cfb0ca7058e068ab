"""Reads of the links between rights, and the families they make. An ended link links nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from app.domain import asset as rules
from app.domain.asset import FAMILY_LINKS
from app.models.asset import AssetLink
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_FAMILY = """
WITH RECURSIVE family(id) AS (
  SELECT $1::uuid
  UNION
  SELECT beside.id FROM family f CROSS JOIN LATERAL (
    SELECT l.other_asset_id AS id FROM asset_links l
    WHERE l.asset_id = f.id AND l.kind = ANY($2) AND l.ended_at IS NULL
    UNION ALL SELECT l.asset_id FROM asset_links l
    WHERE l.other_asset_id = f.id AND l.kind = ANY($2) AND l.ended_at IS NULL) beside)
SELECT a.id, a.office, a.kind, a.patent_type, a.number, a.name, a.status, a.filed_on
FROM family f JOIN assets a ON a.id = f.id WHERE a.id <> $1 ORDER BY a.filed_on, a.office, a.number, a.id
"""


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A right of the same family as another."""

    asset_id: uuid.UUID
    office: str
    kind: str
    patent_type: str | None
    number: str
    name: str
    status: str
    filed_on: date | None


async def linked(
    session: AsyncSession, asset_id: uuid.UUID, other_asset_id: uuid.UUID, kind: str
) -> AssetLink | None:
    """The live link of that kind between the two rights, whichever of them was named first."""
    ends = [(asset_id, other_asset_id), (other_asset_id, asset_id)]
    pair = tuple_(AssetLink.asset_id, AssetLink.other_asset_id).in_(ends)
    statement = select(AssetLink).where(pair, AssetLink.kind == kind, AssetLink.ended_at.is_(None))
    found: AssetLink | None = await session.scalar(statement)
    return found


async def get(session: AsyncSession, asset_id: uuid.UUID, link_id: uuid.UUID) -> AssetLink:
    """One link of a right, fresh. Raises: `asset.link_not_found`."""
    link = await session.get(AssetLink, link_id, populate_existing=True)
    if link is None or asset_id not in (link.asset_id, link.other_asset_id):
        raise rules.LINK_NOT_FOUND.error("path:link_id")
    return link


async def family(session: AsyncSession, asset_id: uuid.UUID) -> list[FamilyMember]:
    """Every right that a chain of links joins to this one, the earliest filed first (AST-09).

    Families, divisionals and same-day twins of patents, Madrid registrations of marks; likeness of marks is
    no family.
    """
    connection = await driver(session)
    rows = await connection.fetch(_FAMILY, asset_id, sorted(FAMILY_LINKS))
    return [FamilyMember(*row) for row in rows]
