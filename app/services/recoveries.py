"""Recoveries (追偿): what comes back after a payout flows to those who bore the loss (RP-14, UNI-11)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pool as pool_rules, recovery as rules
from app.domain.claim import ClaimEvent, ClaimStatus
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.money import Money
from app.domain.pool import AccountCode, SharingParty
from app.domain.recovery import RecoverySource
from app.domain.request import date_faults
from app.models.claim import Claim, ClaimShare, Recovery, RecoveryShare
from app.models.pledge import Pledge
from app.models.pool import Pool
from app.queries import (
    claims as queries,
    documents as document_queries,
    ledger as ledger_queries,
    pools as pool_queries,
)
from app.services import events, ledger, pool_breakers, pools
from app.services.claims.common import dimensions, require_bank, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewRecovery:
    """Money that came in, before the documented cost of getting it."""

    source: RecoverySource
    gross: Money
    cost: Money
    occurred_on: date
    document_id: uuid.UUID | None = None


async def record(
    session: AsyncSession, *, actor: Actor, moment: Moment, claim_id: uuid.UUID, new: NewRecovery
) -> Claim:
    """Share what came back pro rata to what each party bore and lacks; the surplus is the pledgor's.

    It is of a day since the default, though booked after the payout. The pool's part is booked in the same
    transaction. A claim on which everybody is whole is recovered, and what it still brings is all surplus;
    one that was written off stays so.

    Raises: `claim.not_found`, `claim.not_yours`, `document.not_found`, `state.illegal_transition`, and
    all that apply of `pool.currency_mismatch`, `recovery.cost_exceeds`, `request.date_in_future`,
    `request.date_too_early`.
    """
    claim = await queries.lock(session, actor, claim_id)
    require_bank(actor, claim)
    await document_queries.require(session, actor, new.document_id)
    claim.advance(ClaimEvent.recover)
    pool = await pool_queries.lock(session, claim.pool_id)
    refuse_if(_faults(new, claim, pool, moment))
    shares = (await queries.shares(session, [claim.id]))[claim.id]
    open_fen = {SharingParty(one.party): one.borne_fen - one.recovered_fen for one in shares}
    parts, surplus_fen = rules.shares_of_recovery(new.gross.fen - new.cost.fen, open_fen)
    if parts == open_fen and claim.status == ClaimStatus.recovering:
        claim.advance(ClaimEvent.make_whole)
    event = await _event(session, claim, new, parts, surplus_fen)
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = _recovery(claim, new, surplus_fen, event, moment)
    part = parts[SharingParty.pool]
    if part > 0:
        made.transfer_id = await _book(session, moment, pool, made, part)
    await _write(session, made, shares, parts)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return claim


def _faults(new: NewRecovery, claim: Claim, pool: Pool, moment: Moment) -> list[Violation]:
    found: list[Violation] = [
        pool_rules.CURRENCY_MISMATCH.violation(f"/{name}/currency", currency=pool.currency)
        for name, money in (("gross", new.gross), ("cost", new.cost))
        if money.currency != pool.currency
    ]
    if new.cost.fen > new.gross.fen:
        found.append(rules.COST_EXCEEDS.violation("/cost"))
    return found + date_faults("/occurred_on", new.occurred_on, today=moment.today, first=claim.default_on)


async def _event(
    session: AsyncSession,
    claim: Claim,
    new: NewRecovery,
    parts: Mapping[SharingParty, int],
    surplus_fen: int,
) -> events.NewEvent:
    pledge = await session.get_one(Pledge, claim.pledge_id)
    counted = events.NewFact(
        measure=Measure.recovery_amount,
        district_code=claim.district_code,
        role=FactRole.internal,
        value=parts[SharingParty.pool],
        occurred_on=new.occurred_on,
        source_noun="claim",
        source_id=claim.id,
        dimensions=dimensions(claim, pledge.pledgee_id),
    )
    return await told(
        session,
        claim,
        "recovered",
        facts=[counted] if counted.value else [],
        source=new.source.value,
        gross_fen=new.gross.fen,
        cost_fen=new.cost.fen,
        shares_fen={party.value: part for party, part in parts.items()},
        surplus_fen=surplus_fen,
        occurred_on=new.occurred_on,
        document_id=str(new.document_id) if new.document_id is not None else None,
    )


def _recovery(
    claim: Claim, new: NewRecovery, surplus_fen: int, event: events.NewEvent, moment: Moment
) -> Recovery:
    return Recovery(
        id=new_id(),
        district_code=claim.district_code,
        claim_id=claim.id,
        pool_id=claim.pool_id,
        source=new.source.value,
        gross_fen=new.gross.fen,
        cost_fen=new.cost.fen,
        interest_fen=0,
        surplus_fen=surplus_fen,
        occurred_on=new.occurred_on,
        remit_by=new.occurred_on,
        late_days=0,
        transfer_id=None,
        event_id=event.id,
        recorded_at=moment.now,
    )


async def _book(
    session: AsyncSession, moment: Moment, pool: Pool, made: Recovery, part_fen: int
) -> uuid.UUID:
    """Book the pool's part into its special account."""
    accounts = {account.code: account.id for account in await ledger_queries.accounts(session, pool.id)}
    transfer = ledger.NewTransfer(
        debit_account_id=accounts[AccountCode.cash],
        credit_account_id=accounts[AccountCode.recovered],
        amount_fen=part_fen,
        code="claim.recovery",
        business_noun="recovery",
        business_id=made.id,
        occurred_on=made.occurred_on,
    )
    await ledger.post(
        session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=made.event_id
    )
    return transfer.id


async def _write(
    session: AsyncSession,
    made: Recovery,
    shares: Sequence[ClaimShare],
    parts: Mapping[SharingParty, int],
) -> None:
    session.add(made)
    await session.flush()
    for share in shares:
        part = parts[SharingParty(share.party)]
        share.recovered_fen += part
        session.add(
            RecoveryShare(
                id=new_id(),
                district_code=made.district_code,
                recovery_id=made.id,
                party=share.party,
                amount_fen=part,
            )
        )
    await session.flush()
