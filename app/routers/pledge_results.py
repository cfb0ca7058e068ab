"""`/v1/pledges/{id}`: what the office did with a pledge: registered, refused, cancelled, revoked it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.asset import AssetKind
from app.domain.permission import Permission
from app.domain.pledge import PledgeStatus
from app.models.pledge import Pledge, PledgeItem
from app.queries import pledges as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.routers.pledges import shown
from app.schemas.common import Page
from app.schemas.pledge import (
    DeregistrationIn,
    PledgeExceptionOut,
    PledgeOut,
    PledgeRefusalIn,
    PledgeRegistrationsIn,
    PledgeRevocationIn,
    PledgeWithdrawalIn,
    RevokedOut,
)
from app.services import pledges

router = APIRouter(prefix="/v1/pledges", tags=["pledges"])

Recording = Annotated[WriteUnit, writes(Permission.pledge_register)]


@router.get("/exceptions")
async def exceptions(
    unit: Annotated[ReadUnit, reads(Permission.pledge_read)], paging: PageDep
) -> Page[PledgeExceptionOut]:
    """List financings that count though a registration they counted with was revoked (PL-28)."""
    found = await page(unit.session, queries.exceptional(unit.actor), Pledge.id, paging.wanted)
    items = await queries.items(unit.session, [pledge.id for pledge in found.rows])
    return paging.answer(found, [_exception(pledge, items[pledge.id]) for pledge in found.rows])


def _exception(pledge: Pledge, items: list[tuple[PledgeItem, str]]) -> PledgeExceptionOut:
    registered = {AssetKind(item.asset_kind) for item, _ in items if item.status == PledgeStatus.registered}
    return PledgeExceptionOut(
        id=pledge.id,
        number=pledge.number,
        district_code=pledge.district_code,
        status=pledge.status,
        registered_on=pledge.registered_on,
        mixed_on=pledge.mixed_on,
        mixed_now=registered == set(AssetKind),
        unsecured_since=pledge.unsecured_since,
        revoked=[
            RevokedOut(
                asset_id=item.asset_id,
                number=number,
                asset_kind=item.asset_kind,
                registration_no=item.registration_no,
                registered_on=item.registered_on,
                revoked_on=item.ended_on,
            )
            for item, number in items
            if item.status == PledgeStatus.revoked
        ],
    )


@router.post("/{pledge_id}/registrations", status_code=201, response_model=PledgeOut)
async def register(pledge_id: uuid.UUID, body: PledgeRegistrationsIn, unit: Recording) -> Response:
    """Record the office's registrations, per right; the pledge is established on registration (PL-01)."""
    registrations = [
        pledges.Registration(given.asset_id, given.registration_no, given.registered_on, given.expires_on)
        for given in body.registrations
    ]
    pledge = await pledges.register(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        registrations=registrations,
        announced_on=body.announced_on,
    )
    return await _answer(unit, pledge)


@router.post("/{pledge_id}/refusals", status_code=201, response_model=PledgeOut)
async def refuse(pledge_id: uuid.UUID, body: PledgeRefusalIn, unit: Recording) -> Response:
    """Record that the office refused rights; with the last of them the pool's capacity comes back."""
    pledge = await pledges.refuse(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        reason=body.reason,
        refused_on=body.refused_on,
        asset_ids=body.asset_ids,
        grounds=body.grounds,
    )
    return await _answer(unit, pledge)


@router.post("/{pledge_id}/withdrawals", status_code=201, response_model=PledgeOut)
async def withdraw(pledge_id: uuid.UUID, body: PledgeWithdrawalIn, unit: Recording) -> Response:
    """Take rights back before the office has decided; with the last the pool's capacity comes back."""
    pledge = await pledges.withdraw(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        reason=body.reason,
        withdrawn_on=body.withdrawn_on,
        asset_ids=body.asset_ids,
    )
    return await _answer(unit, pledge)


@router.post("/{pledge_id}/revocations", status_code=201, response_model=PledgeOut)
async def revoke(pledge_id: uuid.UUID, body: PledgeRevocationIn, unit: Recording) -> Response:
    """Record that the office revoked registrations, void from the beginning (专利权质押登记办法第12条)."""
    pledge = await pledges.revoke(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        reason=body.reason,
        revoked_on=body.revoked_on,
        asset_ids=body.asset_ids,
        grounds=body.grounds,
    )
    return await _answer(unit, pledge)


@router.post("/{pledge_id}/deregistrations", status_code=201, response_model=PledgeOut)
async def deregister(pledge_id: uuid.UUID, body: DeregistrationIn, unit: Recording) -> Response:
    """Record the cancellation of all registrations (专利权质押登记办法第14条)."""
    pledge = await pledges.deregister(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        reason=body.reason,
        deregistered_on=body.deregistered_on,
        document_id=body.document_id,
    )
    return await _answer(unit, pledge)


async def _answer(unit: WriteUnit, pledge: Pledge) -> Response:
    return await unit.reply(201, await shown(unit, pledge), headers={"ETag": etag(pledge.version)})
