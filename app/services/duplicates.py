"""Duplicates: two rows of the register are proposed as one party, and merged by another person.

Nothing is rewritten by a merge: both rows keep their rights, cases, names and numbers, and a succession of
kind `duplicate` says that they are one. So a merge is undone by no longer counting that succession.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.domain import approval, duplicate as rules
from app.domain.approval import ApprovalStep, Decision, reason_faults
from app.domain.district import NATIONAL
from app.domain.duplicate import DUPLICATE, DuplicateDecision, DuplicateEvent, DuplicateStatus
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.party import PartyKind, SuccessionKind
from app.models.duplicate import Duplicate
from app.models.party import PartySuccession
from app.queries import duplicates as queries, parties as party_queries, party_successions
from app.services import approvals, enrolments, events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_DECIDED = {
    DuplicateDecision.merged: (DuplicateEvent.merge, Decision.approved),
    DuplicateDecision.rejected: (DuplicateEvent.reject, Decision.rejected),
}


async def propose(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    party_id: uuid.UUID,
    duplicate_party_id: uuid.UUID,
    reason: str,
) -> Duplicate:
    """Propose that `duplicate_party_id` is the same party as `party_id`, which would stay.

    Raises: `party.not_found` for each; all that apply: `duplicate.to_itself`, `.kinds_differ`,
    `.codes_differ`, `.party_merged`, `.succeeded`, `.already_open`.
    """
    await party_queries.require(session, {"/party_id": party_id, "/duplicate_party_id": duplicate_party_id})
    await party_successions.lock_kin(session, [party_id, duplicate_party_id])
    found = await _faults(session, party_id, duplicate_party_id)
    if party_id != duplicate_party_id and await queries.open_of(session, duplicate_party_id) is not None:
        found.append(rules.ALREADY_OPEN.violation("/duplicate_party_id"))
    refuse_if(found)
    proposed = Duplicate(
        id=new_id(),
        party_id=party_id,
        duplicate_party_id=duplicate_party_id,
        status=DuplicateStatus.proposed.value,
        reason=reason,
        decision_reason=None,
        proposed_by=actor.client_id,
        decided_by=None,
        decided_on=None,
        undone_by=None,
        undone_on=None,
        undo_reason=None,
        succession_id=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = _event(proposed, "proposed", {"reason": reason}, event_id=proposed.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(proposed)
    await session.flush()
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.make,
        decision=Decision.approved,
        reason=reason,
    )
    return proposed


async def decide(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    duplicate_id: uuid.UUID,
    decision: DuplicateDecision,
    reason: str | None = None,
) -> Duplicate:
    """Merge or reject what another client proposed; merged, plans cover the two once from today (TG-06).

    Raises: `duplicate.not_found`, `state.illegal_transition`; all that apply:
    `approval.same_person`, `duplicate.reason_missing`, and for a merge what `propose` refuses.
    """
    row = await _lock(session, duplicate_id)
    event_name, said = _DECIDED[decision]
    DUPLICATE.next(DuplicateStatus(row.status), event_name)
    found = reason_faults(rules.REASON_MISSING, said, reason)
    if actor.client_id == row.proposed_by:
        found.append(approval.SAME_PERSON.violation())
    if decision is DuplicateDecision.merged:
        found += await _faults(session, row.party_id, row.duplicate_party_id, pointed=False)
    refuse_if(found)
    merged = decision is DuplicateDecision.merged
    event = _event(row, "merged" if merged else "rejected", {"reason": reason})
    await events.record(session, actor=actor, moment=moment, events=[event])
    if merged:
        row.succession_id = (await _succession(session, moment, row, event.id)).id
    row.advance(event_name)
    row.decided_by, row.decided_on, row.decision_reason = actor.client_id, moment.today, reason
    await session.flush()
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.check,
        decision=said,
        reason=reason,
    )
    if merged:
        await _settle(session, actor, moment, row)
    return row


async def undo(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    duplicate_id: uuid.UUID,
    reason: str,
) -> Duplicate:
    """Say that a merge was wrong: the two are two again, and count as if they had never been merged.

    Raises: `duplicate.not_found`, `state.illegal_transition`.
    """
    row = await _lock(session, duplicate_id)
    row.advance(DuplicateEvent.undo)
    row.undone_by, row.undone_on, row.undo_reason = actor.client_id, moment.today, reason
    event = _event(row, "undone", {"reason": reason})
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await _settle(session, actor, moment, row)
    return row


async def _lock(session: AsyncSession, duplicate_id: uuid.UUID) -> Duplicate:
    """The proposal and all parties tied to its two, locked: what makes one firm of many takes turns."""
    seen = await queries.get(session, duplicate_id)
    await party_successions.lock_kin(session, [seen.party_id, seen.duplicate_party_id])
    return await queries.get(session, duplicate_id, lock=True)


async def _faults(
    session: AsyncSession, party_id: uuid.UUID, duplicate_party_id: uuid.UUID, *, pointed: bool = True
) -> list[Violation]:
    """What speaks against a merge; with pointers into the body of a proposal, or without."""
    both = [party_id, duplicate_party_id]
    kept, other = [await party_queries.get(session, one) for one in both]
    into = await queries.open_of(session, party_id)
    found = rules.faults(
        party_id=party_id,
        duplicate_party_id=duplicate_party_id,
        kinds=[PartyKind(kept.kind), PartyKind(other.kind)],
        codes=await queries.codes(session, both),
        merged_into=into.party_id if into and into.status == DuplicateStatus.merged else None,
        succeeded=await party_successions.follows(session, party_id, duplicate_party_id)
        or await party_successions.follows(session, duplicate_party_id, party_id),
    )
    return found if pointed else [fault.code.violation(**fault.facts) for fault in found]


async def _succession(
    session: AsyncSession, moment: Moment, row: Duplicate, event_id: uuid.UUID
) -> PartySuccession:
    """The succession that says it; that of an earlier merge of the two, undone since, says it again."""
    known = await queries.succession(session, row)
    if known is not None:
        return known
    made = PartySuccession(
        id=new_id(),
        predecessor_id=row.duplicate_party_id,
        successor_id=row.party_id,
        kind=SuccessionKind.duplicate.value,
        occurred_on=None,
        source=row.reason,
        event_id=event_id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    return made


async def _settle(session: AsyncSession, actor: Actor, moment: Moment, row: Duplicate) -> None:
    """Correct what plans cover."""
    both = [row.party_id, row.duplicate_party_id]
    await enrolments.settle_coverages(session, actor=actor, moment=moment, party_ids=both)


def _event(
    row: Duplicate,
    what: str,
    more: Mapping[str, Any] = MappingProxyType({}),
    *,
    event_id: uuid.UUID | None = None,
) -> events.NewEvent:
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"duplicate.{what}",
        noun="duplicate",
        subject_id=row.id,
        stream=NATIONAL,
        public=True,
        payload={"party_id": row.party_id, "duplicate_party_id": row.duplicate_party_id, **more},
    )
