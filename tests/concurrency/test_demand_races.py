"""Answers to a demand side by side: what is decided on is what holds when it is decided."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.concurrency.test_pledge_races import make_rights
from tests.factories.loans import drawdown, loan_path
from tests.routers.test_demands import demanded, forced
from tests.routers.test_encumbrances import pledged
from tests.support.api import codes
from tests.support.instance import Instance

ROUNDS = 6
DUE = "UPDATE demands SET status = 'due' WHERE id = $1"


@pytest.mark.committed
async def test_an_objection_under_way_is_an_objection(stage: Instance) -> None:
    """PLG-10: an office's paper is refused though the pledgee objects only while it is being entered."""
    [asset] = await make_rights(stage, stage.api.samples["sme"].organisation.party_id, 1)
    pledge = await pledged(stage.api, str(asset))
    demand = await demanded(stage.api, pledge)
    await stage.owner.execute(DUE, uuid.UUID(demand["id"]))
    async with stage.owner.transaction():
        await stage.owner.execute(
            "UPDATE demands SET status = 'objected', answered_on = demanded_on WHERE id = $1",
            uuid.UUID(demand["id"]),
        )
        entering = asyncio.create_task(forced(stage.api, demand))
        await asyncio.sleep(0.5)
    assert codes(await entering) == ["demand.court_document_needed"]
    shown = await stage.api.get("bank_a", f"/v1/pledges/{pledge['id']}")
    assert shown.json()["status"] == "registered"


@pytest.mark.committed
async def test_a_loan_being_drawn_is_outstanding(stage: Instance) -> None:
    """PLG-10: the registration is not cancelled on an office's paper under a loan that is just being drawn."""
    rights = await make_rights(stage, stage.api.samples["sme"].organisation.party_id, ROUNDS)
    for asset in rights:
        pledge = await pledged(stage.api, str(asset))
        demand = await demanded(stage.api, pledge)
        await stage.owner.execute(DUE, uuid.UUID(demand["id"]))
        drawn, done = await asyncio.gather(
            stage.api.post("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown("100000.00")),
            forced(stage.api, demand),
        )
        told = (drawn.status_code, done.status_code)
        assert told in {(201, 409), (409, 200)}, (drawn.text, done.text)
