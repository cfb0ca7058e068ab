"""Programmes: an IP office buys trusteeship for the small firms of its district (TG-03)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import programme as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.programme import MIN_SERVICE_MONTHS, PASS_SCORE, ProgrammeStatus
from app.domain.service_record import DEFAULT_DELIVERABLES, ServiceKind
from app.models.programme import Programme
from app.queries import programmes as queries
from app.queries.serials import next_number
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewProgramme:
    """A programme as its office describes it, and when a service under it counts (TG-05, TG-07)."""

    name: str
    plan_id: uuid.UUID
    starts_on: date
    ends_on: date
    min_service_months: int = MIN_SERVICE_MONTHS
    deliverables: Sequence[ServiceKind] = DEFAULT_DELIVERABLES
    pass_score: int = PASS_SCORE


async def open_(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewProgramme) -> Programme:
    """Set up a programme under a plan of the caller's district.

    Raises: `plan.not_found`; `programme.plan_elsewhere`, `.period_invalid`, `.before_plan`, all that apply.
    """
    plan = await queries.plan(session, new.plan_id)
    found: list[Violation] = []
    if plan.district_code != actor.district_code:
        found.append(rules.PLAN_ELSEWHERE.violation("/plan_id"))
    if new.ends_on < new.starts_on:
        found.append(rules.PERIOD_INVALID.violation("/ends_on"))
    if new.starts_on < plan.starts_on:
        found.append(rules.BEFORE_PLAN.violation("/starts_on", plan_starts_on=plan.starts_on))
    refuse_if(found)
    programme = Programme(
        id=new_id(),
        district_code=actor.district_code,
        number=await next_number(session, "programme", actor.district_code, moment.today),
        name=new.name,
        plan_id=plan.id,
        organisation_id=actor.organisation_id,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        min_service_months=new.min_service_months,
        deliverables=[kind.value for kind in dict.fromkeys(new.deliverables)],
        pass_score=new.pass_score,
        status=ProgrammeStatus.open.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    await events.record(
        session, actor=actor, moment=moment, events=[_told(programme, "opened", event_id=programme.event_id)]
    )
    session.add(programme)
    await session.flush()
    return programme


async def close(session: AsyncSession, *, actor: Actor, moment: Moment, programme_id: uuid.UUID) -> Programme:
    """Take nothing new from now on; services under way go on and can be counted.

    Raises: `programme.not_found`, `.not_holder`, `.closed`.
    """
    programme = await queries.get(session, programme_id, lock=True)
    require_holder(actor, programme)
    programme.close()
    await events.record(session, actor=actor, moment=moment, events=[_told(programme, "closed")])
    await session.flush()
    return programme


def require_holder(actor: Actor, programme: Programme) -> None:
    """Only the office that set the programme up decides on it. Raises: `programme.not_holder`."""
    if programme.organisation_id != actor.organisation_id:
        raise rules.NOT_HOLDER.error()


def require_open(programme: Programme, today: date) -> None:
    """Whether the programme takes anything new today. Raises: `programme.closed`, `.over`."""
    if programme.status != ProgrammeStatus.open:
        raise rules.CLOSED.error()
    if today > programme.ends_on:
        raise rules.OVER.error(ends_on=programme.ends_on)


def _told(programme: Programme, what: str, *, event_id: uuid.UUID | None = None) -> events.NewEvent:
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"programme.{what}",
        noun="programme",
        subject_id=programme.id,
        stream=programme.district_code,
        audience=[programme.organisation_id],
        public=True,
        payload={"number": programme.number, "name": programme.name, "status": programme.status},
    )
