"""`/v1/pools/{id}/stress-tests`: what a pool would pay if many loans went bad, kept and repeatable."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.stress_test import StressTest
from app.queries import pools as pool_queries, stress_tests as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.stress_test import ReplayOut, ResultOut, StressTestIn, StressTestOut, shown
from app.services import stress_tests

router = APIRouter(prefix="/v1/pools/{pool_id}/stress-tests", tags=["pools"])
Reading = Annotated[ReadUnit, reads(Permission.pool_read)]


def _out(row: StressTest, currency: str, replay: tuple[bool, bool] | None = None) -> StressTestOut:
    return StressTestOut(
        id=row.id,
        number=row.number,
        pool_id=row.pool_id,
        on=row.on,
        as_of=row.as_of,
        known_at=row.known_at,
        parameters=row.parameters,
        result=ResultOut.model_validate(shown(row.result, currency)),
        sha256=row.sha256,
        replay=ReplayOut(result_equal=replay[0], evidence_equal=replay[1]) if replay is not None else None,
    )


@router.post("", status_code=201, response_model=StressTestOut)
async def run(
    pool_id: uuid.UUID,
    body: StressTestIn,
    unit: Annotated[WriteUnit, writes(Permission.stress_test_write)],
) -> Response:
    """Run scenarios and seeded simulations on the loans a pool covered on a day, and keep the result."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    with stress_tests.ROOM.place():
        async with unit.database.read() as snapshot:
            case = await stress_tests.prepared(
                snapshot.session,
                pool=pool,
                moment=unit.moment,
                on=body.on or unit.moment.today,
                as_of=body.as_of,
                parameters=body.parameters(),
            )
        made = await stress_tests.run(
            unit.session, actor=unit.actor, moment=unit.moment, pool=pool, prepared=case
        )
    return await unit.reply(201, _out(made, pool.currency))


@router.get("")
async def search(pool_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[StressTestOut]:
    """List the tests of a pool, for those who may read its books."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = await page(unit.session, queries.listed(pool_id), StressTest.id, paging.wanted)
    return paging.answer(found, [_out(one, pool.currency) for one in found.rows])


@router.get("/{test_id}")
async def get(
    pool_id: uuid.UUID,
    test_id: uuid.UUID,
    unit: Reading,
    *,
    verify: Annotated[
        bool, Query(description="Compute it again, from the evidence kept and from the record.")
    ] = False,
) -> StressTestOut:
    """One test; with `verify` whether it yields the same again."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    test = await queries.get(unit.session, pool_id, test_id)
    if not verify:
        return _out(test, pool.currency)
    with stress_tests.ROOM.place():
        replay = await stress_tests.replayed(unit.session, test)
    return _out(test, pool.currency, replay)
