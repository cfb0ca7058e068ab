"""`/v1/approvals`: who decided which step of a case. They are written by the routes that decide."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from app.domain.permission import Permission
from app.models.approval import Approval
from app.queries import approvals as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import PageDep
from app.schemas.approval import ApprovalOut
from app.schemas.common import Page

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])

Reading = Annotated[ReadUnit, reads(Permission.event_read)]
"""A decision is something that happened: who reads events reads decisions, each its own."""


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    subject_id: Annotated[uuid.UUID | None, Query(description="The case that was decided.")] = None,
    noun: Annotated[str | None, Query(max_length=40, description="What is decided, e.g. `claim`.")] = None,
) -> Page[ApprovalOut]:
    """List the decisions the caller may see, in the order in which they were taken."""
    statement = queries.matching(queries.visible(unit.actor), subject_id=subject_id, noun=noun)
    found = await page(unit.session, statement, Approval.id, paging.wanted)
    return paging.answer(found, [ApprovalOut.model_validate(approval) for approval in found.rows])
