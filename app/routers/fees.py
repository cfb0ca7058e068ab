"""`/v1/assets/{asset_id}/fees`: what keeps a right alive, and whether it was paid."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.fee import Charge, FeeStatus
from app.domain.permission import Permission
from app.models.asset import Asset
from app.models.fee import Fee
from app.queries import assets as asset_queries, fees as queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.common import MoneyOut
from app.schemas.fee import FeeOut, FeesOut, PaymentIn, WatchIn
from app.services import fees

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/assets/{asset_id}/fees", tags=["fees"])

Writing = Annotated[WriteUnit, writes(Permission.fee_write)]
Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


def _money(fen: int) -> MoneyOut:
    return MoneyOut.of(fen, "CNY")


def _recorded(fee: Fee, today: date) -> FeeOut:
    """A fee that is or was watched, at the amount it was opened with."""
    known = fee.charge()
    settled = fee.status == FeeStatus.paid
    return FeeOut(
        kind=fee.kind,
        ordinal=fee.ordinal,
        opens_on=known.opens_on,
        due_on=fee.due_on,
        grace_ends_on=fee.grace_ends_on,
        amount=_money(fee.amount_fen),
        reduction_percent=fee.reduction_percent,
        surcharge=_money(0 if settled else known.surcharge_fen(today)),
        payable=None if settled else _money(known.payable_fen(today, fee.reduction_percent)),
        status=fee.status,
        paid_on=fee.paid_on,
        paid=None if fee.paid_fen is None else _money(fee.paid_fen),
        source=fee.source,
    )


def _reckoned(charge: Charge, status: str, reduction_percent: int, today: date) -> FeeOut:
    """A fee that follows from the calendar only."""
    open_ = status in {"upcoming", "unwatched"} and today <= charge.grace_ends_on
    reduction = reduction_percent if charge.reducible else 0
    return FeeOut(
        kind=charge.kind,
        ordinal=charge.ordinal,
        opens_on=charge.opens_on,
        due_on=charge.due_on,
        grace_ends_on=charge.grace_ends_on,
        amount=_money(charge.amount_fen),
        reduction_percent=reduction,
        surcharge=_money(charge.surcharge_fen(today) if open_ else 0),
        payable=_money(charge.payable_fen(today, reduction)) if open_ else None,
        status=status,
        paid_on=None,
        paid=None,
        source=None,
    )


def _items(calendar: Sequence[Charge], recorded: Sequence[Fee], today: date) -> list[FeeOut]:
    items = {fee.ordinal: _recorded(fee, today) for fee in recorded}
    reduction = recorded[-1].reduction_percent if recorded else 0
    for charge in calendar:
        if charge.ordinal not in items:
            status = "unwatched"
            if recorded:
                status = "paid" if charge.ordinal < recorded[0].ordinal else "upcoming"
            items[charge.ordinal] = _reckoned(charge, status, reduction, today)
    return [items[ordinal] for ordinal in sorted(items)]


async def _out(session: AsyncSession, asset: Asset, today: date) -> FeesOut:
    recorded = await queries.of_right(session, asset.id)
    return FeesOut(
        asset_id=asset.id,
        number=asset.number,
        asset_status=asset.status,
        last_day_in_force=asset.last_day_in_force,
        watched=bool(recorded),
        items=_items(await queries.calendar(session, asset), recorded, today),
    )


@router.get("")
async def get(asset_id: uuid.UUID, unit: Reading) -> FeesOut:
    """The fee calendar of a right: days, amounts, what payment today costs, and what is paid."""
    asset = await asset_queries.get(unit.session, asset_id)
    return await _out(unit.session, asset, unit.moment.today)


@router.post("/watch", status_code=201, response_model=FeesOut)
async def watch(asset_id: uuid.UUID, body: WatchIn, unit: Writing) -> Response:
    """Begin to watch a right's fees: the calendar then acts on what is not paid."""
    await fees.watch(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        paid_through=body.paid_through_ordinal,
        source=body.source,
        reduction_percent=body.reduction_percent,
    )
    asset = await asset_queries.get(unit.session, asset_id)
    return await unit.reply(201, await _out(unit.session, asset, unit.moment.today))


@router.post("/payments", status_code=201, response_model=FeesOut)
async def pay(asset_id: uuid.UUID, body: PaymentIn, unit: Writing) -> Response:
    """Note that the open fee was paid, with what late payment adds; the next one opens."""
    await fees.pay(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        ordinal=body.ordinal,
        paid_on=body.paid_on,
        paid=body.paid.money,
        source=body.source,
    )
    asset = await asset_queries.get(unit.session, asset_id)
    return await unit.reply(201, await _out(unit.session, asset, unit.moment.today))
