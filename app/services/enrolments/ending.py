"""Ending: the service is over as agreed, or given up before."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enrolment as rules
from app.domain.enrolment import ENROLMENT, Cause, Change, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import refuse_if
from app.domain.request import date_faults
from app.models.enrolment import Enrolment
from app.queries import enrolments as queries, providers as provider_queries
from app.queries.driver import driver
from app.services import events
from app.services.enrolments import parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def terminate(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    ended_on: date | None,
    reason: str,
) -> Enrolment:
    """Give an enrolment up before its term, or before it came to anything; it is never counted.

    One that was renewed could have been counted before, and still can: it ends instead, with what was
    served. `ended_on` is the last day served, today unless said. The firm may, and its provider, or whoever
    entered it while it has none. Raises: `enrolment.not_concerned`, `state.illegal_transition`,
    `request.date_…`, `enrolment.term_exceeded`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    serving = await parts.serving_of(session, enrolment) if enrolment.provider_id is not None else None
    provider_id = serving.organisation_id if serving is not None else enrolment.organisation_id
    _require_concerned(actor, enrolment, provider_id, firm_too=True)
    before = EnrolmentStatus(enrolment.status)
    renewed = await queries.renewed(session, enrolment.id)
    enrolment.advance(EnrolmentEvent.leave if renewed else EnrolmentEvent.terminate)
    facts = []
    if before is EnrolmentStatus.active and serving is not None:
        last = ended_on or min(moment.today, enrolment.active_to or moment.today)
        await parts.require_last_day(session, moment, enrolment, last)
        facts = [parts.stock_moved(enrolment, serving, Change.end, last + parts.DAY, Cause.termination)]
    else:
        last = ended_on or moment.today
        refuse_if(date_faults("/ended_on", last, today=moment.today))
    enrolment.ended_on, enrolment.reason = last, reason
    if renewed and before is EnrolmentStatus.matched:
        await _give_back(session, enrolment)
    audience = await parts.concerned(session, enrolment, provider_id)
    more = {"reason": reason}
    event = parts.told(enrolment, enrolment.status, audience, occurred_on=last, facts=facts, more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


async def _give_back(session: AsyncSession, enrolment: Enrolment) -> None:
    """What ends before its next provider served is the last one's, who served up to its last day."""
    last = (await queries.service(session, enrolment.id))[-1]
    organisation_id = uuid.UUID(last.provider_organisation_id)
    former = await provider_queries.of_organisation(session, enrolment.programme_id, organisation_id)
    if former is not None:
        enrolment.provider_id = former.id
    enrolment.ended_on = last.last


async def terminate_unconfirmed(
    session: AsyncSession, *, actor: Actor, moment: Moment, enrolment_id: uuid.UUID, reason: str
) -> Enrolment:
    """The district's operator clears away a row that an agency entered and the firm never confirmed (TRU-06).

    Raises: `enrolment.not_operator`, `.already_confirmed`, `state.illegal_transition`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    parts.require_operator(actor, enrolment)
    if enrolment.confirmed_on is not None:
        raise rules.ALREADY_CONFIRMED.error(confirmed_on=enrolment.confirmed_on)
    enrolment.advance(EnrolmentEvent.terminate)
    enrolment.ended_on, enrolment.reason = moment.today, reason
    audience = await parts.concerned(session, enrolment)
    event = parts.told(enrolment, "terminated", audience, more={"reason": reason})
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


async def end(
    session: AsyncSession, *, actor: Actor, moment: Moment, enrolment_id: uuid.UUID, ended_on: date
) -> Enrolment:
    """The service is over with the last day `ended_on`, and can be evaluated or renewed.

    Raises: `enrolment.not_concerned`, `state.illegal_transition`, `request.date_…`,
    `enrolment.term_exceeded`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    before = EnrolmentStatus(enrolment.status)
    ENROLMENT.next(before, EnrolmentEvent.end)
    serving = await parts.serving_of(session, enrolment)
    _require_concerned(actor, enrolment, serving.organisation_id, firm_too=False)
    await parts.require_last_day(session, moment, enrolment, ended_on)
    enrolment.advance(EnrolmentEvent.end)
    enrolment.ended_on = ended_on
    fact = parts.stock_moved(enrolment, serving, Change.end, ended_on + parts.DAY, Cause.term_end)
    audience = await parts.concerned(session, enrolment, serving.organisation_id)
    event = parts.told(enrolment, "ended", audience, occurred_on=ended_on, facts=[fact])
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


_END = """
WITH due AS (
  SELECT id FROM enrolments WHERE status = 'active' AND active_to < $1 ORDER BY id FOR NO KEY UPDATE
)
UPDATE enrolments e SET status = 'ended', ended_on = e.active_to, version = e.version + 1
FROM due, programmes g, providers p
WHERE due.id = e.id AND g.id = e.programme_id AND p.id = e.provider_id
RETURNING e.id, e.number, e.district_code, e.programme_id, e.party_id, e.organisation_id, e.size_class,
  e.status, e.ended_on, g.plan_id, p.organisation_id AS provider_organisation_id,
  (SELECT o.id FROM organisations o WHERE o.party_id = e.party_id) AS firm_organisation_id
"""


async def end_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the enrolments whose agreed term is over; how many. Doing it again changes nothing."""
    connection = await driver(session)
    told = []
    for row in await connection.fetch(_END, moment.today):
        fact = parts.stock_fact(
            enrolment_id=row["id"],
            district_code=row["district_code"],
            change=Change.end,
            day=row["ended_on"] + parts.DAY,
            dimensions={
                **{
                    name: str(row[name])
                    for name in ("plan_id", "programme_id", "party_id", "provider_organisation_id")
                },
                "size_class": row["size_class"],
                "cause": Cause.term_end.value,
            },
        )
        organisations = (
            row["organisation_id"],
            row["provider_organisation_id"],
            row["firm_organisation_id"],
        )
        told.append(
            events.NewEvent(
                type="enrolment.ended",
                noun="enrolment",
                subject_id=row["id"],
                stream=row["district_code"],
                audience=list(dict.fromkeys(one for one in organisations if one is not None)),
                occurred_on=row["ended_on"],
                facts=[fact],
                payload={
                    "number": row["number"],
                    "programme_id": row["programme_id"],
                    "party_id": row["party_id"],
                    "status": row["status"],
                },
            )
        )
    if told:
        await events.record(session, actor=actor, moment=moment, events=told)
    return len(told)


def _require_concerned(
    actor: Actor, enrolment: Enrolment, provider_organisation_id: uuid.UUID, *, firm_too: bool
) -> None:
    allowed = actor.organisation_id == provider_organisation_id or (
        firm_too and actor.party_id == enrolment.party_id
    )
    if not allowed:
        raise rules.NOT_CONCERNED.error()
