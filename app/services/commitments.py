"""Commitments: capacity reserved at approval, confirmed by filing, released by repayments and endings."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain.commitment import CommitmentEvent
from app.domain.ledger import TransferKind
from app.queries import ledger as ledger_queries, pools as queries
from app.services import ledger, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment


async def release(
    session: AsyncSession, *, moment: Moment, pledge_id: uuid.UUID, event_id: uuid.UUID, released_on: date
) -> int:
    """Give back the capacity reserved for a pledge; returns the covered principal released, in fen."""
    commitment = await queries.live_commitment(session, pledge_id)
    if commitment is None:
        return 0
    pool = await queries.lock(session, commitment.pool_id)
    pending = await ledger_queries.get_transfer(session, pool.id, commitment.transfer_id)
    void = ledger.resolution(pending, TransferKind.void, code="commitment.released")
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[void], event_id=event_id)
    commitment.advance(CommitmentEvent.release)
    commitment.released_on = released_on
    await session.flush()
    return commitment.outstanding_fen
