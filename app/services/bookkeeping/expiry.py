"""Expiry: pending transfers by hand give back what they set aside once their last day is over (POL-04)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.ledger import TransferKind
from app.models.pool import Pool
from app.queries import ledger as queries
from app.services import events, ledger, pools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.ledger_transfer import NewTransfer
    from app.domain.permission import Actor

EXPIRED_AT_ONCE = 10_000
"""Transfers that one run of the job ends; what is left comes with the next day's."""


async def expire_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the pending transfers by hand whose last day was before today; how many.

    A frozen account does not keep its holds from expiring.
    """
    found = await queries.expired(session, moment.today, limit=EXPIRED_AT_ONCE)
    for ledger_id, transfer_ids in found.items():
        pool = await session.get_one(Pool, ledger_id)
        await _expire(session, actor, moment, pool, transfer_ids)
    return sum(len(transfer_ids) for transfer_ids in found.values())


async def _expire(
    session: AsyncSession, actor: Actor, moment: Moment, pool: Pool, transfer_ids: Sequence[uuid.UUID]
) -> None:
    accounts = await queries.lock_accounts(session, pool.id, (), of_transfers=transfer_ids)
    known = await queries.known(session, pool.id, transfer_ids)
    made = [_expiry(one.transfer) for one in known.values() if one.resolved_by is None]
    if not made:
        return
    event = events.NewEvent(
        type="pool.transfers_expired",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={
            "transfers": len(made),
            "amount_fen": sum(one.amount_fen for one in made),
            "transfer_ids": [str(one.resolves_id) for one in made[:100]],
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.write(
        session,
        moment=moment,
        book=pools.book(pool),
        transfers=made,
        event_id=event.id,
        accounts=accounts,
    )


def _expiry(pending: NewTransfer) -> NewTransfer:
    made = ledger.NewTransfer(
        debit_account_id=pending.debit_account_id,
        credit_account_id=pending.credit_account_id,
        amount_fen=pending.amount_fen,
        code="expired",
        business_noun=pending.business_noun,
        business_id=pending.business_id,
        kind=TransferKind.expire,
    )
    return replace(made, resolves_id=pending.id)
