"""`/v1/reconciliations`: official lists held against the register, and what differs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.reconciliation import DifferenceKind, DifferenceStatus, Subject
from app.models.reconciliation import Reconciliation, ReconciliationDifference
from app.queries import reconciliations as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page, ReasonIn
from app.schemas.reconciliation import (
    DifferenceCountsOut,
    DifferenceDecisionIn,
    DifferenceOut,
    ReconciliationDetailOut,
    ReconciliationIn,
    ReconciliationOut,
    RefusalOut,
)
from app.services import reconciliations

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

router = APIRouter(prefix="/v1/reconciliations", tags=["reconciliations"])

Writing = Annotated[WriteUnit, writes(Permission.reconciliation_write)]
Deciding = Annotated[WriteUnit, writes(Permission.reconciliation_decide)]
Reading = Annotated[ReadUnit, reads(Permission.reconciliation_read)]


async def _outs(session: AsyncSession, rows: Sequence[Reconciliation]) -> list[ReconciliationOut]:
    counts = await queries.counts(session, [row.id for row in rows])
    return [_out(row, counts[row.id]) for row in rows]


def _out(row: Reconciliation, counts: dict[str, int]) -> ReconciliationOut:
    return ReconciliationOut(
        id=row.id,
        number=row.number,
        subject=row.subject,
        list_as_of=row.list_as_of,
        source=row.source,
        document_id=row.document_id,
        file_sha256=row.file_sha256,
        complete_for_owner_ids=row.complete_for,
        organisation_id=row.organisation_id,
        district_code=row.district_code,
        rows=row.rows,
        matched=row.matched,
        refused=row.refused,
        differences=DifferenceCountsOut.model_validate(counts),
        recorded_at=row.recorded_at,
    )


async def _detail(session: AsyncSession, row: Reconciliation) -> ReconciliationDetailOut:
    [shown] = await _outs(session, [row])
    refusals = [RefusalOut.model_validate(refusal) for refusal in row.refusals]
    return ReconciliationDetailOut(**shown.model_dump(), refusals=refusals)


async def _differences(
    session: AsyncSession, actor: Actor, rows: Sequence[ReconciliationDifference]
) -> list[DifferenceOut]:
    secret = await queries.confidential(session, actor, rows)
    return [_difference(row, confidential=row.id in secret) for row in rows]


def _difference(row: ReconciliationDifference, *, confidential: bool) -> DifferenceOut:
    return DifferenceOut(
        id=row.id,
        reconciliation_id=row.reconciliation_id,
        line=row.line,
        kind=row.kind,
        asset_id=row.asset_id,
        number=row.number,
        field=row.field,
        listed=None if confidential else row.listed,
        registered=None if confidential else row.registered,
        confidential=confidential,
        assignee_id=row.assignee_id,
        due_on=row.due_on,
        status=row.status,
        reason=row.reason,
        decided_on=row.decided_on,
        version=row.version,
    )


async def _answer(unit: WriteUnit, row: ReconciliationDifference) -> Response:
    [shown] = await _differences(unit.session, unit.actor, [row])
    return await unit.reply(200, shown, headers={"ETag": etag(row.version)})


@router.post("", status_code=201, response_model=ReconciliationDetailOut)
async def record(body: ReconciliationIn, unit: Writing) -> Response:
    """Hold an official list against the register; every difference becomes a task."""
    new = reconciliations.NewReconciliation(
        subject=body.subject,
        list_as_of=body.list_as_of,
        document_id=body.document_id,
        source=body.source,
        complete_for=body.complete_for_owner_ids,
        assignee_id=body.assignee_id,
    )
    row = await reconciliations.record(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await unit.reply(201, await _detail(unit.session, row))


@router.get("")
async def search(
    unit: Reading, paging: PageDep, *, subject: Subject | None = None
) -> Page[ReconciliationOut]:
    """List the reconciliations the caller may see."""
    statement = queries.matching(queries.visible(unit.actor), subject=subject)
    found = await page(unit.session, statement, Reconciliation.id, paging.wanted)
    return paging.answer(found, await _outs(unit.session, found.rows))


@router.get("/{reconciliation_id}")
async def get(reconciliation_id: uuid.UUID, unit: Reading) -> ReconciliationDetailOut:
    """One reconciliation, with the rows it refused."""
    row = await queries.get(unit.session, unit.actor, reconciliation_id)
    return await _detail(unit.session, row)


@router.get("/{reconciliation_id}/differences")
async def differences(
    reconciliation_id: uuid.UUID,
    unit: Reading,
    paging: PageDep,
    *,
    status: DifferenceStatus | None = None,
    kind: DifferenceKind | None = None,
) -> Page[DifferenceOut]:
    """The differences of a reconciliation, in the order of the list; an assignee sees its own."""
    row = await queries.get(unit.session, unit.actor, reconciliation_id)
    statement = queries.differing(queries.differences(unit.actor, row), status=status, kind=kind)
    found = await page(unit.session, statement, ReconciliationDifference.id, paging.wanted)
    return paging.answer(found, await _differences(unit.session, unit.actor, found.rows))


@router.post("/{reconciliation_id}/differences/{difference_id}/decision", response_model=DifferenceOut)
async def decide(
    reconciliation_id: uuid.UUID, difference_id: uuid.UUID, body: DifferenceDecisionIn, unit: Deciding
) -> Response:
    """Say that a difference was corrected, which is checked, or why it may stand."""
    row = await reconciliations.decide(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        reconciliation_id=reconciliation_id,
        difference_id=difference_id,
        decision=body.decision,
        reason=body.reason,
    )
    return await _answer(unit, row)


@router.post("/{reconciliation_id}/differences/{difference_id}/reopening", response_model=DifferenceOut)
async def reopen(
    reconciliation_id: uuid.UUID, difference_id: uuid.UUID, body: ReasonIn, unit: Deciding
) -> Response:
    """Take a decision about a difference back."""
    row = await reconciliations.reopen(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        reconciliation_id=reconciliation_id,
        difference_id=difference_id,
        reason=body.reason,
    )
    return await _answer(unit, row)
