"""`/v1/pools/{id}/interest`: rates of the special account, daily accruals, and what the bank pays."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.pool import AccountCode
from app.models.interest import InterestRate
from app.models.pool import Pool
from app.queries import interest as queries, ledger as ledger_queries, pools as pool_queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.common import FIRST_DAY, LAST_DAY, MoneyOut
from app.schemas.interest import (
    InterestAccrualOut,
    InterestOut,
    InterestRateIn,
    InterestRateOut,
    InterestReceiptIn,
    InterestReceiptOut,
)
from app.services import interest

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["interest"])

Reading = Annotated[ReadUnit, reads(Permission.ledger_read)]
Writing = Annotated[WriteUnit, writes(Permission.ledger_post)]


def _rate(row: InterestRate) -> InterestRateOut:
    return InterestRateOut.model_validate(row)


async def _balances(unit: ReadUnit | WriteUnit, pool: Pool) -> dict[str, int]:
    """Balances of the accounts of interest on their own side, in fen."""
    found = {one.code: one for one in await ledger_queries.accounts(unit.session, pool.id)}
    receivable, income = found[AccountCode.interest_receivable], found[AccountCode.interest]
    return {
        "receivable": receivable.debits_posted - receivable.credits_posted,
        "income": income.credits_posted - income.debits_posted,
    }


@router.get("/interest")
async def get(pool_id: uuid.UUID, unit: Reading) -> InterestOut:
    """Rates, how far interest has accrued, and what of it the bank still owes."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    scheme = await pool_queries.scheme_on(unit.session, pool.id, unit.moment.today)
    last = await queries.last_accrual(unit.session, pool.id)
    balances = await _balances(unit, pool)
    return InterestOut(
        policy=scheme.interest_policy if scheme else None,
        rates=[_rate(row) for row in await queries.rates(unit.session, pool.id)],
        accrued_through=last.accrued_on if last else None,
        income=MoneyOut.of(max(0, balances["income"]), pool.currency),
        receivable=MoneyOut.of(max(0, balances["receivable"]), pool.currency),
    )


@router.get("/interest-accruals")
async def accruals(
    pool_id: uuid.UUID,
    unit: Reading,
    year: Annotated[int, Query(ge=FIRST_DAY.year, le=LAST_DAY.year, description="A calendar year.")],
) -> list[InterestAccrualOut]:
    """What accrued in a year, day by day."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    rows = await queries.accruals(unit.session, pool.id, date(year, 1, 1), date(year, 12, 31))
    return [
        InterestAccrualOut(
            accrued_on=row.accrued_on,
            rate_id=row.rate_id,
            balance=MoneyOut.of(row.balance_fen, pool.currency),
            accrued=MoneyOut.of(row.accrued_fen, pool.currency),
            carry=str(row.carry),
            transfer_id=row.transfer_id,
        )
        for row in rows
    ]


@router.post("/interest-rates", status_code=201, response_model=InterestRateOut)
async def set_rate(pool_id: uuid.UUID, body: InterestRateIn, unit: Writing) -> Response:
    """Put a rate in effect from a day on; interest then accrues daily on the balance at the day's end."""
    rate = await interest.set_rate(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        rate_ppm=body.rate_ppm,
        day_count=body.day_count,
        effective_from=body.effective_from,
    )
    return await unit.reply(201, _rate(rate))


@router.post("/interest-receipts", status_code=201, response_model=InterestReceiptOut)
async def receive(pool_id: uuid.UUID, body: InterestReceiptIn, unit: Writing) -> Response:
    """Book interest that the bank paid, against what has accrued; it is the pool's own money."""
    transfers = await interest.receive(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        amount=body.amount.money,
        occurred_on=body.occurred_on,
    )
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    receivable = (await _balances(unit, pool))["receivable"]
    shown = InterestReceiptOut(
        transfer_ids=[one.id for one in transfers],
        receivable=MoneyOut.of(max(0, receivable), pool.currency),
    )
    return await unit.reply(201, shown)
