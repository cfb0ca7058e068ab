"""Reports and a release that run side by side on one pool: each breaker changes once, and stays right."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.factories.assets import make_asset
from tests.factories.claims import classification, document, make_loan
from tests.factories.pledges import make_pool
from tests.support.instance import Instance

LOANS = 6


async def make_rights(stage: Instance, count: int) -> list[uuid.UUID]:
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        return [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]


async def statuses(stage: Instance) -> list[str]:
    rows = await stage.owner.fetch("SELECT status FROM bank_breakers")
    return [row["status"] for row in rows]


@pytest.mark.committed
async def test_reports_at_once_suspend_the_bank_once(stage: Instance) -> None:
    """RP-13: six loans turn bad at the same time; the bank has one breaker, and one event tells of it."""
    pool = await make_pool(stage.api, paid_in="10000000.00")
    rights = await make_rights(stage, LOANS + 1)
    loans = [await make_loan(stage.api, pool, right) for right in rights[:LOANS]]
    await make_loan(stage.api, pool, rights[LOANS], bank="bank_b", principal="90000000.00")
    answers = await asyncio.gather(
        *(
            stage.api.post("bank_a", f"/v1/pledges/{loan['id']}/classifications", classification())
            for loan in loans
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert await statuses(stage) == ["suspended"]
    told = "SELECT count(*) FROM events WHERE type = 'pool.bank_breaker_changed'"
    assert await stage.owner.fetchval(told) == 1
    warned = "SELECT array_agg(payload->>'status') FROM events WHERE type = 'pool.breaker_changed'"
    assert await stage.owner.fetchval(warned) == ["warning"]


@pytest.mark.committed
async def test_a_release_beside_a_bad_report_never_leaves_a_bad_bank_active(stage: Instance) -> None:
    """RP-13: whichever comes first, the bank with a bad loan ends suspended."""
    pool = await make_pool(stage.api, paid_in="10000000.00")
    (right,) = await make_rights(stage, 1)
    loan = await make_loan(stage.api, pool, right)
    path = f"/v1/pledges/{loan['id']}/classifications"
    good = classification(loan_class="attention", overdue_days=0)
    await stage.api.made("bank_a", path, classification())
    await stage.api.made("bank_a", path, good)
    bank = stage.api.samples["bank_a"].organisation.id
    body = {"document_id": await document(stage.api, "finance_office"), "reason": "风险已处置"}
    release = stage.api.post("finance_office", f"/v1/pools/{pool['id']}/banks/{bank}/release", body)
    released, reported = await asyncio.gather(release, stage.api.post("bank_a", path, classification()))
    assert reported.status_code == 201
    assert released.status_code in {200, 409}
    assert await statuses(stage) == ["suspended"]
