"""A batch against single filings: line by line the same answers, whatever the lines before have taken."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest

from app.services.pledges import batch
from tests.factories.commitments import reserve
from tests.factories.finance import organisation_id, owned, party_id, yuan
from tests.factories.pledge_batches import line, post_batch
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api
from tests.support.database import SavepointDatabase

LINES = 18
CAPS: dict[str, Any] = {
    "household_cap": yuan("1500000.00"),
    "bank_cap": yuan("1200000.00"),
    "industry_cap": yuan("1000000.00"),
}
SIZE = {"year": 2020, "industry": "software", "employees": 5, "revenue_wan": 1_000, "source": "示例年报"}


@dataclass
class World:
    """Rights, pools and applications that stand as those of another world do."""

    rights: list[str]
    pools: list[dict[str, Any] | None]
    applications: list[str | None]


async def make_world(api: Api, database: SavepointDatabase) -> World:
    """Some rights, one kept for bank A and one for another; a tight pool and a capped one; applications."""
    rights = [await owned(api, database) for _ in range(8)]
    for bank, right in (("bank_a", rights[0]), ("bank_b", rights[1])):
        body = {
            "bank_id": organisation_id(api, bank),
            "amount": yuan("1.00"),
            "purpose": "采购原材料",
            "term_months": 12,
            "asset_ids": [right],
        }
        made = await api.made("sme", "/v1/applications", body)
        await api.made(bank, f"/v1/applications/{made['id']}/review", None)
        kept = {"application_id": made["id"], "expires_on": "2026-12-20"}
        await api.made(bank, "/v1/reservations", kept)
    tight = await make_pool(api, paid_in="100000.00")
    capped = await make_pool(api, **CAPS)
    approved = [await reserve(api, database, pool, "400000.00") for pool in (tight, capped)]
    return World(rights, [None, tight, capped], [None, None, *(one["id"] for one in approved)])


def on_tight(api: Api, world: World, place: int, principal: str, **changes: Any) -> dict[str, Any]:
    """A filing of one right under the pool that is soon full."""
    pool = world.pools[1]
    assert pool is not None
    changes |= {"pool_id": pool["id"], "principal": yuan(principal)}
    return filing(party_id(api, "sme"), [world.rights[place]], **changes)


def drawn(api: Api, world: World, seed: int) -> list[dict[str, Any]]:
    """Filings of the world, the same for each world but for the ids."""
    dice = random.Random(seed)
    # What an application kept is gone for whoever names it again once the pool is full.
    made = [
        on_tight(api, world, 2, "400000.00", application_id=world.applications[2]),
        on_tight(api, world, 3, "600000.00"),
        on_tight(api, world, 4, "400000.00", application_id=world.applications[2]),
    ]
    for _ in range(LINES):
        rights = dice.choices(world.rights, k=dice.choice([1, 1, 1, 2]))
        pool = dice.choice(world.pools)
        body = filing(
            party_id(api, "sme"),
            rights,
            borrower_id=party_id(api, dice.choice(["sme", "sme", "sme_b"])),
            principal=yuan(dice.choice(["100000.00", "400000.00", "400000.01", "700000.00"])),
            ip_share_bp=dice.choice([10_000, 3_333]),
            pool_id=pool["id"] if pool is not None else None,
            application_id=dice.choice(world.applications),
            debt_to=dice.choice(["2027-06-30"] * 8 + ["2099-01-01"]),
        )
        made.append(body)
    return made


@pytest.mark.parametrize(("seed", "chunk"), [(0, 250), (1, 5)])
async def test_a_batch_answers_line_by_line_as_single_filings_do(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch, seed: int, chunk: int
) -> None:
    """UNI-06, RP-04, RP-05: rights, caps, capacity, reservations and applications are used up alike."""
    monkeypatch.setattr(batch, "CHUNK", chunk)
    for role in ("sme", "sme_b"):
        await api.made("operator", f"/v1/parties/{party_id(api, role)}/sizes", SIZE)
    one, other = [await make_world(api, database) for _ in range(2)]
    singly = []
    for body in drawn(api, one, seed):
        answer = await api.post("bank_a", "/v1/pledges", body)
        violations = answer.json().get("violations", [])
        singly.append([(found["code"], found["pointer"] or "") for found in violations])
    lines = [line(str(place), body) for place, body in enumerate(drawn(api, other, seed))]
    done = (await post_batch(api, "bank_a", lines)).json()
    together = [
        [(found["code"], found["pointer"].removeprefix(f"/{place}/pledge")) for found in result["violations"]]
        for place, result in enumerate(done["results"])
    ]
    assert together == singly
    assert [] in singly
    assert len({code for found in singly for code, _ in found}) > 3
    for pool, mirrored in zip(one.pools[1:], other.pools[1:], strict=True):
        assert pool is not None
        assert mirrored is not None
        shown = [
            (await api.get("bank_a", f"/v1/pools/{of['id']}")).json()["capacity"] for of in (pool, mirrored)
        ]
        assert shown[0] == shown[1]
