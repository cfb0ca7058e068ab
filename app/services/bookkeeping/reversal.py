"""Reversals: proposed by one client as a pending transfer, posted by another, once (POL-06, SEC-04)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import ledger as rules
from app.domain.errors import refuse_if
from app.domain.ledger import Effective, TransferKind
from app.domain.ledger_book import CLAIM_ACCOUNTS
from app.domain.ledger_transfer import MOVING, NewTransfer
from app.queries import ledger as queries
from app.services import events, ledger, periods, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.errors import Violation
    from app.domain.permission import Actor
    from app.models.pool import Pool
    from app.queries.ledger import KnownTransfer, LockedAccount


async def propose(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    transfer_id: uuid.UUID,
    effective: Effective,
    reason: str,
) -> KnownTransfer:
    """Propose to take back a posted transfer in whole; a second client posts or voids the proposal.

    What it sets aside counts against the limits meanwhile. If the original's month is closed, it is of the
    first open day and names the day it corrects.

    Raises: `transfer.not_found`, `transfer.not_reversible`, `transfer.already_reversed`,
    `transfer.reversal_proposed`, `transfer.memo_account`, `transfer.claim_account`, and what
    `ledger.post` raises.
    """
    accounts = await queries.lock_accounts(session, pool.id, (), of_transfers=[transfer_id])
    original = await queries.get_known(session, pool.id, transfer_id)
    refuse_if(_faults(original, accounts) or await _proposed(session, original))
    told = original.transfer
    occurred_on, corrects_on = moment.today, None
    if effective is Effective.original and told.occurred_on is not None:
        booking = await periods.bookable(session, pool.id, told.occurred_on, moment.today)
        occurred_on, corrects_on = booking.occurred_on, booking.corrects_on
    made = NewTransfer(
        debit_account_id=told.credit_account_id,
        credit_account_id=told.debit_account_id,
        amount_fen=told.amount_fen,
        code=rules.REVERSAL,
        business_noun="transfer",
        business_id=told.id,
        kind=TransferKind.pending,
        narrative=reason,
        occurred_on=occurred_on,
        corrects_on=corrects_on,
    )
    event = events.NewEvent(
        type="transfer.reversal_proposed",
        noun="transfer",
        subject_id=told.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"reversal_id": str(made.id), "amount_fen": told.amount_fen, "reason": reason},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.write(
        session,
        moment=moment,
        book=pools.book(pool),
        transfers=[made],
        event_id=event.id,
        accounts=accounts,
    )
    return await queries.get_known(session, pool.id, made.id)


def _faults(original: KnownTransfer, accounts: list[LockedAccount]) -> list[Violation]:
    told = original.transfer
    if told.kind not in MOVING or told.reverses_id is not None:
        return [rules.NOT_REVERSIBLE.violation()]
    if original.reversed_by is not None:
        return [rules.ALREADY_REVERSED.violation(id=original.reversed_by)]
    faults = []
    for account in accounts:
        if account.memo:
            faults.append(rules.MEMO_ACCOUNT.violation(code=account.code))
        elif account.code in CLAIM_ACCOUNTS:
            faults.append(rules.CLAIM_ACCOUNT.violation(code=account.code))
        elif account.frozen_by is not None:
            faults.append(rules.FROZEN.violation(code=account.code))
    return faults


async def _proposed(session: AsyncSession, original: KnownTransfer) -> list[Violation]:
    waiting = await queries.proposed_reversal(session, original)
    return [rules.REVERSAL_PROPOSED.violation(id=waiting)] if waiting is not None else []
