"""OPS-02: the invariants of parties and duplicates each find the fault they are there for."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.infra.db import owner_connection
from app.infra.security import TokenIssuer
from app.queries import integrity
from tests.factories.duplicates import merge, second_client
from tests.factories.parties import bare_party, party
from tests.support.instance import instance

pytestmark = pytest.mark.committed

FAULTS = {
    "duplicate.one_code": "INSERT INTO party_identifiers (id, party_id, scheme, value)"
    " SELECT gen_random_uuid(), duplicate_party_id, 'uscc', '91120110MA5WRONG00' FROM duplicates",
    "party.as_its_history_says": "UPDATE parties SET name = '示例被改公司'"
    " WHERE id IN (SELECT party_id FROM party_names)",
}


async def test_each_invariant_names_its_own_fault(server_url: str, tokens: TokenIssuer) -> None:
    """A sound database has no findings; each seeded fault is found under its name."""
    async with instance(server_url, "parties", tokens, pool_size=2, read_pool_size=2) as stage:
        await second_client(stage.api, stage.database)
        kept = await stage.api.made("operator", "/v1/parties", party(51))
        async with stage.database.write() as unit:
            other = await bare_party(unit.session, "示例重复公司")
        await merge(stage.api, kept["id"], str(other.id))
        news = {"name": "示例新名公司", "effective_on": "2021-01-01", "source": "示例"}
        await stage.api.made("operator", f"/v1/parties/{other.id}/names", news)
        move = {"district_code": "120116", "effective_on": "2021-01-01", "source": "示例"}
        await stage.api.made("operator", f"/v1/parties/{kept['id']}/districts", move)
        async with stage.database.read() as unit:
            assert await integrity.findings(unit.session) == []
        async with owner_connection(stage.url) as connection:
            await connection.execute(text("SET session_replication_role = replica"))
            for name, fault in FAULTS.items():
                savepoint = await connection.begin_nested()
                await connection.execute(text(fault))
                query = next(check.broken for check in integrity.CHECKS if check.name == name)
                assert (await connection.execute(text(query))).first() is not None, name
                await savepoint.rollback()
