"""Following fees by the calendar until they are paid or their rights lapse (LS-05, LS-13, UNI-27)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from app.domain.asset import AssetStatus, status_in_force, taken_back
from app.domain.district import NATIONAL
from app.domain.fee import FEE, TOLD_DAYS, FeeEvent, FeeStatus
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.queries import assets as asset_queries, concerned, fees as queries
from app.queries.driver import driver
from app.services import events, notices
from app.services.events import NewEvent
from app.services.notices import NewNotice

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.asset import AssetStatusChange
    from app.queries.fees import Due, Moving

MANIFEST = 1_000
"""Most fees named by one event."""
SOURCE = "按费用期限推算"
"""Status source of what follows from an unpaid fee and was told by no office."""
_DAY = timedelta(days=1)

_FOLLOW = """
WITH change AS (
  SELECT fee_id, fee_status, asset_id, status, effective_on
  FROM jsonb_to_recordset($1::jsonb) AS c(fee_id uuid, fee_status text, asset_id uuid, status text,
       effective_on date)
), fee AS (
  UPDATE fees f SET status = c.fee_status, version = f.version + 1 FROM change c WHERE f.id = c.fee_id
), history AS (
  INSERT INTO asset_status_changes (id, asset_id, status, effective_on, source, event_id, recorded_at)
  SELECT id, asset_id, status, effective_on, $3, $4, $5
  FROM jsonb_to_recordset($2::jsonb) AS h(id uuid, asset_id uuid, status text, effective_on date)
)
UPDATE assets a
SET status = c.status, status_as_of = c.effective_on, status_source = $3, version = a.version + 1
FROM change c WHERE a.id = c.asset_id AND c.status IS NOT NULL
"""


async def follow(session: AsyncSession, *, actor: Actor, moment: Moment) -> dict[str, int]:
    """Let the day pass over all watched fees, and tell those concerned; how many did what.

    The day after its due day a fee is late and its patent in the late period, its mark in grace. The day
    after the grace it has lapsed: the patent ended on the due day (LS-05), the mark after its grace
    (LS-13). A right whose status somebody told otherwise meanwhile keeps it. Owners, trustees, pledgees and
    licensees are told 60 and 30 days before, on the day, 30 days after, and when the right lapses (PL-12).
    Doing a day again changes nothing but would tell again: a day is done once.
    """
    counted = dict.fromkeys(("late", "lapsed", "told"), 0)
    while moving := await queries.moving(session, moment.today, limit=MANIFEST):
        lapsed = await _move(session, actor, moment, moving)
        counted["late"] += len(moving) - len(lapsed)
        counted["lapsed"] += len(lapsed)
    session.expire_all()
    counted["told"] = await _remind(session, actor, moment)
    return counted


async def _move(
    session: AsyncSession, actor: Actor, moment: Moment, moving: Sequence[Moving]
) -> list[Moving]:
    """Move fees on with their rights; those that lapsed."""
    known = await asset_queries.status_histories(session, [one.asset_id for one in moving])
    turns = [_turn(one, known[one.asset_id], moment.today) for one in moving]
    rows = [_moved(turn) for turn in turns]
    event = _manifest("fee.unpaid", moment, rows)
    await events.record(session, actor=actor, moment=moment, events=[event])
    history = [
        {"id": new_id(), "asset_id": turn.fee.asset_id, "status": turn.status, "effective_on": day}
        for turn in turns
        for day in turn.days
    ]
    connection = await driver(session)
    told = [json.dumps(part, default=str) for part in (rows, history)]
    await connection.execute(_FOLLOW, *told, SOURCE, event.id, moment.now)
    lapsed = [turn for turn in turns if turn.fee.status is FeeStatus.late]
    ended = [turn.fee for turn in lapsed if turn.status is not None]
    await _tell(session, moment, event.id, {NoticeKind.right_lapsed: ended})
    return [turn.fee for turn in lapsed]


_UNPAID = {
    FeeStatus.due: FEE.next(FeeStatus.due, FeeEvent.fall_late),
    FeeStatus.late: FEE.next(FeeStatus.late, FeeEvent.lapse),
}


@dataclass(frozen=True, slots=True)
class _Turn:
    """What becomes of an unpaid fee and its right: the status it takes and the days it is told of, if any."""

    fee: Moving
    status: AssetStatus | None
    days: Sequence[date]


def _moved(turn: _Turn) -> dict[str, Any]:
    return {
        "fee_id": turn.fee.fee_id,
        "fee_status": _UNPAID[turn.fee.status],
        "asset_id": turn.fee.asset_id,
        "status": turn.status,
        "effective_on": turn.days[0] if turn.days else None,
    }


def _turn(one: Moving, known: Sequence[AssetStatusChange], today: date) -> _Turn:
    """The right keeps a status that took effect later, unless the new one takes that back (LS-05)."""
    status = _next_status(one)
    if status is None:
        return _Turn(one, None, ())
    lapse = one.status is FeeStatus.late
    begun = one.due_on if one.annuity else (one.grace_ends_on if lapse else one.due_on) + _DAY
    days = [begun, *taken_back(status, begun, known)]
    current = status_in_force(known, today)
    if current is not None and current.effective_on is not None and current.effective_on > days[-1]:
        return _Turn(one, None, ())
    return _Turn(one, status, days)


_LATE_FROM = {
    AssetStatus.granted: AssetStatus.late_fee,
    AssetStatus.invalid_part: AssetStatus.late_fee,
    AssetStatus.registered: AssetStatus.grace,
    AssetStatus.renewal_window: AssetStatus.grace,
}
_LAPSED_FROM = {
    AssetStatus.late_fee: AssetStatus.terminated_fee,
    AssetStatus.grace: AssetStatus.lapsed,
}


def _next_status(one: Moving) -> AssetStatus | None:
    """The status a right takes when its fee falls late or lapses; None: somebody told otherwise."""
    return (_LAPSED_FROM if one.status is FeeStatus.late else _LATE_FROM).get(one.asset_status)


async def _remind(session: AsyncSession, actor: Actor, moment: Moment) -> int:
    """Tell those concerned of fees that are due soon, today, or were a month ago (PL-12, UNI-27)."""
    days = [moment.today + timedelta(days=before) for before in TOLD_DAYS]
    found = await queries.due_on(session, days)
    for start in range(0, len(found), MANIFEST):
        part = found[start : start + MANIFEST]
        fees = [{"fee_id": one.fee_id, "asset_id": one.asset_id, "due_on": one.due_on} for one in part]
        event = _manifest("fee.reminded", moment, fees)
        await events.record(session, actor=actor, moment=moment, events=[event])
        told = {
            NoticeKind.fee_due: [one for one in part if one.due_on >= moment.today],
            NoticeKind.fee_late: [one for one in part if one.due_on < moment.today],
        }
        await _tell(session, moment, event.id, told)
    return len(found)


async def _tell(
    session: AsyncSession,
    moment: Moment,
    event_id: uuid.UUID,
    told: Mapping[NoticeKind, Sequence[Due | Moving]],
) -> None:
    """Send notices about fees to whoever has an interest in their rights."""
    asset_ids = {one.asset_id for about in told.values() for one in about}
    interested = await concerned.of_rights(session, asset_ids, on=moment.today)
    rows = [
        NewNotice(
            organisation.organisation_id,
            organisation.district_code,
            kind,
            "fee",
            one.fee_id,
            {
                "asset_id": one.asset_id,
                "number": one.number,
                "due_on": one.due_on,
                "grace_ends_on": one.grace_ends_on,
                "days": (one.due_on - moment.today).days,
            },
            due_on=None if kind is NoticeKind.right_lapsed else max(one.due_on, moment.today),
        )
        for kind, about in told.items()
        for one in about
        for organisation in interested[one.asset_id]
    ]
    if rows:
        await notices.send_each(session, moment=moment, event_id=event_id, notices=rows)


def _manifest(what: str, moment: Moment, fees: Sequence[Mapping[str, Any]]) -> NewEvent:
    event_id = new_id()
    return NewEvent(
        type=what,
        noun="manifest",
        subject_id=event_id,
        stream=NATIONAL,
        public=True,
        payload={"business_date": moment.today, "fees": fees},
        id=event_id,
    )
