"""Deciding what differs: it was put right, which is checked, or explained; and taking that back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import reconciliation as rules
from app.domain.errors import Violation, refuse_if
from app.domain.reconciliation import (
    DifferenceDecision,
    DifferenceEvent,
    DifferenceField,
    DifferenceKind,
    Subject,
)
from app.domain.reconciliation_difference import Difference
from app.models.reconciliation import Reconciliation, ReconciliationDifference
from app.queries import (
    documents as document_queries,
    reconciliation_states as states,
    reconciliations as queries,
)
from app.services import events
from app.services.events import NewEvent
from app.services.reconciliations import lists
from app.services.reconciliations.comparing import compare, narrowed, place_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_EVENTS = {
    DifferenceDecision.corrected: DifferenceEvent.correct,
    DifferenceDecision.explained: DifferenceEvent.explain,
}


async def decide(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    reconciliation_id: uuid.UUID,
    difference_id: uuid.UUID,
    decision: DifferenceDecision,
    reason: str,
) -> ReconciliationDifference:
    """Say that a difference was corrected, which the register must bear out now, or why it may stand.

    Raises: `reconciliation.not_found`, `.difference_not_found`, `.not_assignee`,
    `state.illegal_transition`; for what was corrected `reconciliation.still_differs`.
    """
    reconciliation, difference = await _lock(session, actor, reconciliation_id, difference_id)
    difference.advance(_EVENTS[decision])
    difference.reason = reason
    difference.decided_by = actor.client_id
    difference.decided_on = moment.today
    if decision is DifferenceDecision.corrected:
        refuse_if(await _still(session, actor, reconciliation, difference))
    event = _told(reconciliation, difference, decision.value, reason)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return difference


async def reopen(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    reconciliation_id: uuid.UUID,
    difference_id: uuid.UUID,
    reason: str,
) -> ReconciliationDifference:
    """Take a decision back; what was said then stays in the events.

    Raises: `reconciliation.not_found`, `.difference_not_found`, `.not_assignee`,
    `state.illegal_transition`.
    """
    reconciliation, difference = await _lock(session, actor, reconciliation_id, difference_id)
    difference.advance(DifferenceEvent.reopen)
    difference.reason = None
    difference.decided_by = None
    difference.decided_on = None
    event = _told(reconciliation, difference, "reopened", reason)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return difference


async def _lock(
    session: AsyncSession, actor: Actor, reconciliation_id: uuid.UUID, difference_id: uuid.UUID
) -> tuple[Reconciliation, ReconciliationDifference]:
    reconciliation = await queries.get(session, actor, reconciliation_id)
    difference = await queries.lock_difference(session, actor, reconciliation, difference_id)
    if actor.organisation_id not in {difference.assignee_id, reconciliation.organisation_id}:
        raise rules.NOT_ASSIGNEE.error()
    return reconciliation, difference


async def _still(
    session: AsyncSession, actor: Actor, reconciliation: Reconciliation, difference: ReconciliationDifference
) -> list[Violation]:
    """Where the register still says otherwise than the list, of the right the difference is about."""
    subject = Subject(reconciliation.subject)
    document = await document_queries.of_sha256(session, reconciliation.file_sha256)
    listed = lists.read(document, name="", subject=subject, list_as_of=reconciliation.list_as_of)
    places = await states.places_of(session, difference.asset_id) if difference.asset_id else set()
    place = None if difference.line is None else place_at(listed, difference.line)
    found = await compare(
        session,
        narrowed(listed, places | ({place} if place else set())),
        subject=subject,
        list_as_of=reconciliation.list_as_of,
        complete_for=reconciliation.complete_for if difference.line is None else (),
        only=difference.asset_id,
    )
    kind = DifferenceKind(difference.kind)
    field = DifferenceField(difference.field) if difference.field else None
    before = Difference(
        kind,
        difference.number,
        difference.line,
        field,
        asset_id=difference.asset_id,
        hold_id=difference.hold_id,
    )
    remaining = before.remains(found)
    told = await queries.lenders_told(session, actor, {one.hold_id for one in remaining if one.hold_id})
    return [_objection(one, shown=one.hold_id in told) for one in remaining]


def _objection(one: Difference, *, shown: bool) -> Violation:
    """`shown`: the caller may know who lends to whom."""
    told = shown or one.field is not DifferenceField.pledgee
    return rules.STILL_DIFFERS.violation(
        "/decision",
        number=one.number,
        kind=one.kind.value,
        field=one.field.value if one.field else "",
        listed=one.listed or "-" if told else "***",
        registered=one.registered or "-" if told else "***",
    )


def _told(
    reconciliation: Reconciliation, difference: ReconciliationDifference, what: str, reason: str
) -> NewEvent:
    return NewEvent(
        type=f"reconciliation.difference_{what}",
        noun="reconciliation",
        subject_id=reconciliation.id,
        stream=reconciliation.district_code,
        audience=sorted({reconciliation.organisation_id, difference.assignee_id}),
        payload={
            "number": reconciliation.number,
            "difference_id": str(difference.id),
            "kind": difference.kind,
            "right": difference.number,
            "field": difference.field,
            "status": difference.status,
            "reason": reason,
        },
    )
