"""Stays: orders that stop dispositions of a right, entered, lifted, and over by themselves (LS-09, LS-10)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from app.domain import hold as hold_rules, stay as rules
from app.domain.asset import AssetKind, Regime
from app.domain.district import NATIONAL
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.request import date_faults
from app.domain.stay import HOLD_OF_STAY, NewStay, StayEvent, StayKind, StayStatus
from app.models.stay import Stay
from app.queries import assets as asset_queries, concerned, stays as queries
from app.services import events, holds, notices
from app.services.events import NewEvent
from app.services.holds import NewHold
from app.services.notices import NewNotice

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.assets import Right
    from app.queries.concerned import Concerned

_DAY = timedelta(days=1)


async def enter(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    new: NewStay,
    renews_id: uuid.UUID | None = None,
) -> Stay:
    """Enter an order; from its first to its last day it holds the right.

    A pledged right may be preserved: the pledgee's rank stays (LS-09). Raises: `asset.not_found`,
    `stay.not_found`; then all that apply: `stay.period_invalid`, `.already_over`, `.too_long`,
    `.renewal_unfit`, `hold.already_preserved`.
    """
    right = await _lock(session, asset_id)
    renewed = None
    if renews_id is not None:
        renewed = await queries.lock(session, asset_id, renews_id, pointer="/renews_id")
    refuse_if(
        [
            *rules.faults(
                new,
                asset_kind=AssetKind(right.asset.kind),
                regime=Regime(right.asset.regime),
                renewed=renewed,
                today=moment.today,
            ),
            *_preserved(right, new),
        ]
    )
    stay = Stay(
        id=new_id(),
        asset_id=asset_id,
        kind=new.kind.value,
        authority=new.authority,
        reference=new.reference,
        begins_on=new.begins_on,
        ends_on=new.ends_on,
        renews_id=renews_id,
        status=StayStatus.in_force.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = _happened("stay.entered", stay, event_id=stay.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(stay)
    await session.flush()
    hold = NewHold(
        asset_id,
        HOLD_OF_STAY[new.kind],
        "stay",
        stay.id,
        event.id,
        new.begins_on,
        period=(new.begins_on, new.ends_on),
    )
    await holds.place(session, moment=moment, holds=[hold])
    await _tell(
        session, moment, event_id=event.id, kind=NoticeKind.right_stayed, stay=stay, number=right.asset.number
    )
    return stay


async def lift(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    stay_id: uuid.UUID,
    lifted_on: date,
    reason: str,
) -> Stay:
    """Note that the authority has lifted an order; from that day on the right is free of it.

    Raises: `asset.not_found`, `stay.not_found`, `state.illegal_transition`, `request.date_…`.
    """
    right = await _lock(session, asset_id)
    stay = await queries.lock(session, asset_id, stay_id, pointer="path:stay_id")
    stay.advance(StayEvent.lift)
    refuse_if(date_faults("/lifted_on", lifted_on, today=moment.today, first=_entered_on(stay, moment)))
    stay.lifted_on, stay.reason = lifted_on, reason
    event = _happened("stay.lifted", stay, occurred_on=lifted_on, reason=reason)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await holds.end(
        session,
        moment=moment,
        source_noun="stay",
        source_ids=[stay.id],
        reason="stay.lifted",
        ended_on=lifted_on,
    )
    await _tell(
        session, moment, event_id=event.id, kind=NoticeKind.stay_ended, stay=stay, number=right.asset.number
    )
    return stay


async def expire_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the stays whose last day is over, with their holds; how many. Doing it again changes nothing."""
    found = await queries.over(session, moment.today)
    if not found:
        return 0
    numbers = {asset.id: asset.number for asset in await asset_queries.lock(session, found)}
    over = await queries.lock_over(session, found, moment.today)
    happened = []
    for stay in over:
        stay.advance(StayEvent.expire)
        happened.append(_happened("stay.expired", stay, occurred_on=stay.ends_on + _DAY))
    await events.record(session, actor=actor, moment=moment, events=happened)
    await session.flush()
    for last_day, ended in groupby(sorted(over, key=_last_day), key=_last_day):
        await holds.end(
            session,
            moment=moment,
            source_noun="stay",
            source_ids=[stay.id for stay in ended],
            reason="stay.expired",
            ended_on=last_day + _DAY,
        )
    interested = await concerned.of_rights(session, found, on=moment.today)
    for stay, event in zip(over, happened, strict=True):
        told = _notices(NoticeKind.stay_ended, stay, numbers[stay.asset_id], interested[stay.asset_id])
        await notices.send_each(session, moment=moment, event_id=event.id, notices=told)
    return len(over)


def _last_day(stay: Stay) -> date:
    return stay.ends_on


async def _lock(session: AsyncSession, asset_id: uuid.UUID) -> Right:
    [right] = await asset_queries.lock_rights(session, [asset_id], pointer="path:asset_id")
    return right


def _preserved(right: Right, new: NewStay) -> list[Violation]:
    """There is no second preservation of a right on any day (LS-09)."""
    if new.kind is not StayKind.preservation or not any(
        hold.kind == HOLD_OF_STAY[new.kind] and hold.runs_within(new.begins_on, new.ends_on)
        for hold in right.holds
    ):
        return []
    return [hold_rules.PRESERVED.violation("/begins_on", number=right.asset.number)]


def _entered_on(stay: Stay, moment: Moment) -> date:
    """The first day an order can be lifted: its own first day, or today while that is still to come."""
    return min(stay.begins_on, moment.today)


def _happened(
    what: str,
    stay: Stay,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    **more: Any,
) -> NewEvent:
    payload: Mapping[str, Any] = {
        "asset_id": stay.asset_id,
        "kind": stay.kind,
        "begins_on": stay.begins_on,
        "ends_on": stay.ends_on,
        "status": stay.status,
        **more,
    }
    return NewEvent(
        type=what,
        noun="stay",
        subject_id=stay.id,
        stream=NATIONAL,
        public=True,
        payload=payload,
        occurred_on=occurred_on,
        id=event_id or new_id(),
    )


async def _tell(
    session: AsyncSession,
    moment: Moment,
    *,
    event_id: uuid.UUID,
    kind: NoticeKind,
    stay: Stay,
    number: str,
) -> None:
    """Tell whoever has an interest in the right: owners, trustees, pledgees, licensees."""
    interested = await concerned.of_rights(session, [stay.asset_id], on=moment.today)
    told = _notices(kind, stay, number, interested[stay.asset_id])
    await notices.send_each(session, moment=moment, event_id=event_id, notices=told)


def _notices(kind: NoticeKind, stay: Stay, number: str, interested: Sequence[Concerned]) -> list[NewNotice]:
    facts = {"number": number, "kind": stay.kind, "ends_on": stay.ends_on, "status": stay.status}
    return [
        NewNotice(one.organisation_id, one.district_code, kind, "stay", stay.id, facts) for one in interested
    ]
