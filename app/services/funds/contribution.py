"""Contributions: money that a source pays into the special account (RP-19)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import fund as rules, pool as pool_rules
from app.domain.errors import Violation, refuse_if
from app.domain.money import Money
from app.domain.pool import SourceType
from app.domain.request import date_faults
from app.models.fund import FundSource
from app.queries import fund_sources as queries, funds as fund_queries, pools as pool_queries
from app.services import events, ledger, periods, pool_breakers, pools
from app.services.funds.attribution import attribute
from app.services.funds.sources import default_source

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pool import Pool


@dataclass(frozen=True, slots=True)
class Contribution:
    """A contribution as booked."""

    transfer_id: uuid.UUID
    source: FundSource


async def contribute(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    source: SourceType | uuid.UUID,
    amount: Money,
    occurred_on: date,
) -> Contribution:
    """Book money paid into the pool's special account, by a source, or by the plain one of a type.

    What was paid in in a closed month is booked on the first open day, as a correction of its own.

    Raises: `pool.not_found`, `source.not_found`, and all that apply of `pool.currency_mismatch`,
    `request.date_in_future`, `source.pools_own`, `source.not_yet_effective`, `source.over_committed`.
    """
    pool = await pool_queries.lock_managed(session, actor, pool_id)
    found = date_faults("/occurred_on", occurred_on, today=moment.today)
    if amount.currency != pool.currency:
        found.append(pool_rules.CURRENCY_MISMATCH.violation("/amount/currency", currency=pool.currency))
    if isinstance(source, uuid.UUID):
        payer = await queries.get(session, pool.id, source)
        refuse_if(found + await _faults(session, payer, amount, occurred_on))
    else:
        if source is SourceType.interest:
            found.append(rules.POOLS_OWN.violation("/source"))
        refuse_if(found)
        payer = await default_source(
            session, actor=actor, moment=moment, pool=pool, source_type=source, on=occurred_on
        )
    booking = await periods.bookable(session, pool.id, occurred_on, moment.today)
    transfer = ledger.NewTransfer(
        debit_account_id=await fund_queries.cash_account(session, pool.id),
        credit_account_id=payer.account_id,
        amount_fen=amount.fen,
        code=f"contribution.{payer.type}",
        business_noun="pool",
        business_id=pool.id,
        occurred_on=booking.occurred_on,
        corrects_on=booking.corrects_on,
    )
    event = _contributed(pool, payer, transfer, occurred_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    posting = [transfer]
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=posting, event_id=event.id)
    await attribute(session, moment=moment, pool=pool, transfers=posting, event_id=event.id)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return Contribution(transfer.id, payer)


async def _faults(
    session: AsyncSession, payer: FundSource, amount: Money, occurred_on: date
) -> list[Violation]:
    found: list[Violation] = []
    if payer.type == SourceType.interest:
        found.append(rules.POOLS_OWN.violation("/source_id"))
    if occurred_on < payer.effective_from:
        found.append(rules.NOT_BEFORE.violation("/occurred_on", effective_from=payer.effective_from))
    if payer.committed_fen:
        paid_in_fen = await queries.paid_in(session, payer)
        if paid_in_fen + amount.fen > payer.committed_fen:
            found.append(rules.OVER_COMMITTED.violation("/amount"))
    return found


def _contributed(
    pool: Pool, payer: FundSource, transfer: ledger.NewTransfer, occurred_on: date
) -> events.NewEvent:
    return events.NewEvent(
        type="pool.contributed",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        occurred_on=occurred_on,
        payload={
            "source": payer.type,
            "source_id": str(payer.id),
            "amount_fen": transfer.amount_fen,
            "transfer_id": str(transfer.id),
        },
    )
