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
from app.domain.notice import NoticeKind
from app.domain.pool import AccountCode, SharingParty
from app.domain.recovery import RecoverySource
from app.domain.request import date_faults
from app.models.claim import Claim, ClaimShare, Recovery, RecoveryShare
from app.models.pledge import Pledge
from app.models.pool import Commitment, Pool, Scheme
from app.queries import (
    claims as queries,
    documents as document_queries,
    ledger as ledger_queries,
    pools as pool_queries,
)
from app.services import events, funds, ledger, notices, periods, pool_breakers, pools, working_days
from app.services.claims.common import dimensions, require_bank, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.scheme import Terms


@dataclass(frozen=True, slots=True)
class NewRecovery:
    """Money that came in, before the documented cost of getting it.

    `interest` is all interest and penalty of the bank, by the document; what it got of it is taken off.
    `enforcement_id`: the sale of pledged rights that brought it (UNI-11).
    """

    source: RecoverySource
    gross: Money
    cost: Money
    occurred_on: date
    document_id: uuid.UUID | None = None
    interest: Money | None = None
    enforcement_id: uuid.UUID | None = None


async def record(
    session: AsyncSession, *, actor: Actor, moment: Moment, claim_id: uuid.UUID, new: NewRecovery
) -> Claim:
    """Share what came back by what each party bore and lacks; then the bank's interest, then the pledgor's.

    By the scheme frozen with the cover costs come off first or stay with the bank, and the pool, the bank
    or nobody goes first (RP-14). It is of a day since the default, though booked after the payout. The
    pool's part is booked in the same transaction; after the day it was to be passed on, it is late (RP-15).
    A claim on which everybody is whole is recovered, and what it still brings is interest and surplus; one
    that was written off stays so.

    Raises: `claim.not_found`, `claim.not_yours`, `document.not_found`, `state.illegal_transition`, and
    all that apply of `pool.currency_mismatch`, `recovery.cost_exceeds`, `recovery.interest_undocumented`,
    `request.date_in_future`, `request.date_too_early`.
    """
    claim = await queries.lock(session, actor, claim_id)
    require_bank(actor, claim)
    await document_queries.require(session, actor, new.document_id)
    claim.advance(ClaimEvent.recover)
    pool = await pool_queries.lock(session, claim.pool_id)
    refuse_if(_faults(new, claim, pool, moment))
    commitment = await session.get_one(Commitment, claim.commitment_id)
    scheme = await session.get_one(Scheme, commitment.scheme_id)
    shares = (await queries.shares(session, [claim.id]))[claim.id]
    split = _split(new, scheme.terms(), shares, await queries.interest_served(session, claim.id))
    if split.whole and claim.status == ClaimStatus.recovering:
        claim.advance(ClaimEvent.make_whole)
    part = split.parts[SharingParty.pool]
    due_from = max(new.occurred_on, claim.paid_on or new.occurred_on)
    remit_by = working_days.after(due_from, scheme.remit_days)
    late_days = rules.days_late(moment.today, remit_by) if part else 0
    event = await _event(session, claim, new, split)
    late = None
    if late_days:
        late = await told(
            session, claim, "remittance_late", remit_by=remit_by, late_days=late_days, amount_fen=part
        )
    happened = [event, late] if late is not None else [event]
    await events.record(session, actor=actor, moment=moment, events=happened)
    made = _recovery(claim, new, split, event, moment)
    made.remit_by, made.late_days = remit_by, late_days
    if part > 0:
        made.transfer_id = await _book(session, moment, pool, made, part)
    await _write(session, made, shares, split.parts)
    if late is not None:
        await _tell_late(session, moment, late, remit_by)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return claim


@dataclass(frozen=True, slots=True)
class _Split:
    """What becomes of a recovery: costs taken off, each party's part, the bank's interest, the surplus."""

    cost_fen: int
    parts: Mapping[SharingParty, int]
    interest_fen: int
    surplus_fen: int
    whole: bool


def _split(new: NewRecovery, terms: Terms, shares: Sequence[ClaimShare], served_fen: int) -> _Split:
    cost_fen = new.cost.fen if terms.recovery_cost_first else 0
    open_fen = {SharingParty(one.party): one.borne_fen - one.recovered_fen for one in shares}
    parts, left = rules.shares_of_recovery(new.gross.fen - cost_fen, open_fen, terms.recovery_order)
    documented = new.interest.fen if new.interest is not None else 0
    interest_fen, surplus_fen = rules.after_principal(left, max(0, documented - served_fen))
    return _Split(cost_fen, parts, interest_fen, surplus_fen, parts == open_fen)


async def _tell_late(session: AsyncSession, moment: Moment, event: events.NewEvent, remit_by: date) -> None:
    """The bank and the pool's manager learn that the pool's part came late."""
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.remittance_late,
        recipients=event.audience,
        facts={"number": event.payload["number"], "remit_by": remit_by},
    )


def _faults(new: NewRecovery, claim: Claim, pool: Pool, moment: Moment) -> list[Violation]:
    found: list[Violation] = [
        pool_rules.CURRENCY_MISMATCH.violation(f"/{name}/currency", currency=pool.currency)
        for name, money in (("gross", new.gross), ("cost", new.cost), ("interest", new.interest))
        if money is not None and money.currency != pool.currency
    ]
    if new.interest is not None and new.interest.fen > 0 and new.document_id is None:
        found.append(rules.INTEREST_UNDOCUMENTED.violation("/document_id"))
    if new.cost.fen > new.gross.fen:
        found.append(rules.COST_EXCEEDS.violation("/cost"))
    return found + date_faults("/occurred_on", new.occurred_on, today=moment.today, first=claim.default_on)


async def _event(
    session: AsyncSession,
    claim: Claim,
    new: NewRecovery,
    split: _Split,
) -> events.NewEvent:
    pledge = await session.get_one(Pledge, claim.pledge_id)
    counted = events.NewFact(
        measure=Measure.recovery_amount,
        district_code=claim.district_code,
        role=FactRole.internal,
        value=split.parts[SharingParty.pool],
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
        cost_deducted_fen=split.cost_fen,
        shares_fen={party.value: part for party, part in split.parts.items()},
        interest_fen=split.interest_fen,
        surplus_fen=split.surplus_fen,
        occurred_on=new.occurred_on,
        document_id=str(new.document_id) if new.document_id is not None else None,
        **({"trace_id": str(new.enforcement_id)} if new.enforcement_id is not None else {}),
    )


def _recovery(
    claim: Claim, new: NewRecovery, split: _Split, event: events.NewEvent, moment: Moment
) -> Recovery:
    return Recovery(
        id=new_id(),
        district_code=claim.district_code,
        claim_id=claim.id,
        pool_id=claim.pool_id,
        source=new.source.value,
        gross_fen=new.gross.fen,
        cost_fen=split.cost_fen,
        interest_fen=split.interest_fen,
        surplus_fen=split.surplus_fen,
        occurred_on=new.occurred_on,
        enforcement_id=new.enforcement_id,
        transfer_id=None,
        event_id=event.id,
        recorded_at=moment.now,
    )


async def _book(
    session: AsyncSession, moment: Moment, pool: Pool, made: Recovery, part_fen: int
) -> uuid.UUID:
    """Book the pool's part into its special account."""
    accounts = {account.code: account.id for account in await ledger_queries.accounts(session, pool.id)}
    booking = await periods.bookable(session, pool.id, made.occurred_on, moment.today)
    transfer = ledger.NewTransfer(
        debit_account_id=accounts[AccountCode.cash],
        credit_account_id=accounts[AccountCode.recovered],
        amount_fen=part_fen,
        code="claim.recovery",
        business_noun="recovery",
        business_id=made.id,
        occurred_on=booking.occurred_on,
        corrects_on=booking.corrects_on,
    )
    await ledger.post(
        session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=made.event_id
    )
    await funds.attribute(
        session,
        moment=moment,
        pool=pool,
        transfers=[transfer],
        event_id=made.event_id,
        claim_id=made.claim_id,
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
