"""`/v1/valuations`: what rights are worth, in whose opinion."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import valuation as rules
from app.domain.permission import Permission
from app.domain.valuation import NewValuation, Report, ValuationStatus
from app.models.valuation import Valuation
from app.queries import valuations as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page
from app.schemas.valuation import ValuationIn, ValuationOut, ValuationSignatureIn
from app.services import valuations

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/valuations", tags=["valuations"])

Writing = Annotated[WriteUnit, writes(Permission.valuation_write)]
Reading = Annotated[ReadUnit, reads(Permission.valuation_read)]


async def _outs(session: AsyncSession, rows: Sequence[Valuation]) -> list[ValuationOut]:
    assets = await queries.assets(session, {valuation.asset_id for valuation in rows})
    return [_out(valuation, assets[valuation.asset_id].number) for valuation in rows]


def _out(valuation: Valuation, asset_number: str) -> ValuationOut:
    value, base_on = valuation.value_fen, valuation.base_on
    return ValuationOut(
        id=valuation.id,
        number=valuation.number,
        asset_id=valuation.asset_id,
        asset_number=asset_number,
        application_id=valuation.application_id,
        organisation_id=valuation.organisation_id,
        appraiser_id=valuation.appraiser_id,
        mode=valuation.mode,
        status=valuation.status,
        base_on=base_on,
        expires_on=None if base_on is None else rules.expires_on(base_on),
        value=None if value is None else MoneyOut.of(value, valuation.currency),
        methods=valuation.methods,
        method_reason=valuation.method_reason,
        signatories=valuation.signatories,
        document_id=valuation.document_id,
        signed_on=valuation.signed_on,
        district_code=valuation.district_code,
        version=valuation.version,
    )


async def _answer(unit: WriteUnit, valuation: Valuation, status_code: int = 200) -> Response:
    [shown] = await _outs(unit.session, [valuation])
    return await unit.reply(status_code, shown, headers={"ETag": etag(valuation.version)})


@router.post("", status_code=201, response_model=ValuationOut)
async def request(body: ValuationIn, unit: Writing) -> Response:
    """Ask for the valuation of a right."""
    new = NewValuation(
        asset_id=body.asset_id,
        appraiser_id=body.appraiser_id,
        mode=body.mode,
        application_id=body.application_id,
    )
    valuation = await valuations.request(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, valuation, 201)


@router.post("/{valuation_id}/signature", response_model=ValuationOut)
async def sign(valuation_id: uuid.UUID, body: ValuationSignatureIn, unit: Writing) -> Response:
    """Sign a valuation; from then on it is never altered."""
    report = Report(
        base_on=body.base_on,
        value=body.value.money,
        signed_on=body.signed_on,
        methods=body.methods,
        method_reason=body.method_reason,
        signatories=body.signatories,
        document_id=body.document_id,
    )
    valuation = await valuations.sign(
        unit.session, actor=unit.actor, moment=unit.moment, valuation_id=valuation_id, report=report
    )
    return await _answer(unit, valuation)


@router.post("/{valuation_id}/withdrawal", response_model=ValuationOut)
async def withdraw(valuation_id: uuid.UUID, unit: Writing) -> Response:
    """Take a request back before it is signed."""
    valuation = await valuations.withdraw(
        unit.session, actor=unit.actor, moment=unit.moment, valuation_id=valuation_id
    )
    return await _answer(unit, valuation)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: ValuationStatus | None = None,
    asset_id: uuid.UUID | None = None,
    application_id: uuid.UUID | None = None,
) -> Page[ValuationOut]:
    """List the valuations the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor), status=status, asset_id=asset_id, application_id=application_id
    )
    found = await page(unit.session, statement, Valuation.id, paging.wanted)
    return paging.answer(found, await _outs(unit.session, found.rows))


@router.get("/{valuation_id}")
async def get(valuation_id: uuid.UUID, unit: Reading, response: Response) -> ValuationOut:
    """One valuation."""
    valuation = await queries.get(unit.session, unit.actor, valuation_id)
    response.headers["ETag"] = etag(valuation.version)
    [shown] = await _outs(unit.session, [valuation])
    return shown
