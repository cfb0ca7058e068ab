"""`/v1/demands`: pledgors ask for their rights back, pledgees answer in time (PLG-10)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.demand import DemandStatus
from app.domain.permission import Permission
from app.models.demand import Demand
from app.queries import demands as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page, ReasonIn
from app.schemas.demand import DemandAcceptanceIn, DemandEnforcementIn, DemandIn, DemandOut
from app.services import demands

router = APIRouter(prefix="/v1", tags=["demands"])

Demanding = Annotated[WriteUnit, writes(Permission.demand_write)]
Answering = Annotated[WriteUnit, writes(Permission.pledge_register)]
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


async def _answer(unit: WriteUnit, demand: Demand, status_code: int = 200) -> Response:
    out = DemandOut.model_validate(demand)
    return await unit.reply(status_code, out, headers={"ETag": etag(demand.version)})


@router.post("/pledges/{pledge_id}/demands", status_code=201, response_model=DemandOut)
async def make(pledge_id: uuid.UUID, body: DemandIn, unit: Demanding) -> Response:
    """Ask, as a pledgor or the borrower, for a pledge's release; its pledgee has ten working days."""
    new = demands.NewDemand(pledge_id, body.ground, body.reason, body.document_id)
    return await _answer(
        unit, await demands.make(unit.session, actor=unit.actor, moment=unit.moment, new=new), 201
    )


@router.post("/demands/{demand_id}/acceptance", response_model=DemandOut)
async def accept(demand_id: uuid.UUID, body: DemandAcceptanceIn, unit: Answering) -> Response:
    """Agree as the pledgee; with the day of the office's cancellation that is recorded too."""
    demand = await demands.accept(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        demand_id=demand_id,
        answer=body.answer,
        deregistered_on=body.deregistered_on,
    )
    return await _answer(unit, demand)


@router.post("/demands/{demand_id}/objection", response_model=DemandOut)
async def object_to(demand_id: uuid.UUID, body: ReasonIn, unit: Answering) -> Response:
    """Say, as the pledgee, why the pledge stands."""
    demand = await demands.object_to(
        unit.session, actor=unit.actor, moment=unit.moment, demand_id=demand_id, reason=body.reason
    )
    return await _answer(unit, demand)


@router.post("/demands/{demand_id}/withdrawal", response_model=DemandOut)
async def withdraw(demand_id: uuid.UUID, unit: Demanding) -> Response:
    """Take a demand back."""
    demand = await demands.withdraw(unit.session, actor=unit.actor, moment=unit.moment, demand_id=demand_id)
    return await _answer(unit, demand)


@router.post("/demands/{demand_id}/enforcement", response_model=DemandOut)
async def enforce(demand_id: uuid.UUID, body: DemandEnforcementIn, unit: Demanding) -> Response:
    """Record, as the operator, that the office cancelled it on a document, without the pledgee."""
    forced = demands.Forced(body.authority, body.document_id, body.reason, body.deregistered_on)
    demand = await demands.enforce(
        unit.session, actor=unit.actor, moment=unit.moment, demand_id=demand_id, forced=forced
    )
    return await _answer(unit, demand)


@router.get("/demands")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: DemandStatus | None = None,
    pledge_id: uuid.UUID | None = None,
) -> Page[DemandOut]:
    """List the demands the caller has made or is to answer."""
    statement = queries.matching(queries.visible(unit.actor), status=status, pledge_id=pledge_id)
    found = await page(unit.session, statement, Demand.id, paging.wanted)
    return paging.answer(found, [DemandOut.model_validate(row) for row in found.rows])


@router.get("/demands/{demand_id}")
async def get(demand_id: uuid.UUID, unit: Reading, response: Response) -> DemandOut:
    """One demand."""
    demand = await queries.get(unit.session, unit.actor, demand_id)
    response.headers["ETag"] = etag(demand.version)
    return DemandOut.model_validate(demand)
