"""`/v1/programmes`: trusteeship bought under a plan, and the organisations that apply to provide it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.programme import ProgrammeStatus
from app.models.programme import Programme
from app.queries import programmes as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.routers.providers import answer as provider_answer
from app.schemas.common import Page
from app.schemas.programme import ProgrammeIn, ProgrammeOut
from app.schemas.provider import ProviderOut
from app.services import programmes, providers

router = APIRouter(prefix="/v1/programmes", tags=["programmes"])

Writing = Annotated[WriteUnit, writes(Permission.programme_write)]
Applying = Annotated[WriteUnit, writes(Permission.provider_write)]
Reading = Annotated[ReadUnit, reads(Permission.programme_read)]


async def _answer(unit: WriteUnit, programme: Programme, status_code: int = 200) -> Response:
    out = ProgrammeOut.model_validate(programme)
    return await unit.reply(status_code, out, headers={"ETag": etag(programme.version)})


@router.post("", status_code=201, response_model=ProgrammeOut)
async def open_(body: ProgrammeIn, unit: Writing) -> Response:
    """Set up a programme under a plan of the caller's district."""
    new = programmes.NewProgramme(
        name=body.name,
        plan_id=body.plan_id,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        min_service_months=body.min_service_months,
        deliverables=body.deliverables,
        pass_score=body.pass_score,
    )
    programme = await programmes.open_(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, programme, 201)


@router.post("/{programme_id}/closure", response_model=ProgrammeOut)
async def close(programme_id: uuid.UUID, unit: Writing) -> Response:
    """Take nothing new from now on; services under way go on."""
    programme = await programmes.close(
        unit.session, actor=unit.actor, moment=unit.moment, programme_id=programme_id
    )
    return await _answer(unit, programme)


@router.post("/{programme_id}/providers", status_code=201, response_model=ProviderOut)
async def apply(programme_id: uuid.UUID, unit: Applying) -> Response:
    """Apply to provide trusteeship in a programme."""
    provider = await providers.apply(
        unit.session, actor=unit.actor, moment=unit.moment, programme_id=programme_id
    )
    return await provider_answer(unit, provider, 201)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    plan_id: uuid.UUID | None = None,
    district: str | None = None,
    status: ProgrammeStatus | None = None,
) -> Page[ProgrammeOut]:
    """List programmes."""
    statement = queries.matching(plan_id=plan_id, district_code=district, status=status)
    found = await page(unit.session, statement, Programme.id, paging.wanted)
    return paging.answer(found, [ProgrammeOut.model_validate(row) for row in found.rows])


@router.get("/{programme_id}")
async def get(programme_id: uuid.UUID, unit: Reading, response: Response) -> ProgrammeOut:
    """One programme."""
    programme = await queries.get(unit.session, programme_id)
    response.headers["ETag"] = etag(programme.version)
    return ProgrammeOut.model_validate(programme)
