"""OPS-02: the invariants of trusteeship each find the fault they are there for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.infra.db import owner_connection
from app.infra.security import TokenIssuer
from app.queries import integrity
from tests.factories.enrolments import agree, evaluate, make_programme, make_provider, match, serve
from tests.support.instance import Instance, instance

pytestmark = pytest.mark.committed

FAULTS = {
    "district.programmes": "UPDATE programmes SET district_code = '120116'",
    "district.providers": "UPDATE providers SET district_code = '120116'",
    "district.enrolments": "UPDATE enrolments SET district_code = '120116'",
    "district.service_records": "UPDATE service_records SET district_code = '120116'",
    "district.coverages": "UPDATE coverages SET district_code = '120116'",
    "enrolment.active_counted_once": "DELETE FROM facts WHERE measure = 'trusteeship_active_count' AND value < 0",
    "enrolment.coverage_counted_once": "UPDATE coverages SET since = since - 1",
    "enrolment.counted_is_covered": "DELETE FROM coverages",
    "provider.within_quota": "UPDATE providers SET status = 'exited', quota = NULL",
}
BEREFT = "DELETE FROM facts WHERE measure = 'trusteeship_covered_count'"


@pytest.fixture
async def stage(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """An instance of the test's own."""
    async with instance(server_url, "trusteeship", tokens, pool_size=2, read_pool_size=2) as made:
        yield made


async def test_each_invariant_names_its_own_fault(stage: Instance) -> None:
    """A sound database has no findings; each seeded fault is found under its name."""
    programme = await make_programme(stage.api, stage.database)
    provider = await make_provider(stage.api, programme)
    made = await match(stage.api, programme, provider)
    await serve(stage.api, made)
    await evaluate(stage.api, made, "2021-01-15")
    other = await match(stage.api, programme, provider, "sme_b")
    await agree(stage.api, other, term=("2021-01-01", "2021-12-31"))
    async with stage.database.read() as unit:
        assert await integrity.findings(unit.session) == []
    async with owner_connection(stage.url) as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        for name, fault in (*FAULTS.items(), ("enrolment.coverage_counted_once", BEREFT)):
            savepoint = await connection.begin_nested()
            await connection.execute(text(fault))
            query = next(check.broken for check in integrity.CHECKS if check.name == name)
            assert (await connection.execute(text(query))).first() is not None, name
            await savepoint.rollback()
