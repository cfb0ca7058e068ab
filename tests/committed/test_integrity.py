"""OPS-02: each invariant finds the fault it is there for, and none in a sound database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.domain.asset import AssetKind
from app.infra.db import Database, owner_connection
from app.infra.security import TokenIssuer
from app.queries import integrity
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance, instance

FAULTS = {
    "district.pledge_items": "UPDATE pledge_items SET district_code = '120116'",
    "district.commitments": "UPDATE commitments SET district_code = '120116'",
    "district.ledger_accounts": "UPDATE ledger_accounts SET district_code = '120116'",
    "district.ledger_transfers": "UPDATE ledger_transfers SET district_code = '120116'",
    "district.schemes": "UPDATE schemes SET district_code = '120116'",
    "ledger.balanced": "UPDATE ledger_accounts SET debits_posted = debits_posted + 1 WHERE code = 'cash'",
    "ledger.totals_follow_entries": "UPDATE ledger_accounts SET version = version + 1",
    "ledger.totals_follow_transfers": "UPDATE ledger_transfers SET amount_fen = amount_fen + 1",
    "ledger.two_entries_each": "DELETE FROM ledger_entries WHERE side = 'debit'",
    "pool.commitments_are_pending": "UPDATE commitments SET covered_fen = covered_fen - 1",
    "pledge.items_hold_their_rights": "UPDATE holds SET ended_at = now(), end_reason = 'x' WHERE kind = 'lien'",
    "pledge.financing_counted_once": "DELETE FROM facts WHERE measure = 'pledge_financing_count'",
    "title.shares_whole": "UPDATE titles SET share_ppm = 1",
    "fact.has_event": "UPDATE facts SET event_id = gen_random_uuid()",
}


@pytest.fixture
async def busy(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """A database in which a mixed pledge has been filed and registered."""
    async with instance(server_url, "integrity", tokens, pool_size=2, read_pool_size=2) as stage:
        owner = stage.api.samples["sme"].organisation.party_id
        async with stage.database.write() as unit:
            rights = [(await make_asset(unit.session, owners=[owner], kind=kind)).id for kind in AssetKind]
        pool = await make_pool(stage.api)
        pledge = await stage.api.made(
            "bank_a", "/v1/pledges", filing(owner, list(rights), pool_id=pool["id"])
        )
        registrations = [
            {
                "asset_id": str(right),
                "registration_no": f"R-{right}",
                "registered_on": str(now().today),
                "expires_on": "2027-06-30",
            }
            for right in rights
        ]
        await stage.api.made(
            "bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": registrations}
        )
        yield stage


async def findings(database: Database) -> set[str]:
    """Names of the broken invariants."""
    async with database.read() as unit:
        return {finding.check for finding in await integrity.findings(unit.session)}


@pytest.mark.committed
async def test_each_invariant_names_its_own_fault(busy: Instance) -> None:
    """A sound database has no findings; each seeded fault is found under its name."""
    assert await findings(busy.database) == set()
    async with owner_connection(busy.url) as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        for name, fault in FAULTS.items():
            savepoint = await connection.begin_nested()
            await connection.execute(text(fault))
            query = next(check.broken for check in integrity.CHECKS if check.name == name)
            assert (await connection.execute(text(query))).first() is not None, name
            await savepoint.rollback()
