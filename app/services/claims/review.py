"""Reviewing a claim: the manager's formal check, two offices' approval, publication, objections (RB-02)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import claim as rules
from app.domain.approval import STEP_TAKEN, ApprovalStep, Decision, reason_faults
from app.domain.claim import APPROVERS, CheckDecision, ClaimEvent, ClaimStatus
from app.domain.errors import refuse_if
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.models.claim import Claim
from app.models.pool import Pool
from app.queries import claims as queries, documents as document_queries, pool_risks
from app.services import approvals, events, notices
from app.services.claims import payout
from app.services.claims.common import (
    holds_office,
    require_bank,
    require_disinterested,
    require_independent,
    require_manager,
    told,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_CHECKED = {
    CheckDecision.approved: (ClaimEvent.accept, Decision.approved),
    CheckDecision.rejected: (ClaimEvent.reject, Decision.rejected),
    CheckDecision.supplement: (ClaimEvent.ask, Decision.rejected),
}


async def check(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    claim_id: uuid.UUID,
    decision: CheckDecision,
    reason: str | None = None,
) -> Claim:
    """The pool manager's formal check: on to the offices, back to the bank for more, or rejected.

    Raises: `claim.not_found`, `claim.wrong_office`, `state.illegal_transition`, `claim.own_claim`,
    `approval.same_person`, `claim.reason_missing`.
    """
    claim = await queries.lock(session, actor, claim_id)
    await require_manager(session, actor, claim)
    event, written = _CHECKED[decision]
    claim.advance(event)
    await require_independent(session, actor, claim, ApprovalStep.formal_check)
    refuse_if(reason_faults(rules.REASON_MISSING, written, reason))
    claim.reason = reason
    happened = await told(session, claim, "checked", decision=decision.value, reason=reason)
    await events.record(session, actor=actor, moment=moment, events=[happened])
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=happened,
        step=ApprovalStep.formal_check,
        decision=written,
        round_no=claim.round,
        reason=reason,
    )
    if decision is CheckDecision.approved:
        offices = await pool_risks.offices(session, claim.district_code, APPROVERS)
        await _notify(session, moment, happened, NoticeKind.claim_to_approve, offices)
    else:
        await _notify(session, moment, happened, NoticeKind.claim_decided, [claim.organisation_id])
    return claim


async def supplement(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    claim_id: uuid.UUID,
    note: str,
    document_id: uuid.UUID,
) -> Claim:
    """The bank adds what the manager asked for; a new round begins.

    Raises: `claim.not_found`, `claim.not_yours`, `document.not_found`, `state.illegal_transition`.
    """
    claim = await queries.lock(session, actor, claim_id)
    require_bank(actor, claim)
    await document_queries.require(session, actor, document_id)
    claim.begin_round(ClaimEvent.supplement)
    happened = await told(session, claim, "supplemented", note=note, document_id=str(document_id))
    await events.record(session, actor=actor, moment=moment, events=[happened])
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=happened,
        step=ApprovalStep.make,
        decision=Decision.approved,
        round_no=claim.round,
        reason=note,
        document_id=document_id,
    )
    pool = await session.get_one(Pool, claim.pool_id)
    await _notify(session, moment, happened, NoticeKind.claim_to_check, [pool.manager_id])
    return claim


async def approve(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    claim_id: uuid.UUID,
    decision: Decision,
    reason: str | None = None,
    document_id: uuid.UUID | None = None,
) -> Claim:
    """An office's decision; with the second approval the money is set aside and the claim made public.

    Raises: `claim.not_found`, `claim.wrong_office`, `document.not_found`, `state.illegal_transition`,
    `claim.own_claim`, `approval.same_person`, `approval.step_taken`, `claim.reason_missing`,
    `claim.not_covered`, `claim.cover_in_doubt`, `claim.repaid_since`.
    """
    claim = await queries.lock(session, actor, claim_id)
    taken = {one.step for one in await queries.decisions(session, claim.id) if one.round == claim.round}
    step = _step(actor, claim, taken)
    await document_queries.require(session, actor, document_id)
    rejected = decision is Decision.rejected
    last = not rejected and {*taken, step} >= set(APPROVERS.values())
    rules.CLAIM.next(ClaimStatus(claim.status), ClaimEvent.reject if rejected else ClaimEvent.approve)
    await require_independent(session, actor, claim, step)
    refuse_if(reason_faults(rules.REASON_MISSING, decision, reason))
    if rejected:
        claim.advance(ClaimEvent.reject)
        claim.reason = reason
    elif last:
        await payout.require_cover(session, claim)
        await payout.require_unpaid(session, claim)
        claim.advance(ClaimEvent.approve)
        claim.advance(ClaimEvent.publicise)
        claim.publicised_on = moment.today
    else:
        claim.version += 1
    happened = await told(session, claim, _word(claim), step=step.value, reason=reason)
    await events.record(session, actor=actor, moment=moment, events=[happened])
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=happened,
        step=step,
        decision=decision,
        round_no=claim.round,
        reason=reason,
        document_id=document_id,
    )
    if last:
        await payout.set_aside(session, moment=moment, claim=claim, event_id=happened.id)
        treasuries = await pool_risks.offices(session, claim.district_code, [Role.treasury])
        await _notify(session, moment, happened, NoticeKind.claim_to_release, treasuries)
    if last or rejected:
        await _notify(session, moment, happened, NoticeKind.claim_decided, [claim.organisation_id])
    return claim


async def object_to(
    session: AsyncSession, *, actor: Actor, moment: Moment, claim_id: uuid.UUID, reason: str
) -> Claim:
    """An office takes up an objection to a public claim: back to review, and the money is given back.

    Raises: `claim.not_found`, `claim.wrong_office`, `claim.own_claim`, `state.illegal_transition`.
    """
    claim = await queries.lock(session, actor, claim_id)
    if not any(holds_office(actor, role, claim) for role in APPROVERS):
        raise rules.WRONG_OFFICE.error()
    await require_disinterested(session, actor, claim)
    rules.CLAIM.next(ClaimStatus(claim.status), ClaimEvent.object)
    set_aside = claim.transfer_id
    claim.begin_round(ClaimEvent.object)
    claim.reason = reason
    happened = await told(session, claim, "objected", reason=reason)
    await events.record(session, actor=actor, moment=moment, events=[happened])
    await payout.give_back(session, moment=moment, claim=claim, transfer_id=set_aside, event_id=happened.id)
    await session.flush()
    offices = await pool_risks.offices(session, claim.district_code, APPROVERS)
    await _notify(session, moment, happened, NoticeKind.claim_to_approve, offices)
    return claim


def _step(actor: Actor, claim: Claim, taken: set[str]) -> ApprovalStep:
    """The step the caller's office decides; one that is both takes what is still open."""
    mine = [step for role, step in APPROVERS.items() if holds_office(actor, role, claim)]
    if not mine:
        raise rules.WRONG_OFFICE.error()
    still_open = [step for step in mine if step not in taken]
    if claim.status == ClaimStatus.review and not still_open:
        raise STEP_TAKEN.error()
    return (still_open or mine)[0]


def _word(claim: Claim) -> str:
    """How the event of an office's decision is called: by where it brought the claim."""
    words = {ClaimStatus.rejected: "rejected", ClaimStatus.publicised: "publicised"}
    return words.get(ClaimStatus(claim.status), "approved")


async def _notify(
    session: AsyncSession,
    moment: Moment,
    event: events.NewEvent,
    kind: NoticeKind,
    recipients: list[uuid.UUID],
) -> None:
    facts = {name: event.payload[name] for name in ("number", "status")}
    await notices.send(session, moment=moment, event=event, kind=kind, recipients=recipients, facts=facts)
