"""`/v1/pools/{id}/periods`: calendar months of a ledger, held, closed and opened again."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.domain.period import Month, PeriodStatus
from app.domain.permission import Permission
from app.models.period import Period
from app.queries import periods as queries, pools as pool_queries
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.schemas.common import MoneyOut
from app.schemas.period import PeriodBalanceOut, PeriodDetailOut, PeriodOut, ReopeningIn
from app.services import periods

router = APIRouter(prefix="/v1/pools/{pool_id}/periods", tags=["periods"])

Reading = Annotated[ReadUnit, reads(Permission.ledger_read)]
Writing = Annotated[WriteUnit, writes(Permission.period_write)]
Written = Annotated[str, Path(description="A calendar month, YYYY-MM.", examples=["2021-07"])]


def period_out(month: Month, period: Period | None) -> PeriodOut:
    """A month as it is shown; one that was never held is open."""
    return PeriodOut(
        period=str(month),
        id=period.id if period else None,
        begins_on=month.begins_on,
        ends_on=month.ends_on,
        status=period.status if period else PeriodStatus.open.value,
        round=period.round if period else 0,
        closed_on=period.closed_on if period else None,
        reason=period.reason if period else None,
        version=period.version if period else 0,
    )


async def _answer(unit: WriteUnit, period: Period) -> Response:
    shown = period_out(Month(period.begins_on), period)
    return await unit.reply(200, shown, headers={"ETag": etag(period.version)})


def _months(first: date, today: date) -> list[Month]:
    found = [Month.of(first)]
    while found[-1] < Month.of(today):
        found.append(found[-1].following())
    return found


@router.get("")
async def search(pool_id: uuid.UUID, unit: Reading) -> list[PeriodOut]:
    """All months of the ledger, from the first with an entry to the present one, with their states."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    known = {Month(one.begins_on): one for one in await queries.all_of(unit.session, pool.id)}
    first = await queries.first_effect(unit.session, pool.id, since=None)
    days = [month.begins_on for month in known] + ([first] if first else [])
    shown = _months(min([*days, unit.moment.today]), unit.moment.today)
    return [period_out(month, known.get(month)) for month in shown]


@router.get("/{period}")
async def get(pool_id: uuid.UUID, period: Written, unit: Reading) -> PeriodDetailOut:
    """One month, and once it is closed the balances of its accounts."""
    month = Month.parse(period)
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = next(
        (one for one in await queries.all_of(unit.session, pool.id) if one.begins_on == month.begins_on), None
    )
    closed = found is not None and found.status == PeriodStatus.closed
    rows = await queries.balances(unit.session, found) if found is not None and closed else []
    balances = [
        PeriodBalanceOut(
            account_id=account.id,
            code=account.code,
            account_version=balance.account_version,
            debits_posted=MoneyOut.of(balance.debits_posted, account.currency),
            credits_posted=MoneyOut.of(balance.credits_posted, account.currency),
            debits_pending=MoneyOut.of(balance.debits_pending, account.currency),
            credits_pending=MoneyOut.of(balance.credits_pending, account.currency),
        )
        for balance, account in rows
    ]
    return PeriodDetailOut(**period_out(month, found).model_dump(), balances=balances)


@router.post("/{period}/hold", response_model=PeriodOut)
async def hold(pool_id: uuid.UUID, period: Written, unit: Writing) -> Response:
    """Hold a month that is over: it takes adjustments only, until another client closes it."""
    held = await periods.hold(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, month=Month.parse(period)
    )
    return await _answer(unit, held)


@router.post("/{period}/resume", response_model=PeriodOut)
async def resume(pool_id: uuid.UUID, period: Written, unit: Writing) -> Response:
    """Let a held month take postings again."""
    resumed = await periods.resume(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, month=Month.parse(period)
    )
    return await _answer(unit, resumed)


@router.post("/{period}/close", response_model=PeriodOut)
async def close(pool_id: uuid.UUID, period: Written, unit: Writing) -> Response:
    """Close a held month, once books, bank and statistics agree: nothing has effect in it any more."""
    closed = await periods.close(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, month=Month.parse(period)
    )
    return await _answer(unit, closed)


@router.post("/{period}/reopen", response_model=PeriodOut)
async def reopen(pool_id: uuid.UUID, period: Written, body: ReopeningIn, unit: Writing) -> Response:
    """Open the last closed month again for adjustments, with reason and document, in a new round."""
    reopened = await periods.reopen(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        month=Month.parse(period),
        reason=body.reason,
        document_id=body.document_id,
    )
    return await _answer(unit, reopened)
