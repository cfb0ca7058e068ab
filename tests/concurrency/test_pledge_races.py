"""Filings that run side by side: one right has one pledgee, one pool its capacity."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.factories.assets import make_asset
from tests.factories.pledge_batches import line, post_batch
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance

ROUNDS = 1_000
PARALLEL = 8


async def make_rights(stage: Instance, owner: uuid.UUID, count: int) -> list[uuid.UUID]:
    """Committed patents of one owner."""
    async with stage.database.write() as unit:
        return [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]


@pytest.mark.committed
async def test_two_banks_filing_one_patent_get_one_yes_and_one_no(stage: Instance) -> None:
    """PLG-04, SC-02: in every one of 1,000 rounds exactly one 201 and one 409 `pledge.already_pledged`."""
    owner = stage.api.samples["sme"].organisation.party_id
    rights = await make_rights(stage, owner, ROUNDS)
    gate = asyncio.Semaphore(PARALLEL)

    async def one_round(asset_id: uuid.UUID) -> list[tuple[int, str]]:
        async with gate:
            answers = await asyncio.gather(
                *(
                    stage.api.post(bank, "/v1/pledges", filing(owner, [asset_id]))
                    for bank in ("bank_a", "bank_b")
                )
            )
        return sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)

    outcomes = await asyncio.gather(*(one_round(asset_id) for asset_id in rights))
    assert outcomes == [[(201, ""), (409, "pledge.already_pledged")]] * ROUNDS
    live = "SELECT count(*), count(DISTINCT asset_id) FROM holds WHERE kind = 'lien' AND ended_at IS NULL"
    [counted] = await stage.owner.fetch(live)
    assert tuple(counted) == (ROUNDS, ROUNDS)
    assert await stage.owner.fetchval("SELECT count(*) FROM pledges") == ROUNDS


@pytest.mark.committed
async def test_parallel_filings_never_take_more_than_the_pools_capacity(stage: Instance) -> None:
    """UNI-09, POL-13: fifty filings at the boundary fill the pool exactly and the rest are refused."""
    owner = stage.api.samples["sme"].organisation.party_id
    rights = await make_rights(stage, owner, 50)
    pool = await make_pool(stage.api, paid_in="1000000.00")
    answers = await asyncio.gather(
        *(
            stage.api.post(
                ("bank_a", "bank_b")[number % 2], "/v1/pledges", filing(owner, [asset_id], pool_id=pool["id"])
            )
            for number, asset_id in enumerate(rights)
        )
    )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (20, 30)
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refused == {"pool.capacity_exceeded"}
    capacity = (await stage.api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert (capacity["outstanding"]["amount"], capacity["free"]["amount"]) == ("10000000.00", "0.00")


@pytest.mark.committed
async def test_filings_that_cross_the_same_rights_never_deadlock(stage: Instance) -> None:
    """POL-26: opposite orders of the same rights end in one winner, not in a deadlock."""
    owner = stage.api.samples["sme"].organisation.party_id
    for _ in range(20):
        rights = await make_rights(stage, owner, 6)
        answers = await asyncio.gather(
            stage.api.post("bank_a", "/v1/pledges", filing(owner, list(rights))),
            stage.api.post("bank_b", "/v1/pledges", filing(owner, list(reversed(rights)))),
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.committed
async def test_batches_that_cross_the_same_rights_never_deadlock(stage: Instance) -> None:
    """UNI-06: two banks' batches list the same rights in opposite order; each right goes to one of them."""
    owner = stage.api.samples["sme"].organisation.party_id
    for number in range(10):
        rights = await make_rights(stage, owner, 12)
        pool = await make_pool(stage.api)
        pairs = [rights[place : place + 2] for place in range(0, 12, 2)]
        orders = {"bank_a": pairs, "bank_b": [pair[::-1] for pair in reversed(pairs)]}
        answers = await asyncio.gather(
            *(
                post_batch(
                    stage.api,
                    bank,
                    [
                        line(f"{number}-{place}", filing(owner, pair, pool_id=pool["id"]))
                        for place, pair in enumerate(order)
                    ],
                )
                for bank, order in orders.items()
            )
        )
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        assert sorted(answer.json()["created"] for answer in answers) == [0, 6]
        capacity = (await stage.api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
        assert capacity["outstanding"]["amount"] == "3000000.00"


@pytest.mark.committed
async def test_a_batch_and_single_filings_share_rights_and_capacity(stage: Instance) -> None:
    """PLG-04, POL-13: a batch of one bank against single filings of another: no right twice, no fen over."""
    owner = stage.api.samples["sme"].organisation.party_id
    rights = await make_rights(stage, owner, 16)
    pool = await make_pool(stage.api, paid_in="500000.00")
    lines = [line(str(n), filing(owner, [right], pool_id=pool["id"])) for n, right in enumerate(rights)]
    batch, *singles = await asyncio.gather(
        post_batch(stage.api, "bank_a", lines),
        *(
            stage.api.post("bank_b", "/v1/pledges", filing(owner, [right], pool_id=pool["id"]))
            for right in reversed(rights)
        ),
    )
    filed = batch.json()["created"] + sum(answer.status_code == 201 for answer in singles)
    assert filed == 10
    refused = {answer.json()["code"] for answer in singles if answer.status_code != 201}
    assert refused <= {"pledge.already_pledged", "pool.capacity_exceeded"}
    live = "SELECT count(*), count(DISTINCT asset_id) FROM holds WHERE kind = 'lien' AND ended_at IS NULL"
    [counted] = await stage.owner.fetch(live)
    assert tuple(counted) == (10, 10)


@pytest.mark.committed
async def test_a_batch_sent_twice_at_once_files_each_line_once(stage: Instance) -> None:
    """C02: twins under different keys of their own: the second answers with what the first has filed."""
    owner = stage.api.samples["sme"].organisation.party_id
    rights = await make_rights(stage, owner, 8)
    lines = [line(f"twin-{n}", filing(owner, [right])) for n, right in enumerate(rights)]
    answers = await asyncio.gather(*(post_batch(stage.api, "bank_a", lines) for _ in range(3)))
    shown = [
        (answer.json()["created"], answer.json()["exists"], answer.json()["refused"]) for answer in answers
    ]
    assert sorted(shown) == [(0, 8, 0), (0, 8, 0), (8, 0, 0)]
    assert await stage.owner.fetchval("SELECT count(*) FROM pledges") == 8
