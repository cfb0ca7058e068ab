"""The money of a claim: set aside while it is public, and paid by the treasury (RP-10)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import claim as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.claim import ClaimEvent, ClaimStatus
from app.domain.claim_settlement import settle
from app.domain.commitment import CommitmentStatus
from app.domain.errors import refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.ledger import TransferKind
from app.domain.money import format_amount
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.pool import AccountCode, SharingParty
from app.domain.scheme import Shortage
from app.models.claim import Claim
from app.models.pledge import Pledge
from app.models.pool import Commitment, Pool, Scheme
from app.queries import (
    claim_settlements as settlement_queries,
    claims as queries,
    ledger as ledger_queries,
    pledge_classifications,
    pools as pool_queries,
)
from app.services import approvals, commitments, events, funds, ledger, notices, pool_breakers, pools
from app.services.claims import settlement
from app.services.claims.common import dimensions, holds_office, require_independent, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.claim_settlement import Settlement, Turn
    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.ledger import LedgerTransfer


async def require_cover(session: AsyncSession, claim: Claim) -> Commitment:
    """The commitment a claim was made on must still be live, and not in doubt.

    Raises: `claim.not_covered`, `claim.cover_in_doubt`.
    """
    commitment = await pool_queries.live_commitment(session, claim.pledge_id)
    if commitment is None or commitment.id != claim.commitment_id:
        raise rules.NOT_COVERED.error()
    if commitment.status == CommitmentStatus.anomaly:
        raise rules.COVER_IN_DOUBT.error(status=commitment.status)
    return commitment


async def require_unpaid(session: AsyncSession, claim: Claim) -> None:
    """What was claimed is still outstanding, read under the pledge's lock. Raises: `claim.repaid_since`."""
    last = await pledge_classifications.last(session, claim.pledge_id)
    if last is not None and last.outstanding_fen < claim.principal_fen:
        raise rules.REPAID_SINCE.error(
            outstanding=format_amount(last.outstanding_fen), principal=format_amount(claim.principal_fen)
        )


async def set_aside(session: AsyncSession, *, moment: Moment, claim: Claim, event_id: uuid.UUID) -> None:
    """Put what the pool can pay of its share beyond the reach of other uses (RP-05, approved but unpaid).

    By the scheme's shortage rule what is set aside for other public claims may change with it (POL-16).
    """
    await session.flush()
    pool = await pool_queries.lock(session, claim.pool_id)
    turns = await settlement.line(session, claim, moment.today)
    changes = await _rearranged(session, pool, claim, turns)
    await _hold(session, moment=moment, pool=pool, changes=changes, event_id=event_id)


async def give_back(
    session: AsyncSession, *, moment: Moment, claim: Claim, transfer_id: uuid.UUID | None, event_id: uuid.UUID
) -> None:
    """Return what was set aside for a claim that is public no more.

    By the scheme's shortage rule it goes to the other public claims first, and is free after them (RP-05).
    """
    await session.flush()
    pool = await pool_queries.lock(session, claim.pool_id)
    if transfer_id is not None:
        pending = await ledger_queries.get_transfer(session, pool.id, transfer_id)
        void = ledger.resolution(pending, TransferKind.void, code="claim.returned")
        await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[void], event_id=event_id)
    shortage = (await _scheme(session, claim)).shortage
    if shortage == Shortage.bank_bears:
        return
    public = await settlement_queries.public(session, pool.id)
    sharing = [one for one in public.values() if (await _scheme(session, one)).shortage == shortage]
    if sharing:
        turns = await settlement.line(session, sharing[0], moment.today)
        changes = await _rearranged(session, pool, claim, turns)
        await _hold(session, moment=moment, pool=pool, changes=changes, event_id=event_id)


async def pay(session: AsyncSession, *, actor: Actor, moment: Moment, claim_id: uuid.UUID) -> Claim:
    """Pay a claim that was public long enough: the treasury's release, the fourth pair of hands.

    The pool pays its share within its limits and the bank bears the rest; the loan's cover ends.
    That may leave the pool's capacity below its commitments: the breaker looks at it, nothing is refused.

    Raises: `claim.not_found`, `claim.wrong_office`, `state.illegal_transition`, `claim.own_claim`,
    `approval.same_person`, `claim.publicity_running`, `claim.not_covered`, `claim.cover_in_doubt`,
    `claim.repaid_since`, `claim.queued`.
    """
    claim = await queries.lock(session, actor, claim_id)
    if not holds_office(actor, Role.treasury, claim):
        raise rules.WRONG_OFFICE.error()
    rules.CLAIM.next(ClaimStatus(claim.status), ClaimEvent.pay)
    await require_independent(session, actor, claim, ApprovalStep.release)
    commitment = await require_cover(session, claim)
    await _require_publicity(session, moment, claim, commitment)
    await require_unpaid(session, claim)
    pool = await pool_queries.lock(session, claim.pool_id)
    shares = (await queries.shares(session, [claim.id]))[claim.id]
    turns = await settlement.line(session, claim, moment.today)
    _require_turn(turns[claim.id])
    found = settle({SharingParty(share.party): share.due_fen for share in shares}, turns[claim.id].limits)
    event = await _paid_event(session, moment, pool, claim, found)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.release,
        decision=Decision.approved,
        round_no=claim.round,
    )
    others = [one for one in await _rearranged(session, pool, claim, turns) if one.claim is not claim]
    payout = await _payout(session, pool, claim, found)
    await _hold(session, moment=moment, pool=pool, changes=others, event_id=event.id, with_payout=payout)
    for share in shares:
        share.borne_fen = found.borne[SharingParty(share.party)]
    # What is borne is written before the claim is paid: the database freezes it then.
    await session.flush()
    claim.pay(found, transfer_id=payout[-1].id if found.paid_fen else None, on=moment.today)
    await session.flush()
    await commitments.release(
        session, moment=moment, pledge_id=claim.pledge_id, event_id=event.id, released_on=moment.today
    )
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.claim_decided,
        recipients=[claim.organisation_id],
        facts={"number": claim.number, "status": claim.status},
    )
    return claim


async def _require_publicity(
    session: AsyncSession, moment: Moment, claim: Claim, commitment: Commitment
) -> None:
    scheme = await session.get_one(Scheme, commitment.scheme_id)
    published_on = claim.publicised_on or moment.today
    first = rules.payable_from(published_on, scheme.publicity_days)
    if moment.today < first:
        refuse_if([rules.PUBLICITY_RUNNING.violation(payable_from=first)])


def _require_turn(turn: Turn) -> None:
    """In a queue a claim is paid in full, and after those before it (RP-10)."""
    if turn.queued:
        raise rules.QUEUED.error(
            entitled=format_amount(turn.entitled_fen), available=format_amount(turn.payable_fen)
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """What is set aside for a public claim from now on, none at first."""

    claim: Claim
    held: LedgerTransfer | None
    amount_fen: int


async def _rearranged(
    session: AsyncSession, pool: Pool, claim: Claim, turns: Mapping[uuid.UUID, Turn]
) -> list[_Change]:
    """Whose set-aside changes: the claim's own, and of those with which its rule shares the money."""
    scheme = await _scheme(session, claim)
    changes = []
    for claim_id, one in sorted((await settlement_queries.public(session, pool.id)).items()):
        shared = scheme.shortage != Shortage.bank_bears
        if claim_id != claim.id and not (
            shared and (await _scheme(session, one)).shortage == scheme.shortage
        ):
            continue
        held = await _held(session, pool, one)
        if (held.amount_fen if held is not None else 0) != turns[claim_id].payable_fen:
            changes.append(_Change(one, held, turns[claim_id].payable_fen))
    return changes


async def _hold(
    session: AsyncSession,
    *,
    moment: Moment,
    pool: Pool,
    changes: Sequence[_Change],
    event_id: uuid.UUID,
    with_payout: Sequence[ledger.NewTransfer] = (),
) -> None:
    """Write what is set aside anew, and a payout with it, as one posting: first all that is given back."""
    returned = [
        ledger.resolution(one.held, TransferKind.void, code="claim.returned")
        for one in changes
        if one.held is not None
    ]
    accounts = await _accounts(session, pool)
    pending = {
        one.claim.id: _transfer(accounts, one.claim, one.amount_fen, TransferKind.pending)
        for one in changes
        if one.amount_fen > 0
    }
    transfers = [*returned, *with_payout, *pending.values()]
    if not transfers:
        return
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=transfers, event_id=event_id)
    await funds.attribute(session, moment=moment, pool=pool, transfers=transfers, event_id=event_id)
    for one in changes:
        made = pending.get(one.claim.id)
        one.claim.transfer_id = made.id if made is not None else None
    await session.flush()


async def _scheme(session: AsyncSession, claim: Claim) -> Scheme:
    commitment = await session.get_one(Commitment, claim.commitment_id)
    return await session.get_one(Scheme, commitment.scheme_id)


async def _held(session: AsyncSession, pool: Pool, claim: Claim) -> LedgerTransfer | None:
    if claim.transfer_id is None:
        return None
    return await ledger_queries.get_transfer(session, pool.id, claim.transfer_id)


async def _payout(
    session: AsyncSession, pool: Pool, claim: Claim, found: Settlement
) -> list[ledger.NewTransfer]:
    """The payout last: what was set aside is posted; if more or less is payable by now, it is made anew."""
    held = await _held(session, pool, claim)
    if held is not None and held.amount_fen == found.paid_fen:
        return [ledger.resolution(held, TransferKind.post, code="claim.payout")]
    void = [ledger.resolution(held, TransferKind.void, code="claim.returned")] if held is not None else []
    if found.paid_fen == 0:
        return void
    accounts = await _accounts(session, pool)
    return [*void, _transfer(accounts, claim, found.paid_fen, TransferKind.posted)]


async def _accounts(session: AsyncSession, pool: Pool) -> dict[str, uuid.UUID]:
    return {account.code: account.id for account in await ledger_queries.accounts(session, pool.id)}


def _transfer(
    accounts: Mapping[str, uuid.UUID], claim: Claim, amount_fen: int, kind: TransferKind
) -> ledger.NewTransfer:
    """Money out of the pool's special account for a claim."""
    return ledger.NewTransfer(
        debit_account_id=accounts[AccountCode.compensation],
        credit_account_id=accounts[AccountCode.cash],
        amount_fen=amount_fen,
        code="claim.set_aside" if kind is TransferKind.pending else "claim.payout",
        business_noun="claim",
        business_id=claim.id,
        kind=kind,
    )


async def _paid_event(
    session: AsyncSession, moment: Moment, pool: Pool, claim: Claim, found: Settlement
) -> events.NewEvent:
    pledge = await session.get_one(Pledge, claim.pledge_id)
    counted = events.NewFact(
        measure=Measure.claim_payout_amount,
        district_code=pool.district_code,
        role=FactRole.internal,
        value=found.paid_fen,
        occurred_on=moment.today,
        source_noun="claim",
        source_id=claim.id,
        dimensions=dimensions(claim, pledge.pledgee_id),
    )
    return await told(
        session,
        claim,
        "paid",
        facts=[counted] if found.paid_fen else [],
        status=ClaimStatus.paid.value,
        paid_fen=found.paid_fen,
        due_fen=claim.due_fen,
        shortfall_reason=found.shortfall_reason,
        limits_fen=dict(found.limits),
    )
