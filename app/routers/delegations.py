"""`/v1/delegations`: banks let intermediaries act for them, within a scope and a time (PLG-16)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.delegation import DelegationStatus, NewDelegation
from app.domain.permission import Permission
from app.models.delegation import Delegation
from app.queries import delegations as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page, ReasonIn
from app.schemas.delegation import DelegationIn, DelegationOut
from app.services import delegations

router = APIRouter(prefix="/v1/delegations", tags=["delegations"])

Writing = Annotated[WriteUnit, writes(Permission.delegation_write)]
Reading = Annotated[ReadUnit, reads(Permission.mandate_read)]


def _out(delegation: Delegation) -> DelegationOut:
    return DelegationOut.model_validate(delegation)


@router.post("", status_code=201, response_model=DelegationOut)
async def grant(body: DelegationIn, unit: Writing) -> Response:
    """Let another organisation act for the caller's; it calls with the header `On-Behalf-Of`."""
    new = NewDelegation(body.agent_id, body.permissions, body.valid_from, body.valid_to, body.document_id)
    delegation = await delegations.grant(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await unit.reply(201, _out(delegation), headers={"ETag": etag(delegation.version)})


@router.post("/{delegation_id}/revocation", response_model=DelegationOut)
async def revoke(delegation_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Take a delegation back: the next call by it is refused."""
    delegation = await delegations.revoke(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        delegation_id=delegation_id,
        reason=body.reason,
    )
    return await unit.reply(200, _out(delegation), headers={"ETag": etag(delegation.version)})


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: DelegationStatus | None = None,
    principal_id: uuid.UUID | None = None,
    agent_id: uuid.UUID | None = None,
) -> Page[DelegationOut]:
    """List the delegations the caller has given or was given."""
    statement = queries.matching(
        queries.visible(unit.actor), status=status, principal_id=principal_id, agent_id=agent_id
    )
    found = await page(unit.session, statement, Delegation.id, paging.wanted)
    return paging.answer(found, [_out(delegation) for delegation in found.rows])


@router.get("/{delegation_id}")
async def get(delegation_id: uuid.UUID, unit: Reading, response: Response) -> DelegationOut:
    """One delegation."""
    delegation = await queries.get(unit.session, unit.actor, delegation_id)
    response.headers["ETag"] = etag(delegation.version)
    return _out(delegation)
