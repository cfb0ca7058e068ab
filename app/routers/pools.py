"""`/v1/pools`: risk-compensation pools, their schemes, money paid in, and capacity."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import pool as rules
from app.domain.permission import Permission
from app.models.pool import Pool, Scheme
from app.queries import pool_risks, pools as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page
from app.schemas.pool import (
    CapacityOut,
    ContributionIn,
    ContributionOut,
    PoolIn,
    PoolOut,
    ReleaseIn,
    RiskOut,
    SchemeIn,
    SchemeOut,
)
from app.services import pool_breakers, pools

router = APIRouter(prefix="/v1/pools", tags=["pools"])


def _scheme(body: SchemeIn) -> pools.NewScheme:
    return pools.NewScheme(
        code=body.code,
        effective_from=body.effective_from,
        effective_to=body.effective_to,
        leverage_multiple=body.leverage_multiple,
        shares_bp=body.shares_bp,
        legal_basis=body.legal_basis,
        household_cap=body.household_cap.money if body.household_cap else None,
        overdue_days=body.overdue_days,
        claim_window_days=body.claim_window_days,
        publicity_days=body.publicity_days,
        claim_cap=body.claim_cap.money if body.claim_cap else None,
        npl_warn_bp=body.npl_warn_bp,
        npl_suspend_bp=body.npl_suspend_bp,
        paid_ratio_suspend_bp=body.paid_ratio_suspend_bp,
        accepts_expired_valuations=body.accepts_expired_valuations,
    )


def scheme_out(scheme: Scheme) -> SchemeOut:
    """A scheme version as it is shown."""
    cap, claim_cap = scheme.household_cap_fen, scheme.claim_cap_fen
    return SchemeOut(
        id=scheme.id,
        code=scheme.code,
        scheme_version=scheme.scheme_version,
        effective_from=scheme.effective_from,
        effective_to=scheme.effective_to,
        leverage_multiple=scheme.leverage_multiple,
        household_cap=MoneyOut.of(cap) if cap is not None else None,
        shares_bp=scheme.shares_bp,
        legal_basis=scheme.legal_basis,
        overdue_days=scheme.overdue_days,
        claim_window_days=scheme.claim_window_days,
        publicity_days=scheme.publicity_days,
        claim_cap=MoneyOut.of(claim_cap) if claim_cap is not None else None,
        npl_warn_bp=scheme.npl_warn_bp,
        npl_suspend_bp=scheme.npl_suspend_bp,
        paid_ratio_suspend_bp=scheme.paid_ratio_suspend_bp,
        accepts_expired_valuations=scheme.accepts_expired_valuations,
    )


async def _risk(unit: ReadUnit | WriteUnit, pool: Pool) -> RiskOut | None:
    """What the breaker looks at, for those who may read the pool's books."""
    if not queries.reads_book(unit.actor, pool):
        return None
    found = await pool_risks.risk(unit.session, pool.id)
    limits = pool_risks.limits(await pool_risks.terms(unit.session, pool.id, unit.moment.today))
    return RiskOut(
        npl=MoneyOut.of(found.npl_fen, pool.currency),
        outstanding=MoneyOut.of(found.outstanding_fen, pool.currency),
        npl_ratio=found.npl_ratio,
        paid_ratio=found.paid_ratio,
        status=rules.breaker(found, limits),
    )


async def out(unit: ReadUnit | WriteUnit, pool: Pool) -> PoolOut:
    """A pool with its scheme in effect today, its capacity, and for its offices its risk."""
    scheme = await queries.scheme_on(unit.session, pool.id, unit.moment.today)
    capacity = None
    if scheme is not None:
        found = await queries.capacity(unit.session, pool, scheme.leverage_multiple)
        capacity = CapacityOut(
            available=MoneyOut.of(found.available_fen, pool.currency),
            limit=MoneyOut.of(found.limit_fen, pool.currency),
            outstanding=MoneyOut.of(found.outstanding_fen, pool.currency),
            free=MoneyOut.of(found.free_fen, pool.currency),
        )
    return PoolOut(
        id=pool.id,
        number=pool.number,
        district_code=pool.district_code,
        name=pool.name,
        currency=pool.currency,
        status=pool.status,
        manager_id=pool.manager_id,
        scheme=scheme_out(scheme) if scheme is not None else None,
        capacity=capacity,
        risk=await _risk(unit, pool),
        version=pool.version,
    )


@router.post("", status_code=201, response_model=PoolOut)
async def open_pool(body: PoolIn, unit: Annotated[WriteUnit, writes(Permission.pool_write)]) -> Response:
    """Open a pool in the caller's district, with its ledger and first scheme."""
    pool = await pools.open_pool(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        name=body.name,
        currency=body.currency,
        scheme=_scheme(body.scheme),
    )
    return await unit.reply(201, await out(unit, pool), headers={"ETag": etag(pool.version)})


@router.get("")
async def search(unit: Annotated[ReadUnit, reads(Permission.pool_read)], paging: PageDep) -> Page[PoolOut]:
    """List the pools the caller may see."""
    found = await page(
        unit.session,
        queries.visible(unit.actor),
        Pool.id,
        paging.wanted,
    )
    items = [await out(unit, pool) for pool in found.rows]
    return paging.answer(found, items)


@router.get("/{pool_id}")
async def get(
    pool_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.pool_read)], response: Response
) -> PoolOut:
    """One pool with its capacity."""
    pool = await queries.get(unit.session, unit.actor, pool_id)
    response.headers["ETag"] = etag(pool.version)
    return await out(unit, pool)


@router.get("/{pool_id}/schemes")
async def schemes(
    pool_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.pool_read)]
) -> list[SchemeOut]:
    """All scheme versions of a pool."""
    await queries.get(unit.session, unit.actor, pool_id)
    return [scheme_out(scheme) for scheme in await queries.schemes(unit.session, pool_id)]


@router.post("/{pool_id}/schemes", status_code=201, response_model=SchemeOut)
async def add_scheme(
    pool_id: uuid.UUID, body: SchemeIn, unit: Annotated[WriteUnit, writes(Permission.pool_write)]
) -> Response:
    """Put a further scheme version in effect; commitments made before keep theirs (RP-03)."""
    scheme = await pools.add_scheme(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, scheme=_scheme(body)
    )
    return await unit.reply(201, scheme_out(scheme))


@router.post("/{pool_id}/contributions", status_code=201, response_model=ContributionOut)
async def contribute(
    pool_id: uuid.UUID, body: ContributionIn, unit: Annotated[WriteUnit, writes(Permission.pool_write)]
) -> Response:
    """Book money paid into the pool's special account (RP-19)."""
    transfer_id = await pools.contribute(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        source=body.source,
        amount=body.amount.money,
        occurred_on=body.occurred_on,
    )
    booked = ContributionOut(
        transfer_id=transfer_id,
        pool_id=pool_id,
        source=body.source,
        amount=MoneyOut.of(body.amount.fen, body.amount.currency),
        occurred_on=body.occurred_on,
    )
    return await unit.reply(201, booked)


@router.post("/{pool_id}/release", response_model=PoolOut)
async def release(
    pool_id: uuid.UUID, body: ReleaseIn, unit: Annotated[WriteUnit, writes(Permission.pool_release)]
) -> Response:
    """Lift a suspension by document, once the ratios that caused it have fallen (RP-13)."""
    pool = await pool_breakers.release(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        document_id=body.document_id,
        reason=body.reason,
    )
    return await unit.reply(200, await out(unit, pool), headers={"ETag": etag(pool.version)})
