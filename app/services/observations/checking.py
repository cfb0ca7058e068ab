"""Checking: the IP office approves or rejects values; an approved one takes the former one's place."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import approval, observation as rules
from app.domain.approval import ApprovalStep, Decision, reason_faults
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.observation import OBSERVATION, ObservationEvent, ObservationStatus
from app.models.observation import Observation
from app.queries import observations as queries, plans as plan_queries
from app.services import approvals, events, notices
from app.services.observations.telling import checks, first_of_each, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_EVENTS = {Decision.approved: ObservationEvent.approve, Decision.rejected: ObservationEvent.reject}


@dataclass(frozen=True, slots=True)
class _Round:
    """What is decided at once, what counted until then, and which values the caller reported itself."""

    decision: Decision
    reason: str | None
    found: Mapping[uuid.UUID, Observation]
    former: Mapping[queries.Place, Observation]
    own: Collection[uuid.UUID]

    def before(self, one: Observation) -> Observation | None:
        """What counts at the observation's place."""
        return self.former.get(queries.place(one))


async def decide(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    observation_ids: Sequence[uuid.UUID],
    decision: Decision,
    reason: str | None = None,
    pointers: Sequence[str] = ("",),
) -> list[Observation]:
    """Approve or reject reported values; an approved one supersedes the one approved before it.

    Raises, for all of them at once: `observation.not_found`, `.not_checker`, `.evidence_missing`,
    `.outdated`, `.place_twice`, `approval.same_person`, `state.illegal_transition`; before that
    `observation.reason_missing`.
    """
    refuse_if(reason_faults(rules.REASON_MISSING, decision, reason))
    # The indicators first: whoever reports or decides about one holds it.
    await plan_queries.lock_indicators(session, await queries.indicator_ids(session, actor, observation_ids))
    found = await queries.lock(session, actor, observation_ids)
    former = await queries.lock_approved(session, {queries.place(one) for one in found.values()})
    own = await queries.decided_by(session, actor.client_id, observation_ids)
    round_ = _Round(decision, reason, found, former, own)
    refuse_if(_faults(actor, round_, observation_ids, pointers))
    return await _decide(session, actor, moment, round_)


def _faults(
    actor: Actor, round_: _Round, observation_ids: Sequence[uuid.UUID], pointers: Sequence[str]
) -> list[Violation]:
    faults: list[Violation] = []
    seen: set[queries.Place] = set()
    for observation_id, pointer in zip(observation_ids, pointers, strict=True):
        one = round_.found.get(observation_id)
        if one is None:
            faults.append(rules.NOT_FOUND.violation(pointer or None, observation_id=observation_id))
            continue
        faults += _faults_of(actor, round_, one, pointer)
        if queries.place(one) in seen:
            faults.append(rules.PLACE_TWICE.violation(pointer or None))
        seen.add(queries.place(one))
    return faults


def _faults_of(actor: Actor, round_: _Round, one: Observation, pointer: str) -> list[Violation]:
    """Objections to deciding one observation."""
    found: list[Violation] = []
    if not checks(actor, one.district_code):
        found.append(rules.NOT_CHECKER.violation(pointer or None))
    try:
        OBSERVATION.next(ObservationStatus(one.status), _EVENTS[round_.decision])
    except DomainError as error:
        return [*found, *(fault.code.violation(pointer or None, **fault.facts) for fault in error.violations)]
    if one.id in round_.own:
        found.append(approval.SAME_PERSON.violation(pointer or None))
    if round_.decision is Decision.approved:
        former = round_.before(one)
        if one.document_id is None:
            found.append(rules.EVIDENCE_MISSING.violation(pointer or None))
        if former is not None and former.revision > one.revision:
            found.append(rules.OUTDATED.violation(pointer or None, revision=former.revision))
    return found


async def _decide(session: AsyncSession, actor: Actor, moment: Moment, round_: _Round) -> list[Observation]:
    decided = list(round_.found.values())
    labels = await queries.labels(session, {one.indicator_id for one in decided})
    codes = {indicator_id: label.indicator_code for indicator_id, label in labels.items()}
    approved = round_.decision is Decision.approved
    told_of = [
        told(one, codes[one.indicator_id], round_.decision.value, new_id(), public=approved)
        for one in decided
    ]
    await events.record(session, actor=actor, moment=moment, events=told_of)
    if approved:
        _supersede(round_, decided, told_of)
        await session.flush()  # their places are free before others take them
    for event, one in zip(told_of, decided, strict=True):
        one.advance(_EVENTS[round_.decision])
        one.reason = round_.reason
        one.decided_on = moment.today
        one.decided_event_id = event.id
    await session.flush()
    for event in told_of:
        await approvals.decide(
            session,
            actor=actor,
            moment=moment,
            event=event,
            step=ApprovalStep.check,
            decision=round_.decision,
            reason=round_.reason,
        )
    for event, one in first_of_each(told_of, decided):
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.observation_decided,
            recipients=[one.organisation_id],
            facts={"code": codes[one.indicator_id]},
        )
    return decided


def _supersede(round_: _Round, decided: Sequence[Observation], told_of: Sequence[events.NewEvent]) -> None:
    for event, one in zip(told_of, decided, strict=True):
        former = round_.before(one)
        if former is not None:
            former.advance(ObservationEvent.supersede)
            former.superseded_event_id = event.id
