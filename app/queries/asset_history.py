"""The state of a right on a day, as known at a moment: one statement, whatever hangs on the right."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.domain import asset as rules
from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.asset_history import in_force
from app.domain.asset_state import (
    EncumbranceState,
    OwnerRecordal,
    OwnerState,
    RightNumber,
    RightState,
    StatusState,
)
from app.domain.hold import HoldKind
from app.domain.patent_number import PatentType
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# The rules of domain/asset_history.py in SQL; $2 is the day, $3 the moment. Revoked: never was (PL-08).
_STATE = """
SELECT a.office, a.kind, a.patent_type, a.number, a.name, a.last_day_in_force, a.recorded_at <= $3 AS known,
  (SELECT jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value) ORDER BY i.scheme, i.key)
   FROM asset_identifiers i WHERE i.asset_id = a.id) AS numbers,
  (SELECT jsonb_build_object('status', c.status, 'effective_on', c.effective_on, 'source', c.source)
   FROM asset_status_changes c
   WHERE c.asset_id = a.id AND c.recorded_at <= $3 AND (c.effective_on IS NULL OR c.effective_on <= $2)
   ORDER BY c.effective_on DESC NULLS LAST, c.recorded_at DESC, c.id DESC LIMIT 1) AS status,
  (SELECT jsonb_agg(jsonb_build_object(
       'party_id', t.party_id, 'name', p.name, 'share_ppm', t.share_ppm, 'acquired_on', t.acquired_on,
       'recordal', CASE WHEN r.id IS NOT NULL THEN jsonb_build_object(
         'office', r.office, 'kind', r.kind, 'reference', r.reference, 'executed_on', r.executed_on,
         'recorded_on', r.recorded_on) END) ORDER BY t.ordinal, t.acquired_on, t.party_id)
   FROM titles t LEFT JOIN parties p ON p.id = t.party_id LEFT JOIN recordals r ON r.id = t.recordal_id
   WHERE t.asset_id = a.id AND t.recorded_at <= $3 AND (t.superseded_at IS NULL OR t.superseded_at > $3)
     AND (t.acquired_on IS NULL OR t.acquired_on <= $2)
     AND (t.ceased_at IS NULL OR t.ceased_at > $3 OR t.ceased_on > $2)) AS owners,
  (SELECT jsonb_agg(jsonb_build_object(
       'kind', h.kind, 'rank', h.rank, 'placed_on', h.placed_on, 'since', h.first_day, 'last_day', h.last_day,
       'until', least(h.last_day, CASE WHEN h.ended_at <= $3 THEN h.ended_on - 1 END),
       'territory', CASE WHEN h.territory IS NOT NULL THEN
         jsonb_build_array(lower(h.territory), upper(h.territory)) END,
       'field', CASE WHEN h.field IS NOT NULL THEN jsonb_build_array(lower(h.field), upper(h.field)) END)
       ORDER BY h.kind, h.first_day NULLS FIRST, h.rank, h.serial)
   FROM (SELECT *, CASE WHEN period IS NULL THEN placed_on ELSE lower(period) END AS first_day,
                upper(period) - 1 AS last_day FROM holds WHERE asset_id = a.id) h
   WHERE h.recorded_at <= $3 AND (h.first_day IS NULL OR h.first_day <= $2)
     AND (h.last_day IS NULL OR h.last_day >= $2)
     AND (h.ended_at IS NULL OR h.ended_at > $3
          OR (h.ended_on > $2 AND h.end_reason <> 'pledge.revoked'))) AS encumbrances
FROM assets a WHERE a.id = $1
"""


async def state_at(session: AsyncSession, asset_id: uuid.UUID, *, on: date, known_at: datetime) -> RightState:
    """The state of a right on the day `on`, as it was known at `known_at` (AST-04, AST-05).

    Raises: `asset.not_found`.
    """
    row = await (await driver(session)).fetchrow(_STATE, asset_id, on, known_at)
    if row is None:
        raise rules.NOT_FOUND.error("path:asset_id", asset_id=asset_id)
    kind, status = AssetKind(row["kind"]), _status(row["status"])
    return RightState(
        asset_id=asset_id,
        on=on,
        known_at=known_at,
        known=row["known"],
        office=row["office"],
        kind=kind,
        patent_type=PatentType(row["patent_type"]) if row["patent_type"] else None,
        number=row["number"],
        numbers=tuple(RightNumber(NumberScheme(n["scheme"]), n["value"]) for n in row["numbers"] or ()),
        name=row["name"],
        last_day_in_force=row["last_day_in_force"],
        status=status,
        in_force=in_force(
            kind,
            status.status if status else None,
            last_day_in_force=row["last_day_in_force"],
            on=on,
        ),
        owners=tuple(_owner(owner) for owner in row["owners"] or ()),
        encumbrances=tuple(_encumbrance(hold) for hold in row["encumbrances"] or ()),
    )


def _status(row: dict[str, Any] | None) -> StatusState | None:
    if row is None:
        return None
    return StatusState(AssetStatus(row["status"]), _date(row["effective_on"]), row["source"])


def _owner(row: dict[str, Any]) -> OwnerState:
    recordal = row["recordal"]
    return OwnerState(
        party_id=uuid.UUID(row["party_id"]) if row["party_id"] else None,
        name=row["name"],
        share_ppm=row["share_ppm"],
        unrecorded=row["party_id"] is None,
        acquired_on=_date(row["acquired_on"]),
        recordal=recordal
        and OwnerRecordal(
            recordal["office"],
            recordal["kind"],
            recordal["reference"],
            _date(recordal["executed_on"]),
            _date(recordal["recorded_on"]),
        ),
    )


def _encumbrance(row: dict[str, Any]) -> EncumbranceState:
    return EncumbranceState(
        kind=HoldKind(row["kind"]),
        rank=row["rank"],
        placed_on=_date(row["placed_on"]),
        since=_date(row["since"]),
        until=_date(row["until"]),
        last_day=_date(row["last_day"]),
        territory=_range(row["territory"]),
        field=_range(row["field"]),
    )


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _range(bounds: list[int] | None) -> tuple[int, int] | None:
    return (bounds[0], bounds[1]) if bounds else None
