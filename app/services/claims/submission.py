"""Making a claim: the bank names pledge, day and trigger; the rest is assembled from the record (UNI-10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.domain import claim as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.claim import ClaimStatus
from app.domain.claim_settlement import effective_bp
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.pool import SharingParty
from app.models.claim import Claim, ClaimShare
from app.models.pool import Pool
from app.queries import documents as document_queries, pledge_classifications, pledges as pledge_queries
from app.queries.claim_evidence import Cut
from app.queries.serials import next_number
from app.services import approvals, events, notices
from app.services.claims import evidence, ground, settlement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.claim_settlement import Limit
    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.services.claims.ground import Ground, NewClaim
    from app.services.claims.settlement import Draft


async def submit(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewClaim) -> Claim:
    """Claim on the pool that covers a pledge; the caller is the bank of the loan.

    Raises: `pledge.not_found`, `claim.not_yours`, `document.not_found`, `claim.not_covered`, and all that
    apply of `request.date_in_future`, `claim.pledge_not_registered`, `claim.enrolled_late`,
    `claim.cover_in_doubt`, `claim.window_closed`, `claim.trigger_not_met`, `claim.proof_missing`,
    `pool.currency_mismatch`, `claim.interest_days`, `claim.realised_ahead`, `claim.no_loss`,
    `claim.already_claimed`, `claim.appeal_spent`.
    """
    seen = await pledge_queries.get(session, actor, new.pledge_id)
    if not pledge_classifications.is_bank(actor, seen):
        raise rules.NOT_YOURS.error("/pledge_id")
    await document_queries.require(session, actor, new.document_id)
    found = await ground.read(session, new)
    refuse_if(ground.faults(new, found, moment))
    default_no = _default_no(new, found)
    drafted = ground.draft(new, found)
    known_at = max([moment.now, *(one.recorded_at for one in found.classified)])
    assembled = await evidence.gather(
        session,
        pledge=found.pledge,
        commitment=found.commitment,
        scheme=found.scheme,
        cut=Cut(new.default_on, known_at),
    )
    claim = await _claim(session, actor, moment, found, new)
    claim.default_no = default_no
    claim.principal_fen, claim.loss_fen = drafted.debt.principal_fen, drafted.loss_fen
    claim.interest_fen, claim.realised_fen = drafted.interest_fen, drafted.debt.realised_fen
    claim.due_fen = drafted.due[SharingParty.pool]
    turns = await settlement.line(session, claim, moment.today)
    assembled["claim"] = _figures(new, default_no, drafted, turns[claim.id].limits)
    claim.evidence, claim.evidence_sha256 = assembled, evidence.digest(assembled)
    await _write(session, actor, moment, claim, _shares(claim, drafted))
    return claim


def _default_no(new: NewClaim, found: Ground) -> int:
    """The number of the default on its loan: an appeal keeps the number of what was rejected (RP-12)."""
    same = [claim.default_no for claim in found.of_default(new.default_on)]
    return same[0] if same else max((claim.default_no for claim in found.earlier), default=0) + 1


def _figures(new: NewClaim, default_no: int, drafted: Draft, limits: Mapping[Limit, int]) -> dict[str, Any]:
    return {
        "default_no": default_no,
        "trigger": new.trigger.value,
        "document_id": str(new.document_id) if new.document_id is not None else None,
        "principal_fen": drafted.debt.principal_fen,
        "interest_fen": drafted.debt.interest_fen,
        "interest_days": drafted.debt.interest_days,
        "interest_counted_fen": drafted.interest_fen,
        "realised_fen": drafted.debt.realised_fen,
        "loss_fen": drafted.loss_fen,
        "tiers": [
            {
                "amount_fen": one.amount_fen,
                "shares_bp": {party.value: share for party, share in one.shares_bp.items()},
            }
            for one in drafted.slices
        ],
        "due_fen": {party.value: part for party, part in drafted.due.items()},
        "limits_fen": {limit.value: fen for limit, fen in limits.items()},
    }


async def _claim(session: AsyncSession, actor: Actor, moment: Moment, found: Ground, new: NewClaim) -> Claim:
    district = found.commitment.district_code
    return Claim(
        id=new_id(),
        district_code=district,
        number=await next_number(session, "claim", district, moment.today),
        pool_id=found.commitment.pool_id,
        commitment_id=found.commitment.id,
        pledge_id=found.pledge.id,
        organisation_id=actor.organisation_id,
        default_on=new.default_on,
        trigger=new.trigger.value,
        paid_fen=None,
        shortfall_reason=None,
        document_id=new.document_id,
        round=1,
        reason=None,
        status=ClaimStatus.submitted.value,
        submitted_on=moment.today,
        publicised_on=None,
        paid_on=None,
        written_off_on=None,
        transfer_id=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )


def _shares(claim: Claim, drafted: Draft) -> list[ClaimShare]:
    shares_bp = effective_bp(drafted.slices)
    return [
        ClaimShare(
            id=new_id(),
            district_code=claim.district_code,
            claim_id=claim.id,
            party=party.value,
            share_bp=shares_bp[party],
            due_fen=part,
            borne_fen=0,
            recovered_fen=0,
        )
        for party, part in drafted.due.items()
    ]


async def _write(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    claim: Claim,
    shares: Sequence[ClaimShare],
) -> None:
    pool = await session.get_one(Pool, claim.pool_id)
    event = events.NewEvent(
        id=claim.event_id,
        type="claim.submitted",
        noun="claim",
        subject_id=claim.id,
        stream=claim.district_code,
        audience=sorted({claim.organisation_id, pool.manager_id}),
        payload={
            "number": claim.number,
            "pledge_id": str(claim.pledge_id),
            "pool_id": str(claim.pool_id),
            "default_on": str(claim.default_on),
            "loss_fen": claim.loss_fen,
            "due_fen": claim.due_fen,
            "evidence_sha256": claim.evidence_sha256,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(claim)
    await session.flush()
    session.add_all(shares)
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.make,
        decision=Decision.approved,
        document_id=claim.document_id,
    )
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.claim_to_check,
        recipients=[pool.manager_id],
        facts={"number": claim.number},
    )
