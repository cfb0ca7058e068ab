"""`/v1/reservations`: banks keep rights free for their pledges, for a short time (UNI-26)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.reservation import ReservationStatus
from app.models.reservation import Reservation
from app.queries import reservations as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.reservation import PriorityReservationOut, ReservationIn
from app.services import reservations

router = APIRouter(prefix="/v1/reservations", tags=["reservations"])

Writing = Annotated[WriteUnit, writes(Permission.pledge_reserve)]
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


def _out(reservation: Reservation, asset_ids: list[uuid.UUID]) -> PriorityReservationOut:
    return PriorityReservationOut(
        id=reservation.id,
        number=reservation.number,
        district_code=reservation.district_code,
        organisation_id=reservation.organisation_id,
        application_id=reservation.application_id,
        asset_ids=asset_ids,
        reserved_on=reservation.reserved_on,
        expires_on=reservation.expires_on,
        pledge_id=reservation.pledge_id,
        status=reservation.status,
        version=reservation.version,
    )


async def _answer(unit: WriteUnit, reservation: Reservation, status_code: int) -> Response:
    kept = await queries.kept(unit.session, [reservation.id])
    headers = {"ETag": etag(reservation.version)}
    return await unit.reply(status_code, _out(reservation, kept[reservation.id]), headers=headers)


@router.post("", status_code=201, response_model=PriorityReservationOut)
async def reserve(body: ReservationIn, unit: Writing) -> Response:
    """Keep rights that an application offers for its bank, 30 days at most; other banks see until when."""
    new = reservations.NewReservation(body.application_id, body.expires_on, body.asset_ids)
    reservation = await reservations.reserve(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, reservation, 201)


@router.post("/{reservation_id}/release", response_model=PriorityReservationOut)
async def release(reservation_id: uuid.UUID, unit: Writing) -> Response:
    """Let the rights go before the last day."""
    reservation = await reservations.release(
        unit.session, actor=unit.actor, moment=unit.moment, reservation_id=reservation_id
    )
    return await _answer(unit, reservation, 200)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: ReservationStatus | None = None,
    application_id: uuid.UUID | None = None,
) -> Page[PriorityReservationOut]:
    """List the reservations the caller may see: its own, and those for its applications."""
    statement = queries.matching(queries.visible(unit.actor), status=status, application_id=application_id)
    found = await page(unit.session, statement, Reservation.id, paging.wanted)
    kept = await queries.kept(unit.session, [row.id for row in found.rows])
    return paging.answer(found, [_out(row, kept[row.id]) for row in found.rows])


@router.get("/{reservation_id}")
async def get(reservation_id: uuid.UUID, unit: Reading, response: Response) -> PriorityReservationOut:
    """One reservation."""
    reservation = await queries.get(unit.session, unit.actor, reservation_id)
    response.headers["ETag"] = etag(reservation.version)
    kept = await queries.kept(unit.session, [reservation_id])
    return _out(reservation, kept[reservation_id])
