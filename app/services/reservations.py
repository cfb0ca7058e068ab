"""Priority reservations: a bank keeps rights free for its pledge until a day (UNI-26).

What a reservation keeps are `holds` of kind `reservation`, of which a right has one at a time; the filing of
the same bank uses it (`services.pledges.filing`). Locks: rights, then reservations, then their holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import hold as hold_rules, reservation as rules
from app.domain.application import ApplicationStatus
from app.domain.asset import Regime
from app.domain.errors import Violation, refuse_if
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.pledge import ALREADY_PLEDGED
from app.domain.reservation import ReservationEvent, ReservationStatus
from app.models.reservation import Reservation
from app.queries import applications as application_queries, assets as asset_queries, reservations as queries
from app.queries.serials import next_number
from app.services import events, holds
from app.services.events import NewEvent
from app.services.holds import NewHold

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.application import Application
    from app.queries.assets import Right

OPEN = frozenset({ApplicationStatus.bank_review, ApplicationStatus.approved})
"""States of an application in which its bank may still come to a pledge."""


@dataclass(frozen=True, slots=True)
class NewReservation:
    """A reservation to the end of `expires_on`, as a bank asks for it; no rights named: all on offer."""

    application_id: uuid.UUID
    expires_on: date
    asset_ids: Sequence[uuid.UUID] = ()


async def reserve(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewReservation) -> Reservation:
    """Keep rights that an application offers for the bank it was made to; others learn until when.

    Raises: `application.not_found`, `reservation.not_bank`, `.application_closed`; then all that apply:
    `reservation.asset_twice`, `.expiry_invalid`; `asset.not_found`; then all that apply:
    `reservation.not_offered`, `.not_owned`, `.had_before`, `pledge.already_pledged`, `hold.already_reserved`.
    """
    application = await application_queries.get(session, actor, new.application_id, pointer="/application_id")
    if application.bank_id != actor.organisation_id:
        raise rules.NOT_BANK.error()
    offered = await application_queries.offered(session, [application.id])
    own = {one.asset.id: not one.third_party for one in offered[application.id]}
    asset_ids = list(new.asset_ids) or list(own)
    refuse_if(rules.faults(asset_ids, new.expires_on, today=moment.today))
    rights = await asset_queries.lock_rights(session, asset_ids)
    application = await application_queries.get(
        session, actor, application.id, lock=True, pointer="/application_id"
    )
    if application.status not in OPEN:
        raise rules.APPLICATION_CLOSED.error("/application_id", status=application.status)
    had = await queries.had_before(session, application.id, asset_ids)
    refuse_if(_objections(rights, own, had, moment.today))
    await _expire(session, actor, moment, await queries.lock_over(session, moment.today, asset_ids))
    kept = NewReservation(application.id, new.expires_on, asset_ids)
    return await _place(session, actor, moment, application, kept)


async def _place(
    session: AsyncSession, actor: Actor, moment: Moment, application: Application, new: NewReservation
) -> Reservation:
    """Write a reservation of exactly the rights named."""
    asset_ids, expires_on = new.asset_ids, new.expires_on
    reservation = Reservation(
        id=new_id(),
        district_code=application.district_code,
        number=await next_number(session, "reservation", application.district_code, moment.today),
        organisation_id=actor.organisation_id,
        application_id=application.id,
        reserved_on=moment.today,
        expires_on=expires_on,
        pledge_id=None,
        status=ReservationStatus.live.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = _happened("made", reservation, application.organisation_id, asset_ids, id_=reservation.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(reservation)
    await session.flush()
    period = (moment.today, expires_on)
    await holds.place(
        session,
        moment=moment,
        holds=[
            NewHold(
                asset_id,
                HoldKind.reservation,
                queries.SOURCE,
                reservation.id,
                event.id,
                moment.today,
                period=period,
            )
            for asset_id in asset_ids
        ],
    )
    return reservation


async def use(
    session: AsyncSession,
    *,
    moment: Moment,
    ids: Iterable[uuid.UUID],
    pledge_id: uuid.UUID,
    reason: str,
) -> None:
    """A bank's own reservations have served: their rights come to a pledge, whose rights are locked.

    A filing does the same in the statement that writes it (`services.pledges.statement`).
    """
    live = await queries.lock_named(session, set(ids))
    for reservation in live:
        reservation.advance(ReservationEvent.use)
        reservation.pledge_id = pledge_id
    await session.flush()
    used = [reservation.id for reservation in live]
    await holds.end(session, moment=moment, source_noun="reservation", source_ids=used, reason=reason)


async def release(
    session: AsyncSession, *, actor: Actor, moment: Moment, reservation_id: uuid.UUID
) -> Reservation:
    """Let the rights go before the last day.

    Raises: `reservation.not_found`, `.not_bank`, `state.illegal_transition`.
    """
    reservation = await queries.get(session, actor, reservation_id, lock=True)
    if reservation.organisation_id != actor.organisation_id:
        raise rules.NOT_BANK.error()
    await _end(session, actor, moment, [reservation], ReservationEvent.release)
    return reservation


async def release_for(
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID
) -> None:
    """Let go of what is reserved for an application that comes to nothing."""
    found = await queries.lock_live(session, application_id)
    await _end(session, actor, moment, found, ReservationEvent.release)


async def expire_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the reservations whose last day is over; how many. Doing it again changes nothing."""
    over = await queries.lock_over(session, moment.today)
    await _expire(session, actor, moment, over)
    return len(over)


async def _expire(session: AsyncSession, actor: Actor, moment: Moment, over: Sequence[Reservation]) -> None:
    await _end(session, actor, moment, over, ReservationEvent.expire)


async def _end(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    ended: Sequence[Reservation],
    how: ReservationEvent,
) -> None:
    """Move locked reservations to their end, and end what they hold on the day they end."""
    if not ended:
        return
    applicants = await queries.applicants(session, {one.application_id for one in ended})
    kept = await queries.kept(session, [one.id for one in ended])
    happened = []
    for one in ended:
        one.advance(how)
        ended_on = one.expires_on + timedelta(days=1) if how is ReservationEvent.expire else moment.today
        happened.append(
            _happened(one.status, one, applicants[one.application_id], kept[one.id], occurred_on=ended_on)
        )
    await events.record(session, actor=actor, moment=moment, events=happened)
    await session.flush()
    for one, event in zip(ended, happened, strict=True):
        await holds.end(
            session,
            moment=moment,
            source_noun=queries.SOURCE,
            source_ids=[one.id],
            reason=event.type,
            ended_on=event.occurred_on,
        )


def _objections(
    rights: Iterable[Right], own: dict[uuid.UUID, bool], had: set[uuid.UUID], today: date
) -> list[Violation]:
    found: list[Violation] = []
    for position, right in enumerate(rights):
        asset, pointer = right.asset, f"/asset_ids/{position}"
        if asset.id not in own:
            found.append(rules.NOT_OFFERED.violation(pointer))
            continue
        if not own[asset.id]:
            found.append(rules.NOT_OWNED.violation(pointer, number=asset.number))
        if asset.id in had:
            found.append(rules.HAD_BEFORE.violation(pointer, number=asset.number))
        pledged = any(hold.kind == HoldKind.lien for hold in right.holds)
        if pledged and asset.regime == Regime.cn:
            found.append(ALREADY_PLEDGED.violation(pointer, number=asset.number))
        running = [one for one in right.holds if one.kind == HoldKind.reservation and one.runs_on(today)]
        if running and asset.id not in had:
            found.append(hold_rules.RESERVED.violation(pointer, number=asset.number))
    return found


def _happened(
    what: str,
    reservation: Reservation,
    applicant_id: uuid.UUID,
    asset_ids: Sequence[uuid.UUID],
    *,
    id_: uuid.UUID | None = None,
    occurred_on: date | None = None,
) -> NewEvent:
    return NewEvent(
        id=id_ or new_id(),
        type=f"reservation.{what}",
        noun="reservation",
        subject_id=reservation.id,
        stream=reservation.district_code,
        audience=sorted({reservation.organisation_id, applicant_id}),
        occurred_on=occurred_on,
        payload={
            "number": reservation.number,
            "status": reservation.status,
            "asset_ids": [str(asset_id) for asset_id in asset_ids],
            "expires_on": reservation.expires_on.isoformat(),
        },
    )
