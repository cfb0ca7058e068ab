"""A pre-check beside filings: it waits for nobody, and nobody for it."""

from __future__ import annotations

import asyncio

import pytest

from tests.factories.assets import make_asset
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance


@pytest.mark.committed
async def test_a_pre_check_waits_for_no_lock(stage: Instance) -> None:
    """PLG-01: while rights and pool are locked by others it is answered all the same."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
    pool = await make_pool(stage.api)
    body = filing(owner, [asset.id], pool_id=pool["id"])
    async with stage.owner.transaction():
        await stage.owner.execute("SELECT 1 FROM assets FOR UPDATE")
        await stage.owner.execute("SELECT 1 FROM pools FOR UPDATE")
        async with asyncio.timeout(10):
            decision = await stage.api.made("bank_a", "/v1/pledges/checks", body)
    assert decision["outcome"] == "passed"
    assert await stage.owner.fetchval("SELECT count(*) FROM holds") == 0
