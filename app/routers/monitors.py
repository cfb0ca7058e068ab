"""`/v1/pools/{id}/monitors`: thresholds on balances that tell when they are crossed."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.ledger import Monitor
from app.queries import monitors as queries, pools as pool_queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.common import MoneyOut
from app.schemas.monitor import MonitorIn, MonitorOut
from app.services import monitors as service

router = APIRouter(prefix="/v1/pools/{pool_id}/monitors", tags=["ledger"])


def out(monitor: Monitor, currency: str) -> MonitorOut:
    """A monitor as it is shown."""
    return MonitorOut(
        id=monitor.id,
        ledger_id=monitor.ledger_id,
        account_code=monitor.account_code,
        field=monitor.field,
        crossing=monitor.crossing,
        threshold=MoneyOut.of(monitor.threshold_fen, currency),
        crossed=monitor.crossed,
        ended_on=monitor.ended_on,
        version=monitor.version,
    )


@router.post("", status_code=201, response_model=MonitorOut)
async def add(
    pool_id: uuid.UUID, body: MonitorIn, unit: Annotated[WriteUnit, writes(Permission.ledger_post)]
) -> Response:
    """Watch an account's balance: the posting that takes it across the threshold tells the manager, once."""
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    monitor = await service.add(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool=pool,
        account_code=body.account_code,
        field=body.field,
        crossing=body.crossing,
        threshold=body.threshold.money,
    )
    return await unit.reply(201, out(monitor, pool.currency))


@router.get("")
async def watching(
    pool_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.ledger_read)]
) -> list[MonitorOut]:
    """The monitors that are watching."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    return [out(monitor, pool.currency) for monitor in await queries.of_ledger(unit.session, pool.id)]


@router.delete("/{monitor_id}", response_model=MonitorOut)
async def end(
    pool_id: uuid.UUID, monitor_id: uuid.UUID, unit: Annotated[WriteUnit, writes(Permission.ledger_post)]
) -> Response:
    """Watch no more."""
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    monitor = await service.end(
        unit.session, actor=unit.actor, moment=unit.moment, pool=pool, monitor_id=monitor_id
    )
    return await unit.reply(200, out(monitor, pool.currency))
