"""Rights whose term, or whose grace after it, is over, and marks whose renewal has become possible."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import IN_FORCE, AssetStatus
from app.domain.term import GRACE_MONTHS, ExtensionKind, add_months
from app.queries import assets as asset_queries
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# A trademark checked after the end in question is left alone: its renewal is not known here, the check is.
# A patent's term cannot be renewed.
# That a mark can be renewed follows from its term alone, whatever was checked when.
_OVER = f"""
SELECT id, status, ends_on + 1 AS effective_on
FROM (
  SELECT a.id,
    CASE WHEN a.kind = 'patent' OR a.office <> 'CN' THEN 'expired'
         WHEN a.status = 'grace' THEN 'lapsed' ELSE 'grace' END AS status,
    CASE WHEN a.kind = 'trademark' AND a.office = 'CN' AND a.status = 'grace'
         THEN (a.last_day_in_force + interval '{GRACE_MONTHS} months')::date
         ELSE a.last_day_in_force END AS ends_on,
    a.kind, a.status_as_of
  FROM assets a
  WHERE (a.status = ANY($1::text[]) AND a.last_day_in_force < $3)
     OR (a.status = 'grace' AND a.last_day_in_force <= $2)
  UNION ALL
  SELECT a.id, 'renewal_window', (a.last_day_in_force + 1 - interval '12 months')::date - 1, a.kind, NULL
  FROM assets a
  WHERE a.status = 'registered' AND a.office = 'CN' AND a.last_day_in_force BETWEEN $3 AND $5
) AS o
WHERE ends_on < $3 AND (kind = 'patent' OR status_as_of IS NULL OR status_as_of <= ends_on)
ORDER BY id LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class Over:
    """A right and the status it has taken, with the day it took effect."""

    asset_id: uuid.UUID
    status: AssetStatus
    effective_on: date


async def over(session: AsyncSession, today: date, *, limit: int) -> list[Over]:
    """Rights in force whose term is over on `today`, at most `limit`, locked in the order of their ids.

    Patents, and trademarks of other offices, have expired (LS-02). A Chinese trademark is in its grace
    of six months after its term (LS-13) and has lapsed after that; in the last twelve months of its term it
    is in its renewal window.
    """
    connection = await driver(session)
    statuses = sorted(IN_FORCE - {AssetStatus.grace})
    arguments = (statuses, add_months(today, -GRACE_MONTHS), today, limit, add_months(today, 12))
    candidates = await connection.fetch(_OVER, *arguments)
    await asset_queries.lock_ids(session, [row["id"] for row in candidates])
    # Asked again under the locks: a renewal may have come in between.
    rows = await connection.fetch(_OVER, *arguments) if candidates else []
    locked = {row["id"] for row in candidates}
    return [
        Over(row["id"], AssetStatus(row["status"]), row["effective_on"])
        for row in rows
        if row["id"] in locked
    ]


_DRUG_DAYS = f"""
SELECT coalesce(sum((payload ->> 'days')::int), 0) FROM events
WHERE noun = 'asset' AND subject_id = $1 AND type = 'asset.term_extended'
  AND payload ->> 'kind' = '{ExtensionKind.pharmaceutical}'
"""


async def drug_days(session: AsyncSession, asset_id: uuid.UUID) -> int:
    """How many days a locked right's term was extended by for a drug so far (LS-03)."""
    return int(await (await driver(session)).fetchval(_DRUG_DAYS, asset_id))
