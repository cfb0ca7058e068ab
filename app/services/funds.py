"""Funds: money paid into a pool by its sources, and whose money pays what (POL-12, POL-25, UNI-32)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pool as rules
from app.domain.errors import Violation, refuse_if
from app.domain.money import Money
from app.domain.pool import AccountCode, SourceType
from app.domain.request import date_faults
from app.queries import ledger as ledger_queries, pools as queries
from app.services import events, ledger, pool_breakers, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def contribute(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    source: SourceType,
    amount: Money,
    occurred_on: date,
) -> uuid.UUID:
    """Book money paid into the pool's special account; returns the transfer's id.

    Raises: `pool.not_found`, `pool.currency_mismatch`, `request.date_in_future`.
    """
    pool = await queries.lock_managed(session, actor, pool_id)
    refuse_if(
        _currency_faults("/amount", amount, pool.currency)
        + date_faults("/occurred_on", occurred_on, today=moment.today)
    )
    accounts = {account.code: account for account in await ledger_queries.accounts(session, pool.id)}
    transfer = ledger.NewTransfer(
        debit_account_id=accounts[AccountCode.cash].id,
        credit_account_id=accounts[AccountCode.contributions].id,
        amount_fen=amount.fen,
        code=f"contribution.{source.value}",
        business_noun="pool",
        business_id=pool.id,
        occurred_on=occurred_on,
    )
    event = events.NewEvent(
        type="pool.contributed",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        occurred_on=occurred_on,
        payload={"source": source.value, "amount_fen": amount.fen, "transfer_id": str(transfer.id)},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=event.id)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return transfer.id


def _currency_faults(pointer: str, amount: Money, currency: str) -> list[Violation]:
    if amount.currency == currency:
        return []
    return [rules.CURRENCY_MISMATCH.violation(f"{pointer}/currency", currency=currency)]
