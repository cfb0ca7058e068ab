"""Which organisations have an interest in a right staying alive and free (UNI-27, PL-12)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

# A licence without a deal and a pledge without an organisation were imported: their holders may be known as
# parties only.
_CONCERNED = """
WITH interest AS (
  SELECT h.asset_id, p.organisation_id, p.pledgee_id AS party_id
  FROM holds h JOIN pledges p ON p.id = h.source_id
  WHERE h.asset_id = ANY($1::uuid[]) AND h.kind = 'lien' AND h.source_noun = 'pledge' AND h.ended_at IS NULL
  UNION ALL
  SELECT h.asset_id, NULL, d.grantee_id
  FROM holds h JOIN deals d ON d.id = h.source_id
  WHERE h.asset_id = ANY($1::uuid[]) AND h.kind IN ('licence', 'exclusive_licence') AND h.ended_at IS NULL
    AND h.source_noun = 'deal' AND (h.period IS NULL OR NOT upper(h.period) <= $2::date)
  UNION ALL
  SELECT t.asset_id, NULL, t.party_id FROM titles t
  WHERE t.asset_id = ANY($1::uuid[]) AND t.ceased_at IS NULL
  UNION ALL
  SELECT t.asset_id, v.organisation_id, NULL
  FROM titles t JOIN enrolments e ON e.party_id = t.party_id AND e.status = 'active'
  JOIN providers v ON v.id = e.provider_id
  WHERE t.asset_id = ANY($1::uuid[]) AND t.ceased_at IS NULL
)
SELECT DISTINCT i.asset_id, o.id AS organisation_id, o.district_code
FROM interest i JOIN organisations o ON o.id = i.organisation_id OR o.party_id = i.party_id
ORDER BY i.asset_id, o.id
"""


@dataclass(frozen=True, slots=True)
class Concerned:
    """An organisation with an interest in a right, and the district it belongs to."""

    organisation_id: uuid.UUID
    district_code: str


async def of_rights(
    session: AsyncSession, asset_ids: Collection[uuid.UUID], *, on: date
) -> dict[uuid.UUID, list[Concerned]]:
    """Owners, their trustees, pledgees and live licensees of rights, in one statement."""
    found: dict[uuid.UUID, list[Concerned]] = {asset_id: [] for asset_id in asset_ids}
    connection = await driver(session)
    for row in await connection.fetch(_CONCERNED, list(asset_ids), on):
        found[row["asset_id"]].append(Concerned(row["organisation_id"], row["district_code"]))
    return found


_PLEDGEES = """
SELECT DISTINCT o.id, o.district_code
FROM holds h JOIN pledges p ON p.id = h.source_id
JOIN organisations o ON o.id = p.organisation_id OR (p.organisation_id IS NULL AND o.party_id = p.pledgee_id)
WHERE h.asset_id = $1 AND h.kind = 'lien' AND h.source_noun = 'pledge' AND h.ended_at IS NULL
ORDER BY o.id
"""


async def pledgees(session: AsyncSession, asset_id: uuid.UUID) -> list[Concerned]:
    """The banks to which a right is pledged now (PL-12)."""
    connection = await driver(session)
    return [Concerned(row["id"], row["district_code"]) for row in await connection.fetch(_PLEDGEES, asset_id)]
