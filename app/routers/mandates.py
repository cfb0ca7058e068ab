"""`/v1/mandates`: owners authorise agencies."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.mandate import MandateStatus
from app.domain.permission import Permission
from app.models.mandate import Mandate
from app.queries import mandates as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page, ReasonIn
from app.schemas.mandate import MandateConfirmationIn, MandateIn, MandateOut
from app.services import mandates

router = APIRouter(prefix="/v1/mandates", tags=["mandates"])

Writing = Annotated[WriteUnit, writes(Permission.mandate_write)]
Reading = Annotated[ReadUnit, reads(Permission.mandate_read)]


def _out(mandate: Mandate, asset_ids: list[uuid.UUID]) -> MandateOut:
    return MandateOut(
        id=mandate.id,
        number=mandate.number,
        district_code=mandate.district_code,
        owner_id=mandate.owner_id,
        organisation_id=mandate.organisation_id,
        proposed_by=mandate.proposed_by,
        powers=mandate.powers,
        term_from=mandate.term_from,
        term_to=mandate.term_to,
        fee_bp=mandate.fee_bp,
        asset_ids=asset_ids,
        document_id=mandate.document_id,
        status=mandate.status,
        decided_on=mandate.decided_on,
        ended_on=mandate.ended_on,
        version=mandate.version,
    )


async def _answer(unit: WriteUnit, mandate: Mandate, status_code: int = 200) -> Response:
    named = await queries.asset_ids(unit.session, [mandate.id])
    headers = {"ETag": etag(mandate.version)}
    return await unit.reply(status_code, _out(mandate, named[mandate.id]), headers=headers)


@router.post("", status_code=201, response_model=MandateOut)
async def enter(body: MandateIn, unit: Writing) -> Response:
    """Enter a mandate: active from the owner's own organisation, a proposal from anybody else."""
    new = mandates.NewMandate(
        owner_id=body.owner_id,
        powers=body.powers,
        term_from=body.term_from,
        term_to=body.term_to,
        organisation_id=body.organisation_id,
        fee_bp=body.fee_bp,
        asset_ids=body.asset_ids,
        document_id=body.document_id,
    )
    mandate = await mandates.enter(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, mandate, 201)


@router.post("/{mandate_id}/confirmation", response_model=MandateOut)
async def confirm(
    mandate_id: uuid.UUID, unit: Writing, body: MandateConfirmationIn | None = None
) -> Response:
    """Confirm a proposal, as its owner or as the operator with the power of attorney."""
    mandate = await mandates.confirm(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        mandate_id=mandate_id,
        document_id=body.document_id if body else None,
    )
    return await _answer(unit, mandate)


@router.post("/{mandate_id}/refusal", response_model=MandateOut)
async def refuse(mandate_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Refuse a proposal."""
    mandate = await mandates.refuse(
        unit.session, actor=unit.actor, moment=unit.moment, mandate_id=mandate_id, reason=body.reason
    )
    return await _answer(unit, mandate)


@router.post("/{mandate_id}/revocation", response_model=MandateOut)
async def revoke(mandate_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Take an active mandate back, or lay it down as its agent."""
    mandate = await mandates.revoke(
        unit.session, actor=unit.actor, moment=unit.moment, mandate_id=mandate_id, reason=body.reason
    )
    return await _answer(unit, mandate)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: MandateStatus | None = None,
    owner_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
) -> Page[MandateOut]:
    """List the mandates the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor), status=status, owner_id=owner_id, organisation_id=organisation_id
    )
    found = await page(unit.session, statement, Mandate.id, paging.wanted)
    named = await queries.asset_ids(unit.session, [mandate.id for mandate in found.rows])
    return paging.answer(found, [_out(mandate, named[mandate.id]) for mandate in found.rows])


@router.get("/{mandate_id}")
async def get(mandate_id: uuid.UUID, unit: Reading, response: Response) -> MandateOut:
    """One mandate."""
    mandate = await queries.get(unit.session, unit.actor, mandate_id)
    response.headers["ETag"] = etag(mandate.version)
    named = await queries.asset_ids(unit.session, [mandate_id])
    return _out(mandate, named[mandate_id])
