"""A buyer, a bank and a licensee at once: one right, one of them (UNI-03, SC-02)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest

from tests.factories.assets import make_asset
from tests.factories.deals import licence, step, transfer
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.instance import Instance

ROUNDS = 25
PARALLEL = 4
DONE = "done"
Round = Callable[[uuid.UUID], Awaitable[tuple[str, ...]]]
TAKEN = """
SELECT asset_id, count(*) AS holds FROM holds
WHERE ended_at IS NULL AND (kind IN ('lien', 'exclusive_licence') OR (kind = 'reservation' AND period IS NULL))
GROUP BY asset_id
"""


async def rights(stage: Instance, count: int) -> tuple[uuid.UUID, uuid.UUID, list[uuid.UUID]]:
    """The sample enterprise, a buyer and rights of the enterprise."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        buyer = await make_party(unit.session, district_code="120116")
        made = [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]
    return owner, buyer.id, made


async def drafted(stage: Instance, body: dict[str, object]) -> dict[str, object]:
    return await stage.api.made("sme", "/v1/deals", body)


async def agreed_and_signed(stage: Instance, deal: dict[str, object]) -> str:
    """What became of a deal that goes from its agreement right to its signature."""
    for name in ("agree", "sign"):
        answer = await step(stage.api, deal, name)
        if answer.status_code != 200:
            return str(answer.json()["code"])
    return DONE


async def pledged(stage: Instance, owner: uuid.UUID, asset_id: uuid.UUID) -> str:
    answer = await stage.api.post("bank_a", "/v1/pledges", filing(owner, [asset_id]))
    return DONE if answer.status_code == 201 else str(answer.json()["code"])


async def in_rounds(assets: list[uuid.UUID], one_round: Round) -> list[tuple[str, ...]]:
    """What became of each round, a few rounds at a time."""
    gate = asyncio.Semaphore(PARALLEL)

    async def gated(asset_id: uuid.UUID) -> tuple[str, ...]:
        async with gate:
            return await one_round(asset_id)

    return await asyncio.gather(*(gated(asset_id) for asset_id in assets))


async def assert_taken_once(stage: Instance, assets: list[uuid.UUID]) -> None:
    rows = await stage.owner.fetch(TAKEN)
    assert {row["asset_id"]: row["holds"] for row in rows} == dict.fromkeys(assets, 1)


@pytest.mark.committed
async def test_of_a_pledge_a_transfer_and_an_exclusive_licence_one_takes_the_right(stage: Instance) -> None:
    """UNI-03: in every round exactly one of the three, whoever comes first, and the others hear why."""
    owner, buyer, assets = await rights(stage, 4 * ROUNDS)

    async def one_round(asset_id: uuid.UUID) -> tuple[str, ...]:
        sale = await drafted(stage, transfer(owner, buyer, [asset_id]))
        use = await drafted(stage, licence(owner, buyer, [asset_id], licence_type="exclusive"))
        attempts = (
            agreed_and_signed(stage, sale),
            pledged(stage, owner, asset_id),
            agreed_and_signed(stage, use),
        )
        return tuple(await asyncio.gather(*attempts))

    outcomes = await in_rounds(assets, one_round)
    assert [outcome.count(DONE) for outcome in outcomes] == [1] * len(assets)
    assert {code for outcome in outcomes for code in outcome} <= {
        DONE,
        "hold.already_reserved",
        "hold.licence_conflict",
        "deal.pledgee_consent_required",
    }
    await assert_taken_once(stage, assets)


@pytest.mark.committed
async def test_a_signature_whose_reservation_has_lapsed_meets_a_pledge(stage: Instance) -> None:
    """UNI-03: with nothing reserved the rights' locks alone decide between the two."""
    owner, buyer, assets = await rights(stage, ROUNDS)
    sales = {asset: await drafted(stage, transfer(owner, buyer, [asset])) for asset in assets}
    for sale in sales.values():
        assert (await step(stage.api, sale, "agree")).status_code == 200
    await stage.owner.execute("UPDATE holds SET period = '[2020-01-01,2020-02-01)'")

    async def one_round(asset_id: uuid.UUID) -> tuple[str, ...]:
        async def sign() -> str:
            answer = await step(stage.api, sales[asset_id], "sign")
            return DONE if answer.status_code == 200 else str(answer.json()["code"])

        return tuple(await asyncio.gather(sign(), pledged(stage, owner, asset_id)))

    outcomes = await in_rounds(assets, one_round)
    assert all(
        outcome in {(DONE, "hold.already_reserved"), ("deal.pledgee_consent_required", DONE)}
        for outcome in outcomes
    )
    await assert_taken_once(stage, assets)


@pytest.mark.committed
async def test_of_two_transfers_one_takes_the_right_and_registers_once(stage: Instance) -> None:
    """UNI-03: one buyer; and of two clerks who enter the registration at once, one does."""
    owner, buyer, assets = await rights(stage, ROUNDS)

    async def one_round(asset_id: uuid.UUID) -> tuple[str, ...]:
        sales = [await drafted(stage, transfer(owner, buyer, [asset_id])) for _ in range(2)]
        signed = await asyncio.gather(*(agreed_and_signed(stage, sale) for sale in sales))
        won = sales[signed.index(DONE)]
        assert (await step(stage.api, won, "file")).status_code == 200
        entered = await asyncio.gather(
            *(step(stage.api, won, "register", registration_no=f"T-{asset_id}-{clerk}") for clerk in "ab")
        )
        codes = [str(answer.json().get("code", DONE)) for answer in entered]
        return (*sorted(signed), *sorted(codes))

    expected = (DONE, "hold.already_reserved", DONE, "state.illegal_transition")
    assert await in_rounds(assets, one_round) == [expected] * ROUNDS
    owned = "SELECT count(*) FROM titles WHERE party_id = $1 AND ceased_at IS NULL"
    assert await stage.owner.fetchval(owned, buyer) == ROUNDS
