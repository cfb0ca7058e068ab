"""Making a claim: the bank names pledge, day and trigger; the rest is assembled from the record (UNI-10)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.domain import claim as rules, pool as pool_rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.claim import PROVEN, ClaimStatus, ClaimTrigger
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.loan_class import NON_PERFORMING, LoanClass
from app.domain.notice import NoticeKind
from app.domain.pledge import PledgeStatus
from app.domain.pool import SharingParty
from app.domain.request import date_faults
from app.models.claim import Claim, ClaimShare
from app.models.pledge import LoanClassification, Pledge
from app.models.pool import Commitment, Pool, Scheme
from app.queries import (
    claims as queries,
    documents as document_queries,
    pledge_classifications,
    pledges as pledge_queries,
    pools as pool_queries,
)
from app.queries.claim_evidence import Cut
from app.queries.serials import next_number
from app.services import approvals, events, notices
from app.services.claims import evidence

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A default as the bank reports it; court acceptance and bankruptcy come with a document."""

    pledge_id: uuid.UUID
    default_on: date
    trigger: ClaimTrigger
    document_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a claim is decided on, read under the pledge's lock."""

    pledge: Pledge
    commitment: Commitment
    scheme: Scheme
    classified: Sequence[LoanClassification]
    earlier: Sequence[Claim]
    decided_at: Mapping[uuid.UUID, datetime]

    def of_default(self, on: date) -> list[Claim]:
        """Earlier claims on the default of a day: the loan has not performed since (RP-12)."""
        performing = [
            one.occurred_on
            for one in self.classified
            if LoanClass(one.loan_class) not in NON_PERFORMING and one.overdue_days == 0
        ]
        return [one for one in self.earlier if rules.same_default(one.default_on, on, performing)]

    def attempts(self, on: date) -> int:
        """How often a default was rejected, but for claims on a loan that was repaid in part by then."""
        return sum(not self._repaid(one) for one in self.of_default(on) if one.id in self.decided_at)

    def _repaid(self, claim: Claim) -> bool:
        by_then = [one for one in self.classified if one.recorded_at <= self.decided_at[claim.id]]
        return bool(by_then) and by_then[-1].outstanding_fen < claim.principal_fen

    def at(self, on: date) -> LoanClassification | None:
        """The last classification of a day no later than `on`."""
        return next((one for one in reversed(self.classified) if one.occurred_on <= on), None)

    @property
    def outstanding_fen(self) -> int:
        """Principal outstanding now (RP-07): what was repaid since the default is no loss."""
        if self.classified:
            return self.classified[-1].outstanding_fen
        return self.pledge.principal_fen or 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """Principal, the covered part of it, and who bears which part of that, in fen."""

    principal_fen: int
    loss_fen: int
    due: Mapping[SharingParty, int]


async def submit(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewClaim) -> Claim:
    """Claim on the pool that covers a pledge; the caller is the bank of the loan.

    Raises: `pledge.not_found`, `claim.not_yours`, `document.not_found`, `claim.not_covered`, and all that
    apply of `request.date_in_future`, `claim.pledge_not_registered`, `claim.enrolled_late`,
    `claim.window_closed`, `claim.trigger_not_met`, `claim.proof_missing`, `claim.no_loss`,
    `claim.already_claimed`, `claim.appeal_spent`.
    """
    seen = await pledge_queries.get(session, actor, new.pledge_id)
    if not pledge_classifications.is_bank(actor, seen):
        raise rules.NOT_YOURS.error("/pledge_id")
    await document_queries.require(session, actor, new.document_id)
    ground = await _ground(session, new)
    refuse_if(_faults(new, ground, moment))
    default_no = _default_no(new, ground)
    amounts = _amounts(ground)
    known_at = max([moment.now, *(one.recorded_at for one in ground.classified)])
    assembled = await evidence.gather(
        session,
        pledge=ground.pledge,
        commitment=ground.commitment,
        scheme=ground.scheme,
        cut=Cut(new.default_on, known_at),
    )
    assembled["claim"] = _figures(new, default_no, amounts)
    claim = await _claim(session, actor, moment, ground, new)
    claim.default_no, claim.evidence, claim.evidence_sha256 = (
        default_no,
        assembled,
        evidence.digest(assembled),
    )
    claim.principal_fen, claim.loss_fen = amounts.principal_fen, amounts.loss_fen
    claim.due_fen = amounts.due[SharingParty.pool]
    await _write(session, actor, moment, claim, _shares(claim, ground.scheme, amounts))
    return claim


async def _ground(session: AsyncSession, new: NewClaim) -> Ground:
    pledge = await pledge_classifications.lock_pledge(session, new.pledge_id)
    earlier = await queries.of_pledge(session, pledge.id)
    commitment = await pool_queries.live_commitment(session, pledge.id)
    if commitment is None:
        # A paid claim has ended its cover: that it was claimed says more than that it is not covered.
        paid = any(claim.status != ClaimStatus.rejected for claim in earlier)
        raise (rules.ALREADY_CLAIMED if paid else rules.NOT_COVERED).error("/pledge_id")
    return Ground(
        pledge,
        commitment,
        await session.get_one(Scheme, commitment.scheme_id),
        await pledge_classifications.known(session, pledge.id),
        earlier,
        await queries.rejected_at(
            session, [claim.id for claim in earlier if claim.status == ClaimStatus.rejected]
        ),
    )


def _faults(new: NewClaim, ground: Ground, moment: Moment) -> list[Violation]:
    """Everything that speaks against the claim, at once."""
    found = date_faults("/default_on", new.default_on, today=moment.today)
    if ground.pledge.status != PledgeStatus.registered:
        found.append(rules.PLEDGE_NOT_REGISTERED.violation("/pledge_id", status=ground.pledge.status))
    enrolled_on = max(ground.commitment.committed_on, ground.pledge.registered_on or date.min)
    if new.default_on < enrolled_on:
        found.append(
            rules.ENROLLED_LATE.violation("/default_on", default_on=new.default_on, enrolled_on=enrolled_on)
        )
    last_day = rules.last_day(new.default_on, ground.scheme.claim_window_days)
    if moment.today > last_day:
        found.append(rules.WINDOW_CLOSED.violation("/default_on", last_day=last_day))
    found += _trigger_faults(new, ground)
    if ground.outstanding_fen == 0:
        found.append(rules.NO_LOSS.violation("/pledge_id"))
    if any(claim.status != ClaimStatus.rejected for claim in ground.earlier):
        found.append(rules.ALREADY_CLAIMED.violation("/pledge_id"))
    elif ground.attempts(new.default_on) >= rules.MAX_ATTEMPTS:
        found.append(rules.APPEAL_SPENT.violation("/default_on"))
    return found


def _trigger_faults(new: NewClaim, ground: Ground) -> list[Violation]:
    if new.trigger in PROVEN:
        return [rules.PROOF_MISSING.violation("/document_id")] if new.document_id is None else []
    at_default = ground.at(new.default_on)
    loan_class = LoanClass(at_default.loan_class) if at_default is not None else None
    overdue_days = at_default.overdue_days if at_default is not None else 0
    required_days = ground.scheme.overdue_days or rules.NEVER
    if rules.trigger_met(
        new.trigger, loan_class=loan_class, overdue_days=overdue_days, required_days=required_days
    ):
        return []
    shown = loan_class.value if loan_class is not None else LoanClass.normal.value
    facts = {"loan_class": shown, "overdue_days": overdue_days, "required_days": required_days}
    return [rules.TRIGGER_NOT_MET.violation("/trigger", **facts)]


def _default_no(new: NewClaim, ground: Ground) -> int:
    """The number of the default on its loan: an appeal keeps the number of what was rejected (RP-12)."""
    same = [claim.default_no for claim in ground.of_default(new.default_on)]
    return same[0] if same else max((claim.default_no for claim in ground.earlier), default=0) + 1


def _amounts(ground: Ground) -> Amounts:
    principal = ground.outstanding_fen
    loss = pool_rules.covered_principal(principal, ground.commitment.ip_share_bp)
    shares = shares_of(ground.scheme)
    due = {SharingParty.bank: 0, SharingParty.pool: 0, **rules.shares_of_loss(loss, shares)}
    return Amounts(principal, loss, due)


def _figures(new: NewClaim, default_no: int, amounts: Amounts) -> dict[str, Any]:
    return {
        "default_no": default_no,
        "trigger": new.trigger.value,
        "document_id": str(new.document_id) if new.document_id is not None else None,
        "principal_fen": amounts.principal_fen,
        "loss_fen": amounts.loss_fen,
        "due_fen": {party.value: part for party, part in amounts.due.items()},
    }


async def _claim(session: AsyncSession, actor: Actor, moment: Moment, ground: Ground, new: NewClaim) -> Claim:
    district = ground.commitment.district_code
    return Claim(
        id=new_id(),
        district_code=district,
        number=await next_number(session, "claim", district, moment.today),
        pool_id=ground.commitment.pool_id,
        commitment_id=ground.commitment.id,
        pledge_id=ground.pledge.id,
        organisation_id=actor.organisation_id,
        default_on=new.default_on,
        trigger=new.trigger.value,
        interest_fen=0,
        realised_fen=0,
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


def _shares(claim: Claim, scheme: Scheme, amounts: Amounts) -> list[ClaimShare]:
    return [
        ClaimShare(
            id=new_id(),
            district_code=claim.district_code,
            claim_id=claim.id,
            party=party.value,
            share_bp=shares_of(scheme).get(party, 0),
            due_fen=part,
            borne_fen=0,
            recovered_fen=0,
        )
        for party, part in amounts.due.items()
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


def shares_of(scheme: Scheme) -> dict[SharingParty, int]:
    """The shares of a scheme with one tier."""
    return {SharingParty(party): share for party, share in scheme.tiers[0]["shares_bp"].items()}
