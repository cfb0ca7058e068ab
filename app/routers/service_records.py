"""`/v1/service-records`: what providers did for firms, and the firms' acceptance."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.queries import service_records as queries
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.schemas.service_record import AcceptanceIn, ServiceRecordOut
from app.services import service_records

router = APIRouter(prefix="/v1/service-records", tags=["enrolments"])

Accepting = Annotated[WriteUnit, writes(Permission.enrolment_write)]
Operating = Annotated[WriteUnit, writes(Permission.enrolment_check)]
Reading = Annotated[ReadUnit, reads(Permission.enrolment_read)]


async def _accept(unit: WriteUnit, record_id: uuid.UUID, body: AcceptanceIn, *, by_proxy: bool) -> Response:
    record = await service_records.accept(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        record_id=record_id,
        accepted_on=body.accepted_on,
        by_proxy=by_proxy,
    )
    headers = {"ETag": etag(record.version)}
    return await unit.reply(200, ServiceRecordOut.model_validate(record), headers=headers)


@router.post("/{record_id}/acceptance", response_model=ServiceRecordOut)
async def accept(record_id: uuid.UUID, body: AcceptanceIn, unit: Accepting) -> Response:
    """The firm accepts a service, which makes it a deliverable."""
    return await _accept(unit, record_id, body, by_proxy=False)


@router.post("/{record_id}/proxy-acceptance", response_model=ServiceRecordOut)
async def accept_by_proxy(record_id: uuid.UUID, body: AcceptanceIn, unit: Operating) -> Response:
    """The operator accepts for a firm without an account, on the document of the record."""
    return await _accept(unit, record_id, body, by_proxy=True)


@router.get("/{record_id}")
async def get(record_id: uuid.UUID, unit: Reading, response: Response) -> ServiceRecordOut:
    """One service record."""
    record = await queries.get(unit.session, unit.actor, record_id)
    response.headers["ETag"] = etag(record.version)
    return ServiceRecordOut.model_validate(record)
