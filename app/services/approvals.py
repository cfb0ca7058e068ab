"""Approvals: writing down who decided a step, so that no client decides two steps of a round (RB-02)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain.district import NATIONAL, OUTSIDE_EVERY_PLAN
from app.domain.identifiers import new_id
from app.models.approval import Approval

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.approval import ApprovalStep, Decision
    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.services.events import NewEvent


async def decide(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    event: NewEvent,
    step: ApprovalStep,
    decision: Decision,
    round_no: int = 1,
    reason: str | None = None,
    document_id: uuid.UUID | None = None,
    subject_id: uuid.UUID | None = None,
) -> Approval:
    """Write a decision on the subject of `event`, or a part of it, which has been recorded before.

    What is decided of the national register lies outside every plan's district.
    What the table's constraints refuse comes as the database's error, which the web edge turns into
    `approval.same_person` (this client decided another step of the round) or `approval.step_taken`.
    """
    approval = Approval(
        id=new_id(),
        district_code=OUTSIDE_EVERY_PLAN if event.stream == NATIONAL else event.stream,
        noun=event.noun,
        subject_id=subject_id or event.subject_id,
        round=round_no,
        step=step.value,
        decision=decision.value,
        organisation_id=actor.organisation_id,
        client_id=actor.client_id,
        reason=reason,
        document_id=document_id,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(approval)
    await session.flush()
    return approval
