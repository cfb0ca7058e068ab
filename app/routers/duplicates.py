"""`/v1/duplicates`: rows of the register that may be one party, and the merging of them by two people."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.duplicate import DuplicateStatus
from app.domain.permission import Permission
from app.models.duplicate import Duplicate
from app.queries import duplicates as queries
from app.queries.paging import Slice, page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page, ReasonIn
from app.schemas.duplicate import CandidateOut, DuplicateDecisionIn, DuplicateIn, DuplicateOut, MatchOut
from app.services import duplicates

router = APIRouter(prefix="/v1/duplicates", tags=["duplicates"])

Writing = Annotated[WriteUnit, writes(Permission.party_merge)]
Reading = Annotated[ReadUnit, reads(Permission.party_read)]
Looking = Annotated[ReadUnit, reads(Permission.party_merge)]


async def _answer(unit: WriteUnit, row: Duplicate, status_code: int = 200) -> Response:
    shown = DuplicateOut.model_validate(row)
    return await unit.reply(status_code, shown, headers={"ETag": etag(row.version)})


@router.post("", status_code=201, response_model=DuplicateOut)
async def propose(body: DuplicateIn, unit: Writing) -> Response:
    """Propose that two rows of the register are one party, or say everything that speaks against it."""
    made = await duplicates.propose(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        party_id=body.party_id,
        duplicate_party_id=body.duplicate_party_id,
        reason=body.reason,
    )
    return await _answer(unit, made, 201)


@router.post("/{duplicate_id}/decision", response_model=DuplicateOut)
async def decide(duplicate_id: uuid.UUID, body: DuplicateDecisionIn, unit: Writing) -> Response:
    """Merge or reject what another client proposed; merged, plans cover the two once from today."""
    row = await duplicates.decide(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        duplicate_id=duplicate_id,
        decision=body.decision,
        reason=body.reason,
    )
    return await _answer(unit, row)


@router.post("/{duplicate_id}/undo", response_model=DuplicateOut)
async def undo(duplicate_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Undo a merge that was wrong: the two count as if they had never been merged."""
    row = await duplicates.undo(
        unit.session, actor=unit.actor, moment=unit.moment, duplicate_id=duplicate_id, reason=body.reason
    )
    return await _answer(unit, row)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    status: DuplicateStatus | None = None,
    party_id: Annotated[uuid.UUID | None, Query(description="About this party, on either side.")] = None,
) -> Page[DuplicateOut]:
    """List proposals and what became of them."""
    statement = queries.matching(status=status, party_id=party_id)
    found = await page(unit.session, statement, Duplicate.id, paging.wanted)
    return paging.answer(found, [DuplicateOut.model_validate(row) for row in found.rows])


@router.get("/candidates")
async def candidates(unit: Looking, paging: PageDep) -> Page[CandidateOut]:
    """Parties alike to others entered before them, each with why. A page may be empty and yet go on."""
    wanted = paging.wanted
    found = await queries.candidates(unit.session, after=wanted.after, limit=wanted.limit)
    items = [
        CandidateOut(
            duplicate_party_id=row.id,
            name=row.name,
            district_code=row.district_code,
            matches=[MatchOut(**match) for match in row.matches],
        )
        for row in found.rows
    ]
    return paging.answer(Slice(items, found.next_cursor, None), items)


@router.get("/{duplicate_id}")
async def get(duplicate_id: uuid.UUID, unit: Reading, response: Response) -> DuplicateOut:
    """One proposal."""
    row = await queries.get(unit.session, duplicate_id)
    response.headers["ETag"] = etag(row.version)
    return DuplicateOut.model_validate(row)
