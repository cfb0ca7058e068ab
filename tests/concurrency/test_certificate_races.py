"""Certificates beside changes of the right they are about."""

from __future__ import annotations

import asyncio
import json

from app.domain.hold import HoldKind
from app.queries import assets as asset_queries
from tests.factories.assets import make_asset, tie_up
from tests.support.instance import Instance

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def test_a_certificate_waits_for_a_filing_under_way_and_tells_of_it(stage: Instance) -> None:
    """UNI-25: what has a time before the certificate's is in it, though it was not committed yet."""
    async with stage.database.write() as unit:
        owner = stage.api.samples["sme"].organisation.party_id
        asset = (await make_asset(unit.session, owners=[owner])).id
    async with asyncio.TaskGroup() as group, stage.database.write() as unit:
        await asset_queries.lock(unit.session, [asset])
        await tie_up(unit.session, asset, HoldKind.lien)
        asked = group.create_task(stage.api.made("bank_b", "/v1/certificates", {"asset_id": str(asset)}))
        while not await stage.owner.fetchval(WAITING):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
        assert not asked.done()
    made = asked.result()
    assert [one["kind"] for one in json.loads(made["body"])["state"]["encumbrances"]] == ["lien"]
    answer = await stage.api.http.get(f"/v1/certificates/verification/{made['code']}")
    assert answer.json()["verdict"] == "valid"


async def test_certificates_of_one_right_are_issued_side_by_side(stage: Instance) -> None:
    async with stage.database.write() as unit:
        owner = stage.api.samples["sme"].organisation.party_id
        asset = (await make_asset(unit.session, owners=[owner])).id
    body = {"asset_id": str(asset)}
    made = await asyncio.gather(*(stage.api.made("bank_b", "/v1/certificates", body) for _ in range(20)))
    assert len({one["number"] for one in made}) == len({one["code"] for one in made}) == 20
    assert len({one["state_sha256"] for one in made}) == 1
    keys = (await stage.api.http.get("/v1/certificates/keys")).json()["keys"]
    assert [key["kid"] for key in keys] == [made[0]["key_id"]]
