"""Demanding a payout back and taking it in: false documents, double financing, a bank's violation (RP-17)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import claim as rules
from app.domain.claim import ClaimEvent, ClawbackGround
from app.domain.errors import refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.money import format_amount
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.pool import AccountCode, SharingParty
from app.domain.request import date_faults
from app.models.claim import Claim, Clawback
from app.models.pledge import Pledge
from app.queries import (
    claims as queries,
    documents as document_queries,
    ledger as ledger_queries,
    pools as pool_queries,
)
from app.services import events, funds, ledger, notices, periods, pool_breakers, pools
from app.services.claims.common import dimensions, holds_office, require_disinterested, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pool import Pool


@dataclass(frozen=True, slots=True)
class NewClawback:
    """Why a payout is demanded back, on which document, by when, and whether the bank is kept out."""

    ground: ClawbackGround
    reason: str
    document_id: uuid.UUID
    due_on: date
    excludes_bank: bool


async def claw_back(
    session: AsyncSession, *, actor: Actor, moment: Moment, claim_id: uuid.UUID, new: NewClawback
) -> Claim:
    """Demand a payout back: all of it that recoveries have not brought the pool yet, so that it is whole.

    Nothing further is recovered for the pool on the claim from then on.

    Raises: `claim.not_found`, `claim.wrong_office`, `claim.own_claim`, `document.not_found`,
    `state.illegal_transition`, `request.date_too_early`, `claim.nothing_to_repay`.
    """
    claim = await queries.lock(session, actor, claim_id)
    if not holds_office(actor, Role.finance_office, claim):
        raise rules.WRONG_OFFICE.error()
    await require_disinterested(session, actor, claim)
    await document_queries.require(session, actor, new.document_id)
    claim.advance(ClaimEvent.claw_back)
    refuse_if(date_faults("/due_on", new.due_on, today=date.max, first=moment.today))
    amount_fen = await _owed(session, claim)
    if amount_fen == 0:
        raise rules.NOTHING_TO_REPAY.error()
    event = await told(
        session,
        claim,
        "clawback_demanded",
        ground=new.ground.value,
        reason=new.reason,
        document_id=str(new.document_id),
        amount_fen=amount_fen,
        due_on=new.due_on,
        excludes_bank=new.excludes_bank,
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(
        Clawback(
            id=new_id(),
            district_code=claim.district_code,
            claim_id=claim.id,
            pool_id=claim.pool_id,
            ground=new.ground.value,
            reason=new.reason,
            document_id=new.document_id,
            amount_fen=amount_fen,
            excludes_bank=new.excludes_bank,
            ordered_on=moment.today,
            due_on=new.due_on,
            received_on=None,
            transfer_id=None,
            event_id=event.id,
            recorded_at=moment.now,
        )
    )
    await session.flush()
    await pool_breakers.evaluate(
        session, actor=actor, moment=moment, pool=await pool_queries.lock(session, claim.pool_id)
    )
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.clawback_demanded,
        recipients=[claim.organisation_id],
        facts={"number": claim.number, "amount": format_amount(amount_fen), "due_on": new.due_on},
        due_on=new.due_on,
    )
    return claim


async def receive(
    session: AsyncSession, *, actor: Actor, moment: Moment, claim_id: uuid.UUID, received_on: date
) -> Claim:
    """Book the money of a clawback in, in full, against the compensation paid; the claim is closed.

    By the pool's manager or the treasury of its district, never by the bank that owes it.

    Raises: `claim.not_found`, `claim.wrong_office`, `claim.own_claim`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`.
    """
    claim = await queries.lock(session, actor, claim_id)
    pool = await pool_queries.lock(session, claim.pool_id)
    if pool.manager_id != actor.organisation_id and not holds_office(actor, Role.treasury, claim):
        raise rules.WRONG_OFFICE.error()
    await require_disinterested(session, actor, claim)
    claim.advance(ClaimEvent.close)
    demand = (await queries.clawbacks(session, [claim.id]))[claim.id]
    refuse_if(date_faults("/received_on", received_on, today=moment.today, first=demand.ordered_on))
    event = await _received_event(session, claim, demand, received_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    transfer = await _transfer(session, moment, pool, demand, received_on)
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=event.id)
    await funds.attribute(
        session, moment=moment, pool=pool, transfers=[transfer], event_id=event.id, claim_id=claim.id
    )
    demand.received_on, demand.transfer_id = received_on, transfer.id
    await session.flush()
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return claim


async def _owed(session: AsyncSession, claim: Claim) -> int:
    """What was paid less what recoveries have brought the pool of it already, in fen."""
    shares = (await queries.shares(session, [claim.id]))[claim.id]
    return sum(one.borne_fen - one.recovered_fen for one in shares if one.party == SharingParty.pool)


async def _received_event(
    session: AsyncSession, claim: Claim, demand: Clawback, received_on: date
) -> events.NewEvent:
    """The receipt; it takes what was repaid off the payouts counted."""
    pledge = await session.get_one(Pledge, claim.pledge_id)
    counted = events.NewFact(
        measure=Measure.claim_payout_amount,
        district_code=claim.district_code,
        role=FactRole.internal,
        value=-demand.amount_fen,
        occurred_on=received_on,
        source_noun="claim",
        source_id=claim.id,
        dimensions=dimensions(claim, pledge.pledgee_id),
    )
    return await told(
        session,
        claim,
        "clawback_received",
        facts=[counted],
        occurred_on=received_on,
        amount_fen=demand.amount_fen,
    )


async def _transfer(
    session: AsyncSession, moment: Moment, pool: Pool, demand: Clawback, received_on: date
) -> ledger.NewTransfer:
    accounts = {account.code: account.id for account in await ledger_queries.accounts(session, pool.id)}
    booking = await periods.bookable(session, pool.id, received_on, moment.today)
    return ledger.NewTransfer(
        debit_account_id=accounts[AccountCode.cash],
        credit_account_id=accounts[AccountCode.compensation],
        amount_fen=demand.amount_fen,
        code="claim.clawback",
        business_noun="clawback",
        business_id=demand.id,
        occurred_on=booking.occurred_on,
        corrects_on=booking.corrects_on,
    )
