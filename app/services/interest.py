"""Interest on special accounts: rates, what accrues day by day, and what the bank pays (POL-18, RP-19)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import interest as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.interest import DayCount
from app.domain.period import Month, PeriodStatus
from app.domain.pool import CURRENCY_MISMATCH, AccountCode
from app.domain.request import date_faults
from app.models.interest import InterestAccrual, InterestRate
from app.queries import (
    interest as queries,
    ledger as ledger_queries,
    periods as period_queries,
    pools as pool_queries,
)
from app.services import events, funds, ledger, periods, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.money import Money
    from app.domain.permission import Actor
    from app.models.pool import Pool


async def set_rate(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    rate_ppm: int,
    day_count: DayCount,
    effective_from: date,
) -> InterestRate:
    """Put a yearly rate in effect from a day on: none that has accrued, or is over, gets another rate.

    Raises: `pool.not_found`, `interest.rate_too_early`, `interest.rate_taken`.
    """
    seen = await pool_queries.keep_book(session, actor, pool_id)
    pool = await pool_queries.lock(session, seen.id)
    last = await queries.last_accrual(session, pool.id)
    earliest = max(moment.today, last.accrued_on + timedelta(days=1) if last else moment.today)
    if effective_from < earliest:
        raise rules.RATE_TOO_EARLY.error("/effective_from", earliest=earliest)
    if any(one.effective_from == effective_from for one in await queries.rates(session, pool.id)):
        raise rules.RATE_TAKEN.error("/effective_from")
    event = _event(
        pool,
        "interest.rate_set",
        effective_from,
        rate_ppm=rate_ppm,
        day_count=day_count.value,
        effective_from=str(effective_from),
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    rate = InterestRate(
        id=new_id(),
        district_code=pool.district_code,
        ledger_id=pool.id,
        rate_ppm=rate_ppm,
        day_count=day_count.value,
        effective_from=effective_from,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(rate)
    await session.flush()
    return rate


async def accrue_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Let the days up to the one before `moment.today` accrue in every ledger with a rate; how many did.

    A ledger whose accounts of interest are frozen waits, and keeps no other from accruing. Money booked
    later with effect on a day that has accrued changes nothing of it: the bank's payment shows the
    difference.
    """
    on = moment.today - timedelta(days=1)
    found = await queries.pending(session, on)
    for ledger_id, day in found:
        pool = await pool_queries.lock(session, ledger_id)
        await _accrue(session, actor, moment, pool, day)
    return len(found)


async def _accrue(session: AsyncSession, actor: Actor, moment: Moment, pool: Pool, on: date) -> None:
    due = await queries.due(session, pool.id, on)
    accrued, carry = rules.accrue(
        due.balance_fen, due.rate_ppm, rules.year_days(due.day_count, on), due.carry
    )
    event = _event(pool, "interest.accrued", on, accrued_fen=accrued, balance_fen=due.balance_fen)
    await events.record(session, actor=actor, moment=moment, events=[event])
    transfer_id = None
    if accrued:
        held = await period_queries.not_open(session, pool.id, Month.of(on))
        accounts = await _accounts(session, pool)
        transfer = ledger.NewTransfer(
            debit_account_id=accounts[AccountCode.interest_receivable],
            credit_account_id=accounts[AccountCode.interest],
            amount_fen=accrued,
            code="interest.accrual",
            business_noun="pool",
            business_id=pool.id,
            occurred_on=on,
            adjustment=held.get(Month.of(on)) is PeriodStatus.held,
        )
        await ledger.post(
            session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=event.id
        )
        transfer_id = transfer.id
    session.add(
        InterestAccrual(
            ledger_id=pool.id,
            accrued_on=on,
            district_code=pool.district_code,
            rate_id=due.rate_id,
            balance_fen=due.balance_fen,
            accrued_fen=accrued,
            carry=carry,
            transfer_id=transfer_id,
            event_id=event.id,
            recorded_at=moment.now,
        )
    )
    await session.flush()


async def receive(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    amount: Money,
    occurred_on: date,
) -> list[ledger.NewTransfer]:
    """Book interest that the bank paid: against what has accrued, what is more as income of the day.

    From then on it is money of the pool that counts for its capacity (RP-05). Of a closed month it is
    booked on the first open day.

    Raises: `pool.not_found`, `pool.currency_mismatch`, `request.date_in_future`.
    """
    seen = await pool_queries.keep_book(session, actor, pool_id)
    pool = await pool_queries.lock(session, seen.id)
    currency = [] if amount.currency == pool.currency else [pool.currency]
    refuse_if(
        [CURRENCY_MISMATCH.violation("/amount/currency", currency=one) for one in currency]
        + date_faults("/occurred_on", occurred_on, today=moment.today)
    )
    booking = await periods.bookable(session, pool.id, occurred_on, moment.today)
    receivable = await _receivable(session, pool)
    accounts = await _accounts(session, pool)
    parts = (
        (AccountCode.interest_receivable, min(amount.fen, receivable)),
        (AccountCode.interest, amount.fen - min(amount.fen, receivable)),
    )
    transfers = [
        ledger.NewTransfer(
            debit_account_id=accounts[AccountCode.cash],
            credit_account_id=accounts[code],
            amount_fen=fen,
            code="interest.receipt",
            business_noun="pool",
            business_id=pool.id,
            occurred_on=booking.occurred_on,
            corrects_on=booking.corrects_on,
        )
        for code, fen in parts
        if fen
    ]
    event = _event(
        pool,
        "interest.received",
        occurred_on,
        amount_fen=amount.fen,
        transfer_ids=[str(one.id) for one in transfers],
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=transfers, event_id=event.id)
    await funds.attribute(session, moment=moment, pool=pool, transfers=transfers, event_id=event.id)
    return transfers


async def _receivable(session: AsyncSession, pool: Pool) -> int:
    """What has accrued and was not paid yet, in fen."""
    for account in await ledger_queries.accounts(session, pool.id):
        if account.code == AccountCode.interest_receivable:
            return max(0, account.debits_posted - account.credits_posted - account.credits_pending)
    return 0


async def _accounts(session: AsyncSession, pool: Pool) -> dict[str, uuid.UUID]:
    return {account.code: account.id for account in await ledger_queries.accounts(session, pool.id)}


def _event(pool: Pool, what: str, occurred_on: date, **facts: object) -> events.NewEvent:
    return events.NewEvent(
        type=what,
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        occurred_on=occurred_on,
        payload={"number": pool.number, **facts},
    )
