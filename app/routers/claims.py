"""`/v1/claims`: from a default to the pool's payout, by four pairs of hands, and the evidence behind it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import claim as rules
from app.domain.permission import Permission
from app.models.claim import Claim, ClaimShare, Clawback, Recovery, RecoveryShare
from app.queries import claims as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.claim import (
    ClaimApprovalIn,
    ClaimCheckIn,
    ClaimEvidenceOut,
    ClaimIn,
    ClaimOut,
    ClaimShareOut,
    ClawbackIn,
    ClawbackOut,
    ClawbackReceiptIn,
    PayoutOut,
    SupplementIn,
    WriteOffIn,
)
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.recovery import RecoveryOut, RecoveryShareOut
from app.services import claims

router = APIRouter(prefix="/v1/claims", tags=["claims"])

Writing = Annotated[WriteUnit, writes(Permission.claim_write)]
Checking = Annotated[WriteUnit, writes(Permission.claim_check)]
Approving = Annotated[WriteUnit, writes(Permission.claim_approve)]
Releasing = Annotated[WriteUnit, writes(Permission.claim_release)]
Ordering = Annotated[WriteUnit, writes(Permission.claim_clawback)]
Booking = Annotated[WriteUnit, writes(Permission.ledger_post)]
Reading = Annotated[ReadUnit, reads(Permission.claim_read)]


def _recovery(recovery: Recovery, shares: Sequence[RecoveryShare]) -> RecoveryOut:
    return RecoveryOut(
        id=recovery.id,
        source=recovery.source,
        gross=MoneyOut.of(recovery.gross_fen),
        cost=MoneyOut.of(recovery.cost_fen),
        net=MoneyOut.of(recovery.gross_fen - recovery.cost_fen),
        interest=MoneyOut.of(recovery.interest_fen),
        surplus=MoneyOut.of(recovery.surplus_fen),
        occurred_on=recovery.occurred_on,
        remit_by=recovery.remit_by,
        late_days=recovery.late_days,
        transfer_id=recovery.transfer_id,
        shares=[
            RecoveryShareOut(party=share.party, amount=MoneyOut.of(share.amount_fen)) for share in shares
        ],
    )


def _share(share: ClaimShare) -> ClaimShareOut:
    return ClaimShareOut(
        party=share.party,
        share_bp=share.share_bp,
        due=MoneyOut.of(share.due_fen),
        borne=MoneyOut.of(share.borne_fen),
        recovered=MoneyOut.of(share.recovered_fen),
    )


def _clawback(row: Clawback) -> ClawbackOut:
    return ClawbackOut(
        ground=row.ground,
        reason=row.reason,
        document_id=row.document_id,
        amount=MoneyOut.of(row.amount_fen),
        excludes_bank=row.excludes_bank,
        ordered_on=row.ordered_on,
        due_on=row.due_on,
        received_on=row.received_on,
        transfer_id=row.transfer_id,
    )


def _settlement(found: claims.Preview) -> PayoutOut:
    paid, borne = found.settlement.paid_fen, found.settlement.borne
    reason, share = found.settlement.shortfall_reason, found.due_fen
    return PayoutOut(
        due=MoneyOut.of(share),
        entitled=MoneyOut.of(found.entitled_fen),
        payable=MoneyOut.of(paid),
        shortfall=MoneyOut.of(share - paid),
        shortfall_reason=reason,
        queued=found.queued,
        limits={limit.value: MoneyOut.of(fen) for limit, fen in found.settlement.limits.items()},
        borne={party.value: MoneyOut.of(fen) for party, fen in borne.items()},
    )


def _out(
    claim: Claim,
    shares: Sequence[ClaimShare],
    recoveries: list[RecoveryOut],
    clawback: Clawback | None,
    settlement: PayoutOut | None,
) -> ClaimOut:
    paid, published = claim.paid_fen, claim.publicised_on
    publicity_days: int = claim.evidence["scheme"]["publicity_days"]
    return ClaimOut(
        id=claim.id,
        number=claim.number,
        district_code=claim.district_code,
        status=claim.status,
        pool_id=claim.pool_id,
        pledge_id=claim.pledge_id,
        organisation_id=claim.organisation_id,
        default_no=claim.default_no,
        default_on=claim.default_on,
        trigger=claim.trigger,
        principal=MoneyOut.of(claim.principal_fen),
        interest=MoneyOut.of(claim.interest_fen),
        realised=MoneyOut.of(claim.realised_fen),
        loss=MoneyOut.of(claim.loss_fen),
        due=MoneyOut.of(claim.due_fen),
        paid=MoneyOut.of(paid) if paid is not None else None,
        shortfall=MoneyOut.of(claim.due_fen - paid) if paid is not None else None,
        shortfall_reason=claim.shortfall_reason,
        shares=[_share(share) for share in shares],
        recoveries=recoveries,
        clawback=_clawback(clawback) if clawback is not None else None,
        settlement=settlement,
        transfer_id=claim.transfer_id,
        evidence_sha256=claim.evidence_sha256,
        document_id=claim.document_id,
        round=claim.round,
        reason=claim.reason,
        submitted_on=claim.submitted_on,
        publicised_on=published,
        payable_from=rules.payable_from(published, publicity_days) if published is not None else None,
        paid_on=claim.paid_on,
        written_off_on=claim.written_off_on,
        version=claim.version,
    )


async def _shown(
    unit: ReadUnit | WriteUnit, rows: Sequence[Claim], settlement: PayoutOut | None = None
) -> list[ClaimOut]:
    ids = [claim.id for claim in rows]
    shares = await queries.shares(unit.session, ids)
    recoveries = await queries.recoveries(unit.session, ids)
    clawbacks = await queries.clawbacks(unit.session, ids)
    return [
        _out(
            claim,
            shares[claim.id],
            [_recovery(row, parts) for row, parts in recoveries[claim.id]],
            clawbacks.get(claim.id),
            settlement,
        )
        for claim in rows
    ]


async def answer(
    unit: WriteUnit, claim: Claim, status_code: int = 200, settlement: PayoutOut | None = None
) -> Response:
    """A claim as the answer to what was done with it."""
    (shown,) = await _shown(unit, [claim], settlement)
    return await unit.reply(status_code, shown, headers={"ETag": etag(claim.version)})


@router.post("", status_code=201, response_model=ClaimOut)
async def submit(body: ClaimIn, unit: Writing) -> Response:
    """Claim on the pool that covers a pledge; loss, shares and evidence are assembled from the record."""
    new = claims.NewClaim(
        body.pledge_id,
        body.default_on,
        body.trigger,
        body.document_id,
        interest=body.interest.money if body.interest is not None else None,
        interest_days=body.interest_days,
        realised=body.realised.money if body.realised is not None else None,
    )
    claim = await claims.submit(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    drafted = _settlement(await claims.preview(unit.session, claim, unit.moment.today))
    return await answer(unit, claim, 201, drafted)


@router.get("")
async def search(unit: Reading, paging: PageDep) -> Page[ClaimOut]:
    """List the claims the caller may see: the bank its own, manager and offices those of their pools."""
    found = await page(unit.session, queries.visible(unit.actor), Claim.id, paging.wanted)
    return paging.answer(found, await _shown(unit, found.rows))


@router.get("/{claim_id}")
async def get(claim_id: uuid.UUID, unit: Reading, response: Response) -> ClaimOut:
    """One claim with its shares and recoveries."""
    claim = await queries.get(unit.session, unit.actor, claim_id)
    response.headers["ETag"] = etag(claim.version)
    (shown,) = await _shown(unit, [claim])
    return shown


@router.get("/{claim_id}/evidence")
async def evidence(claim_id: uuid.UUID, unit: Reading) -> ClaimEvidenceOut:
    """What the claim was assembled from, with its hash, and whether the record still yields the same."""
    claim = await queries.get(unit.session, unit.actor, claim_id)
    again = claims.digest(await claims.assemble(unit.session, claim))
    return ClaimEvidenceOut(
        claim_id=claim.id,
        evidence=claim.evidence,
        sha256=claim.evidence_sha256,
        reproduced_sha256=again,
        reproduced=again == claim.evidence_sha256,
    )


@router.get("/{claim_id}/settlement")
async def settlement(claim_id: uuid.UUID, unit: Reading) -> PayoutOut:
    """What would be paid today: every limit and the one that binds, and what each party bears then."""
    claim = await queries.get(unit.session, unit.actor, claim_id)
    return _settlement(await claims.preview(unit.session, claim, unit.moment.today))


@router.post("/{claim_id}/check", response_model=ClaimOut)
async def check(claim_id: uuid.UUID, body: ClaimCheckIn, unit: Checking) -> Response:
    """The pool manager's formal check: on to the offices, back for more, or rejected."""
    claim = await claims.check(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        claim_id=claim_id,
        decision=body.decision,
        reason=body.reason,
    )
    return await answer(unit, claim)


@router.post("/{claim_id}/supplement", response_model=ClaimOut)
async def supplement(claim_id: uuid.UUID, body: SupplementIn, unit: Writing) -> Response:
    """The bank adds what the manager asked for."""
    claim = await claims.supplement(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        claim_id=claim_id,
        note=body.note,
        document_id=body.document_id,
    )
    return await answer(unit, claim)


@router.post("/{claim_id}/approval", response_model=ClaimOut)
async def approve(claim_id: uuid.UUID, body: ClaimApprovalIn, unit: Approving) -> Response:
    """An office's decision; with the second approval the money is set aside and the claim is public."""
    claim = await claims.approve(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        claim_id=claim_id,
        decision=body.decision,
        reason=body.reason,
        document_id=body.document_id,
    )
    return await answer(unit, claim)


@router.post("/{claim_id}/objection", response_model=ClaimOut)
async def object_to(claim_id: uuid.UUID, body: ReasonIn, unit: Approving) -> Response:
    """Take up an objection to a public claim: back to review; what was set aside is given back."""
    claim = await claims.object_to(
        unit.session, actor=unit.actor, moment=unit.moment, claim_id=claim_id, reason=body.reason
    )
    return await answer(unit, claim)


@router.post("/{claim_id}/payment", response_model=ClaimOut)
async def pay(claim_id: uuid.UUID, unit: Releasing) -> Response:
    """Pay a claim that was public long enough, within its limits; the loan's cover ends."""
    claim = await claims.pay(unit.session, actor=unit.actor, moment=unit.moment, claim_id=claim_id)
    return await answer(unit, claim)


@router.post("/{claim_id}/write-off", response_model=ClaimOut)
async def write_off(claim_id: uuid.UUID, body: WriteOffIn, unit: Releasing) -> Response:
    """Write off what will not come back; later recoveries are shared all the same (账销案存)."""
    claim = await claims.write_off(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        claim_id=claim_id,
        reason=body.reason,
        document_id=body.document_id,
    )
    return await answer(unit, claim)


@router.post("/{claim_id}/clawback", response_model=ClaimOut)
async def claw_back(claim_id: uuid.UUID, body: ClawbackIn, unit: Ordering) -> Response:
    """Demand a payout back, less what recoveries have brought the pool of it (RP-17)."""
    new = claims.NewClawback(body.ground, body.reason, body.document_id, body.due_on, body.excludes_bank)
    claim = await claims.claw_back(
        unit.session, actor=unit.actor, moment=unit.moment, claim_id=claim_id, new=new
    )
    return await answer(unit, claim)


@router.post("/{claim_id}/clawback/receipt", response_model=ClaimOut)
async def receive(claim_id: uuid.UUID, body: ClawbackReceiptIn, unit: Booking) -> Response:
    """Book the money of a clawback in, in full; the claim is closed."""
    claim = await claims.receive(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        claim_id=claim_id,
        received_on=body.received_on,
    )
    return await answer(unit, claim)
