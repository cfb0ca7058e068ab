"""Evaluation: what a service came to, and which firms a plan has covered, each once (TG-05 to TG-07)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enrolment as rules
from app.domain.enrolment import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.request import date_faults
from app.models.enrolment import Enrolment
from app.models.programme import Provider
from app.queries import (
    enrolments as queries,
    party_successions,
    programmes as programme_queries,
    service_records as record_queries,
)
from app.services import events
from app.services.enrolments import parts
from app.services.enrolments.covering import Covered, Covering, cover, finish

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.programme import Programme


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluated enrolment; `covered` is None when it does not count."""

    enrolment: Enrolment
    covered: Covered | None


async def evaluate(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    score: int,
    evaluated_on: date,
    reason: str | None = None,
) -> Evaluation:
    """Count a service that ended, or say every condition it failed (TG-05, TG-07).

    The firm is covered under the plan from the earliest day on which a service for it counted, under
    whatever name and provider (TG-06). Raises: `enrolment.not_evaluator`, `.same_organisation`,
    `state.illegal_transition`, `request.date_…`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    if not actor.oversees(enrolment.district_code):
        raise rules.NOT_EVALUATOR.error()
    ENROLMENT.next(EnrolmentStatus(enrolment.status), EnrolmentEvent.count_)
    programme = await programme_queries.get(session, enrolment.programme_id)
    provider = await session.get_one(Provider, enrolment.provider_id)
    firm = await party_successions.same_firm(session, enrolment.party_id, moment.today)
    if provider.organisation_id == actor.organisation_id or actor.party_id in firm:
        raise rules.SAME_ORGANISATION.error()
    refuse_if(date_faults("/evaluated_on", evaluated_on, today=moment.today, first=enrolment.ended_on))
    findings = await _findings(session, enrolment, programme, evaluated_on, score)
    enrolment.score, enrolment.reason = score, reason or enrolment.reason
    enrolment.findings = rules.written(findings)
    enrolment.counted_on = None if findings else evaluated_on
    enrolment.advance(EnrolmentEvent.not_count if findings else EnrolmentEvent.count_)
    event_id = new_id()
    covering: Covering | None = None
    if not findings:
        covering = await cover(
            session,
            moment=moment,
            enrolment=enrolment,
            plan_id=programme.plan_id,
            day=evaluated_on,
            event_id=event_id,
        )
    event = parts.told(
        enrolment,
        enrolment.status,
        await parts.concerned(session, enrolment, provider.organisation_id),
        event_id=event_id,
        occurred_on=evaluated_on,
        facts=covering.facts if covering is not None else (),
        more={
            "score": score,
            "reason": reason,
            "findings": [found.code.code for found in findings],
            "covered": covering.covered.value if covering is not None else None,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    if covering is not None:
        await finish(session, covering)
    await session.flush()
    return Evaluation(enrolment, covering.covered if covering is not None else None)


async def _findings(
    session: AsyncSession, enrolment: Enrolment, programme: Programme, evaluated_on: date, score: int
) -> list[Violation]:
    """The conditions for counting that the service has failed by the day of the evaluation."""
    return rules.shortcomings(
        confirmed=enrolment.confirmed_on is not None,
        months=rules.full_months(await queries.service(session, enrolment.id)),
        min_months=programme.min_service_months,
        accepted=await record_queries.accepted(session, enrolment.id, evaluated_on),
        deliverables=programme.deliverables,
        score=score,
        pass_score=programme.pass_score,
    )
