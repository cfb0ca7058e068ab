"""`/v1/pools/{id}/sources` and `/lineage`: whose money a pool's money is, and what became of it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.queries import fund_reports, fund_sources, ledger, pools
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.fund import LineageOut, SourceIn, SourceOut, TraceOut
from app.services import funds

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["funds"])

Reading = Annotated[ReadUnit, reads(Permission.ledger_read)]


@router.post("/sources", status_code=201, response_model=SourceOut)
async def add_source(
    pool_id: uuid.UUID, body: SourceIn, unit: Annotated[WriteUnit, writes(Permission.pool_write)]
) -> Response:
    """Add a source of money with its own account; its earmark says what it may pay for (POL-12)."""
    new = funds.NewSource(
        type=body.type,
        name=body.name,
        effective_from=body.effective_from,
        committed=body.committed.money if body.committed is not None else None,
        eligible_ip=body.eligible_ip,
        eligible_districts=body.eligible_districts,
        purpose=body.purpose,
    )
    added = await funds.add_source(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, new=new
    )
    (shown,) = await fund_reports.sources(unit.session, pool_id, added.id)
    pool = await pools.get(unit.session, unit.actor, pool_id)
    return await unit.reply(201, SourceOut.of(shown, pool.currency))


@router.get("/sources")
async def sources(pool_id: uuid.UUID, unit: Reading) -> list[SourceOut]:
    """The pool's sources, its own money among them, and what became of what they paid in."""
    pool = await pools.get_book(unit.session, unit.actor, pool_id)
    found = await fund_reports.sources(unit.session, pool.id)
    return [SourceOut.of(source, pool.currency) for source in found]


@router.get("/sources/{source_id}/trace")
async def trace(pool_id: uuid.UUID, source_id: uuid.UUID, unit: Reading) -> TraceOut:
    """One source's money from payment in to borrower and back: the 专款专用 report (UNI-32)."""
    pool = await pools.get_book(unit.session, unit.actor, pool_id)
    await fund_sources.get(unit.session, pool.id, source_id)
    (source,) = await fund_reports.sources(unit.session, pool.id, source_id)
    return TraceOut.of(
        source,
        await fund_reports.tranches(unit.session, pool.id, source_id),
        await fund_reports.claims(unit.session, pool.id, source_id),
        pool.currency,
    )


@router.get("/lineage")
async def lineage(
    pool_id: uuid.UUID,
    unit: Reading,
    transfer_id: Annotated[uuid.UUID, Query(description="A transfer of the pool's ledger.")],
) -> LineageOut:
    """Which contributions paid a transfer, or took it in (POL-25)."""
    pool = await pools.get_book(unit.session, unit.actor, pool_id)
    transfer = await ledger.get_transfer(unit.session, pool.id, transfer_id)
    parts = await fund_reports.lineage(unit.session, pool.id, transfer.id)
    return LineageOut.of(transfer.id, parts, pool.currency)
