"""Demands: a pledgor asks for its right back, the pledgee answers, and a document may do without it (PLG-10).

Locks: where the registration is cancelled in the same call the pledge with its rights, then the demand.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import demand as rules
from app.domain.demand import Authority, DemandEvent, DemandStatus
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.pledge import DeregistrationReason, PledgeStatus
from app.models.demand import Demand
from app.models.pledge import Pledge
from app.queries import demands as queries, documents as document_queries, loans, pledges as pledge_queries
from app.services import events, notices, pledges, working_days
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewDemand:
    """Why the registration should be cancelled, and what shows it."""

    pledge_id: uuid.UUID
    ground: DeregistrationReason
    reason: str
    document_id: uuid.UUID | None = None


async def make(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewDemand) -> Demand:
    """Ask for the release of a pledge; the pledgee is told by which day to answer, in the same commit.

    Raises: `pledge.not_found`, `demand.not_concerned`, `.pledge_over`, `.already_open`, `document.not_found`.
    """
    pledge = await pledge_queries.get(session, actor, new.pledge_id)
    if not await _concerned(session, actor, pledge):
        raise rules.NOT_CONCERNED.error()
    if pledge.status not in rules.RELEASABLE:
        raise rules.PLEDGE_OVER.error(status=pledge.status)
    if await queries.open_for(session, pledge.id, actor.organisation_id):
        raise rules.ALREADY_OPEN.error()
    await document_queries.require(session, actor, new.document_id)
    demand = Demand(
        id=new_id(),
        district_code=pledge.district_code,
        pledge_id=pledge.id,
        organisation_id=actor.organisation_id,
        ground=new.ground.value,
        reason=new.reason,
        document_id=new.document_id,
        demanded_on=moment.today,
        respond_by=working_days.after(moment.today, rules.RESPONSE_DAYS),
        answer=None,
        answered_on=None,
        status=DemandStatus.open.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = await _happened(session, pledge, demand, "made", id_=demand.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(demand)
    await session.flush()
    pledgee = await queries.pledgee_of(session, pledge)
    if pledgee is not None:
        await _tell(session, moment, event, NoticeKind.demand_received, [pledgee], due_on=demand.respond_by)
    return demand


async def accept(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    demand_id: uuid.UUID,
    answer: str | None = None,
    deregistered_on: date | None = None,
) -> Demand:
    """Agree to the release. With `deregistered_on` the office's cancellation is recorded in the same call.

    Without it the pledgee undertakes to apply for it, and records it when it is done.
    Raises: `demand.not_found`, `.not_pledgee`, `state.illegal_transition`; those of a deregistration.
    """
    seen, pledge = await _as_pledgee(session, actor, demand_id)
    if deregistered_on is not None:
        await pledges.deregister(
            session,
            actor=actor,
            moment=moment,
            pledge_id=pledge.id,
            reason=DeregistrationReason(seen.ground),
            deregistered_on=deregistered_on,
        )
    return await _answer(session, actor, moment, seen, Answer(DemandEvent.accept, answer))


async def object_to(
    session: AsyncSession, *, actor: Actor, moment: Moment, demand_id: uuid.UUID, reason: str
) -> Demand:
    """Say why the pledge stands. Raises: `demand.not_found`, `.not_pledgee`, `state.illegal_transition`."""
    seen, _ = await _as_pledgee(session, actor, demand_id)
    return await _answer(session, actor, moment, seen, Answer(DemandEvent.object, reason))


async def withdraw(session: AsyncSession, *, actor: Actor, moment: Moment, demand_id: uuid.UUID) -> Demand:
    """Take a demand back. Raises: `demand.not_found`, `.not_concerned`, `state.illegal_transition`."""
    seen = await queries.get(session, actor, demand_id)
    if seen.organisation_id != actor.organisation_id:
        raise rules.NOT_CONCERNED.error()
    return await _answer(session, actor, moment, seen, Answer(DemandEvent.withdraw))


@dataclass(frozen=True, slots=True)
class Forced:
    """The document on which a registration was cancelled without the pledgee, and the day it was."""

    authority: Authority
    document_id: uuid.UUID
    reason: str
    deregistered_on: date


async def enforce(
    session: AsyncSession, *, actor: Actor, moment: Moment, demand_id: uuid.UUID, forced: Forced
) -> Demand:
    """Record that the office cancelled the registration on a document, the pledgee not having answered.

    Where it has objected, or principal is outstanding, on a court's document alone. Not while a claim on the
    loan is open: it stands on the pledge and its cover (RP-04).
    Raises: `demand.not_found`, `.not_operator`, `state.illegal_transition`, `document.not_found`,
    `demand.court_document_needed`, `pledge.claimed`; those of a deregistration.
    """
    seen = await queries.get(session, actor, demand_id)
    if Role.operator not in actor.roles or not actor.oversees(seen.district_code):
        raise rules.NOT_OPERATOR.error()
    rules.DEMAND.next(DemandStatus(seen.status), DemandEvent.enforce)
    await document_queries.require(session, actor, forced.document_id)
    await _may_force(session, seen, forced)
    await pledges.deregister(
        session,
        actor=actor,
        moment=moment,
        pledge_id=seen.pledge_id,
        reason=DeregistrationReason.other,
        deregistered_on=forced.deregistered_on,
    )
    # Asked again under the locks: the pledgee may have objected, or paid out, in between.
    await _may_force(session, await queries.lock(session, seen.id), forced)
    more = {"authority": forced.authority.value, "document_id": str(forced.document_id)}
    return await _answer(session, actor, moment, seen, Answer(DemandEvent.enforce, forced.reason, more))


async def _may_force(session: AsyncSession, demand: Demand, forced: Forced) -> None:
    outstanding = await loans.outstanding(session, demand.pledge_id)
    status = DemandStatus(demand.status)
    refuse_if(rules.force_faults(status, outstanding_fen=outstanding, authority=forced.authority))


async def fall_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Demands that were not answered in time fall due, both sides and the operators told; how many.

    One whose pledge has ended meanwhile has got what it asked for. Doing it again changes nothing.
    """
    overdue = await queries.lock_overdue(session, moment.today)
    for demand in overdue:
        pledge = await session.get_one(Pledge, demand.pledge_id)
        over = pledge.status not in {PledgeStatus.filed, PledgeStatus.registered, PledgeStatus.correction}
        demand.advance(DemandEvent.accept if over else DemandEvent.fall_due)
        if over:
            demand.answered_on = pledge.ended_on or moment.today
        event = await _happened(session, pledge, demand, demand.status)
        await events.record(session, actor=actor, moment=moment, events=[event])
        await session.flush()
        if not over:
            await _tell(session, moment, event, NoticeKind.demand_due, event.audience)
    return len(overdue)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a demand moves, in whose words, and what else its event says."""

    event: DemandEvent
    words: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)


async def _answer(
    session: AsyncSession, actor: Actor, moment: Moment, seen: Demand, answer: Answer
) -> Demand:
    demand = await queries.lock(session, seen.id)
    demand.advance(answer.event)
    demand.answer, demand.answered_on = answer.words, moment.today
    pledge = await session.get_one(Pledge, demand.pledge_id)
    event = await _happened(session, pledge, demand, demand.status, more=answer.more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    if answer.event is not DemandEvent.withdraw:
        await _tell(session, moment, event, NoticeKind.demand_answered, [demand.organisation_id])
    return demand


async def _as_pledgee(session: AsyncSession, actor: Actor, demand_id: uuid.UUID) -> tuple[Demand, Pledge]:
    demand = await queries.get(session, actor, demand_id)
    pledge = await session.get_one(Pledge, demand.pledge_id)
    if await queries.pledgee_of(session, pledge) != actor.organisation_id:
        raise rules.NOT_PLEDGEE.error()
    return demand, pledge


async def _concerned(session: AsyncSession, actor: Actor, pledge: Pledge) -> bool:
    return pledge.borrower_id == actor.party_id or await queries.is_pledgor(
        session, pledge.id, actor.party_id
    )


async def _happened(
    session: AsyncSession,
    pledge: Pledge,
    demand: Demand,
    what: str,
    *,
    id_: uuid.UUID | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> NewEvent:
    pledgee = await queries.pledgee_of(session, pledge)
    return NewEvent(
        id=id_ or new_id(),
        type=f"demand.{what}",
        noun="demand",
        subject_id=demand.id,
        stream=demand.district_code,
        audience=sorted({demand.organisation_id, *([pledgee] if pledgee else [])}),
        payload={
            "number": pledge.number,
            "status": demand.status,
            "ground": demand.ground,
            "respond_by": demand.respond_by.isoformat(),
            **({"answer": demand.answer} if demand.answer else {}),
            **more,
        },
    )


async def _tell(
    session: AsyncSession,
    moment: Moment,
    event: NewEvent,
    kind: NoticeKind,
    recipients: Sequence[uuid.UUID],
    *,
    due_on: date | None = None,
) -> None:
    facts = {name: event.payload[name] for name in ("number", "status", "respond_by")}
    await notices.send(
        session, moment=moment, event=event, kind=kind, recipients=recipients, facts=facts, due_on=due_on
    )
