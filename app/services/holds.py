"""Holds: tying up rights and letting them go, each as one set-based statement.

Callers lock the rights first (`queries.assets.lock_rights`) and check for a good answer; the table's
constraints decide. What they refuse comes as the database's error, which the web edge turns into
`pledge.already_pledged`, `hold.licence_conflict`, `hold.transfer_already_offered`,
`hold.already_reserved` or `hold.encumbered`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain.hold import LICENCE_KINDS, HoldKind, Scope, lane_range
from app.domain.identifiers import new_id
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to be placed on one right by a row of `source_noun`, under the event that causes it.

    `scope` and `period` (first and last day) are for licences; a reservation has a period too. `rank`
    is 1 in CN; a notice registry counts on.
    """

    asset_id: uuid.UUID
    kind: HoldKind
    source_noun: str
    source_id: uuid.UUID
    event_id: uuid.UUID
    placed_on: date | None
    rank: int = 1
    scope: Scope | None = None
    period: tuple[date | None, date | None] | None = None
    imported: bool = False
    id: uuid.UUID = field(default_factory=new_id)


_PLACE = """
INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, territory, field, period, lane,
                   source_noun, source_id, placed_on, imported, event_id, recorded_at)
SELECT r.id, a.id, a.serial, a.regime, r.kind, r.rank, r.territory, r.field, r.period, r.lane,
       r.source_noun, r.source_id, r.placed_on, r.imported, r.event_id, $2
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, asset_id uuid, kind text, rank smallint,
     territory int4range, field int4range, period daterange, lane int8range, source_noun text,
     source_id uuid, placed_on date, imported boolean, event_id uuid)
JOIN assets a ON a.id = r.asset_id
ORDER BY a.id
"""
_END = """
UPDATE holds SET ended_on = CASE WHEN $8 THEN coalesce(placed_on, $4) ELSE $4 END,
       end_reason = $3, ended_at = $5
WHERE source_noun = $1 AND source_id = ANY($2::uuid[]) AND ended_at IS NULL
  AND ($6::text[] IS NULL OR kind = ANY($6))
  AND ($7::uuid[] IS NULL OR asset_id = ANY($7))
"""
_END_LAPSED = """
UPDATE holds SET ended_on = upper(period), end_reason = 'lapsed', ended_at = $2
WHERE kind = 'reservation' AND ended_at IS NULL AND upper(period) <= $1
  AND asset_id = ANY($3)
"""


async def place(session: AsyncSession, *, moment: Moment, holds: Iterable[NewHold]) -> None:
    """Tie up rights, all of them or none."""
    connection = await driver(session)
    await connection.execute(_PLACE, json.dumps([_row(hold) for hold in holds], default=str), moment.now)


async def end(
    session: AsyncSession,
    *,
    moment: Moment,
    source_noun: str,
    source_ids: Collection[uuid.UUID],
    reason: str,
    ended_on: date | None = None,
    kinds: Collection[HoldKind] | None = None,
    asset_ids: Collection[uuid.UUID] | None = None,
    void: bool = False,
) -> int:
    """Let go of what the sources hold (of `kinds`, on `asset_ids`, if given); how many holds ended.

    `ended_on` is the business date on which they ended, today if not given. `void`: they are void from the
    beginning, so that they held on no day, as far as is known from now on.
    """
    connection = await driver(session)
    tag = await connection.execute(
        _END,
        source_noun,
        list(source_ids),
        reason,
        ended_on or moment.today,
        moment.now,
        None if kinds is None else [kind.value for kind in kinds],
        None if asset_ids is None else list(asset_ids),
        void,
    )
    return int(tag.rpartition(" ")[2])


async def end_lapsed_reservations(
    session: AsyncSession, *, moment: Moment, asset_ids: Collection[uuid.UUID]
) -> None:
    """End the reservations on locked rights whose time is over (DEA-03)."""
    connection = await driver(session)
    await connection.execute(_END_LAPSED, moment.today, moment.now, list(asset_ids))


def _row(hold: NewHold) -> dict[str, object]:
    licence = hold.kind in LICENCE_KINDS
    if licence and (hold.scope is None or hold.period is None):
        raise ValueError("a licence holds a right for a scope and a period")
    return {
        "id": hold.id,
        "asset_id": hold.asset_id,
        "kind": hold.kind,
        "rank": hold.rank,
        "territory": _range(hold.scope.territory) if hold.scope else None,
        "field": _range(hold.scope.field) if hold.scope else None,
        "period": _range(_days(hold.period)) if hold.period else None,
        "lane": _range(lane_range(hold.kind, hold.id)) if licence else None,
        "source_noun": hold.source_noun,
        "source_id": hold.source_id,
        "placed_on": hold.placed_on,
        "imported": hold.imported,
        "event_id": hold.event_id,
    }


def _days(period: tuple[date | None, date | None]) -> tuple[date | None, date | None]:
    """First and last day as a half-open range."""
    first, last = period
    return first, None if last is None else last + timedelta(days=1)


def _range(bounds: tuple[object | None, object | None]) -> str:
    lower, upper = ("" if bound is None else bound for bound in bounds)
    return f"[{lower},{upper})"
