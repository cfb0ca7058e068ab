"""`/v1/pools`: risk-compensation pools, their schemes, money paid in, and capacity."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import fund as fund_rules, pool as rules, scheme as scheme_rules
from app.domain.errors import refuse_if
from app.domain.permission import Permission
from app.domain.scheme import Terms
from app.models.pool import Pool
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
)
from app.schemas.scheme import SchemeIn, SchemeOut
from app.services import funds, pool_breakers, pools, schemes as scheme_service

router = APIRouter(prefix="/v1/pools", tags=["pools"])


def _terms(body: SchemeIn, currency: str, *, pointer: str = "") -> Terms:
    """The parameters, all of whose amounts are in the pool's currency; every objection at once."""
    terms = body.terms()
    refuse_if(
        [
            rules.CURRENCY_MISMATCH.violation(f"{pointer}{place}", currency=currency)
            for place, given in body.currencies().items()
            if given != currency
        ]
        + scheme_rules.faults(terms, pointer)
    )
    return terms


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
        second_person_from=MoneyOut.of(pool.second_person_fen, pool.currency)
        if pool.second_person_fen is not None
        else None,
        scheme=SchemeOut.of(scheme, pool.currency) if scheme is not None else None,
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
        scheme=_terms(body.scheme, body.currency, pointer="/scheme"),
        second_person_from=body.second_person_from.money if body.second_person_from else None,
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
    pool = await queries.get(unit.session, unit.actor, pool_id)
    return [SchemeOut.of(scheme, pool.currency) for scheme in await queries.schemes(unit.session, pool_id)]


@router.post("/{pool_id}/schemes", status_code=201, response_model=SchemeOut)
async def add_scheme(
    pool_id: uuid.UUID, body: SchemeIn, unit: Annotated[WriteUnit, writes(Permission.pool_write)]
) -> Response:
    """Put a further scheme version in effect; commitments made before keep theirs (RP-03)."""
    pool = await queries.get(unit.session, unit.actor, pool_id)
    terms = _terms(body, pool.currency)
    added = await scheme_service.add(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, terms=terms
    )
    return await unit.reply(201, SchemeOut.of(added, pool.currency))


@router.post("/{pool_id}/contributions", status_code=201, response_model=ContributionOut)
async def contribute(
    pool_id: uuid.UUID, body: ContributionIn, unit: Annotated[WriteUnit, writes(Permission.pool_write)]
) -> Response:
    """Book money paid into the pool's special account (RP-19)."""
    payer = body.source_id or body.source
    if payer is None or (body.source_id and body.source):
        raise fund_rules.ONE_PAYER.error("/source")
    booked = await funds.contribute(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        source=payer,
        amount=body.amount.money,
        occurred_on=body.occurred_on,
    )
    out_ = ContributionOut(
        transfer_id=booked.transfer_id,
        pool_id=pool_id,
        source=booked.source.type,
        source_id=booked.source.id,
        amount=MoneyOut.of(body.amount.fen, body.amount.currency),
        occurred_on=body.occurred_on,
    )
    return await unit.reply(201, out_)


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
