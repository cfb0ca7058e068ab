"""Evaluation: what a service came to, and which firms a plan has covered, each once (TG-05 to TG-07)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import enrolment as rules
from app.domain.enrolment import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.request import date_faults
from app.models.enrolment import Coverage, Enrolment
from app.models.programme import Provider
from app.queries import (
    enrolment_coverage as coverage_queries,
    enrolments as queries,
    programmes as programme_queries,
    service_records as record_queries,
)
from app.services import events
from app.services.enrolments import parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.programme import Programme


class Covered(StrEnum):
    """What a counted enrolment means for the plan's coverage."""

    first = "first"
    already = "already"
    moved = "moved"


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
    if provider.organisation_id == actor.organisation_id or enrolment.party_id == actor.party_id:
        raise rules.SAME_ORGANISATION.error()
    refuse_if(date_faults("/evaluated_on", evaluated_on, today=moment.today, first=enrolment.ended_on))
    findings = await _findings(session, enrolment, programme, evaluated_on, score)
    enrolment.score, enrolment.reason = score, reason or enrolment.reason
    enrolment.findings = rules.written(findings)
    enrolment.counted_on = None if findings else evaluated_on
    enrolment.advance(EnrolmentEvent.not_count if findings else EnrolmentEvent.count_)
    event_id = new_id()
    covered: Covered | None = None
    facts: list[events.NewFact] = []
    coverage: Coverage | None = None
    if not findings:
        covered, facts, coverage = await _cover(
            session,
            moment=moment,
            enrolment=enrolment,
            programme=programme,
            provider=provider,
            day=evaluated_on,
            event_id=event_id,
        )
    event = parts.told(
        enrolment,
        enrolment.status,
        await parts.concerned(session, enrolment, provider.organisation_id),
        event_id=event_id,
        occurred_on=evaluated_on,
        facts=facts,
        more={
            "score": score,
            "reason": reason,
            "findings": [found.code.code for found in findings],
            "covered": covered.value if covered is not None else None,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    if coverage is not None:
        session.add(coverage)
    await session.flush()
    return Evaluation(enrolment, covered)


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


async def _cover(
    session: AsyncSession,
    *,
    moment: Moment,
    enrolment: Enrolment,
    programme: Programme,
    provider: Provider,
    day: date,
    event_id: uuid.UUID,
) -> tuple[Covered, list[events.NewFact], Coverage | None]:
    """What a counted enrolment adds to the plan: facts, and the new coverage if it is the firm's first.

    The last successor is locked first, so that two enrolments of one firm are counted one after the other.
    """
    party_id = await coverage_queries.lock_root(session, enrolment.party_id, moment.today)
    kin = await coverage_queries.same_firm(session, enrolment.party_id, moment.today)
    known = await coverage_queries.lock_coverage(session, programme.plan_id, kin)
    if known is not None and known.since <= day:
        return Covered.already, [], None
    if known is not None:
        undone = await _covered_fact(session, known, -1, known.since)
        known.since, known.enrolment_id = day, enrolment.id
        fact = _fact(known, 1, day, enrolment.size_class, provider.organisation_id)
        return Covered.moved, [undone, fact], None
    coverage = Coverage(
        id=new_id(),
        district_code=enrolment.district_code,
        plan_id=programme.plan_id,
        party_id=party_id,
        enrolment_id=enrolment.id,
        since=day,
        folded_on=None,
        folded_into_id=None,
        event_id=event_id,
        recorded_at=moment.now,
    )
    fact = _fact(coverage, 1, day, enrolment.size_class, provider.organisation_id)
    return Covered.first, [fact], coverage


async def merge_coverages(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Where two covered firms became one by rename or merger, the later coverage counts no more (TG-06).

    It is undone on the day of the succession that joined them, or on its own day when it came after; not
    before that day has come.
    Returns how many were folded. Doing it again changes nothing.
    """
    told = []
    for duplicate in await coverage_queries.duplicates(session, moment.today):
        coverage = duplicate.coverage
        told.append(
            events.NewEvent(
                type="enrolment.coverage_folded",
                noun="enrolment",
                subject_id=coverage.enrolment_id,
                stream=coverage.district_code,
                occurred_on=duplicate.folded_on,
                facts=[await _covered_fact(session, coverage, -1, duplicate.folded_on)],
                payload={
                    "plan_id": coverage.plan_id,
                    "party_id": coverage.party_id,
                    "coverage_id": coverage.id,
                    "into_id": duplicate.into_id,
                },
            )
        )
        coverage.folded_on, coverage.folded_into_id = duplicate.folded_on, duplicate.into_id
    if told:
        await events.record(session, actor=actor, moment=moment, events=told)
        await session.flush()
    return len(told)


async def _covered_fact(session: AsyncSession, coverage: Coverage, value: int, day: date) -> events.NewFact:
    """A fact with the dimensions under which the coverage counts now."""
    statement = (
        select(Enrolment.size_class, Provider.organisation_id)
        .join(Provider, Provider.id == Enrolment.provider_id)
        .where(Enrolment.id == coverage.enrolment_id)
    )
    size_class, organisation_id = (await session.execute(statement)).one()
    return _fact(coverage, value, day, size_class, organisation_id)


def _fact(
    coverage: Coverage, value: int, day: date, size_class: str, organisation_id: uuid.UUID
) -> events.NewFact:
    return events.NewFact(
        measure=Measure.trusteeship_covered_count,
        district_code=coverage.district_code,
        role=FactRole.internal,
        value=value,
        occurred_on=day,
        source_noun="coverage",
        source_id=coverage.id,
        dimensions={
            "plan_id": str(coverage.plan_id),
            "party_id": str(coverage.party_id),
            "enrolment_id": str(coverage.enrolment_id),
            "size_class": size_class,
            "provider_organisation_id": str(organisation_id),
        },
    )
