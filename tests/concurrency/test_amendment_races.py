"""Amendments that run side by side with each other, with the end of the pledge, and with new valuations."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import pytest

from app.domain.asset import AssetKind
from app.queries import integrity
from tests.factories.amendments import amendment, make_pledge, make_rights, registered, substitute, value
from tests.factories.clock import now
from tests.factories.finance import organisation_id, yuan
from tests.factories.pledges import filing
from tests.support.instance import Instance

PATENT, MARK = AssetKind.patent, AssetKind.trademark
ROUNDS = 12

LIENS = """
SELECT i.asset_id::text AS asset_id, i.status, h.ended_at IS NULL AS held
FROM pledge_items i JOIN holds h ON h.id = i.hold_id WHERE i.pledge_id = $1
"""


async def held(stage: Instance, pledge: dict[str, Any]) -> dict[str, str]:
    """The states of a pledge's rights; each is held as long as it is undecided or registered, no longer."""
    rows = await stage.owner.fetch(LIENS, uuid.UUID(pledge["id"]))
    assert all(row["held"] == (row["status"] in ("filed", "correction", "registered")) for row in rows)
    return {row["asset_id"]: row["status"] for row in rows}


async def sound(stage: Instance) -> None:
    """No invariant is broken."""
    async with stage.database.read() as unit:
        assert await integrity.findings(unit.session) == []


@pytest.mark.committed
async def test_a_release_and_the_end_of_the_pledge_let_a_right_go_once(stage: Instance) -> None:
    """PLG-09: whichever is first; the right is free, and was let go by one of them."""
    body = {"reason": "waived", "deregistered_on": str(now().today)}
    for _ in range(ROUNDS):
        one, other = await make_rights(stage.api, stage.database, PATENT, PATENT)
        pledge = await make_pledge(stage.api, [one, other])
        path = f"/v1/pledges/{pledge['id']}"
        filed = await stage.api.made("bank_a", f"{path}/amendments", amendment("release", asset_ids=[one]))
        released, ended = await asyncio.gather(
            stage.api.post("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(one)),
            stage.api.post("bank_a", f"{path}/deregistrations", body),
        )
        assert ended.status_code == 201
        assert released.status_code in (201, 409)
        assert await held(stage, pledge) == {one: "deregistered", other: "deregistered"}
    await sound(stage)


@pytest.mark.committed
async def test_of_two_substitutions_one_is_filed(stage: Instance) -> None:
    """PLG-09: for the same right, by the same bank, with another right each."""
    for _ in range(ROUNDS):
        old, one, other = await make_rights(stage.api, stage.database, PATENT, PATENT, PATENT)
        pledge = await make_pledge(stage.api, [old])
        answers = await asyncio.gather(
            *(
                stage.api.post(
                    "bank_a",
                    f"/v1/pledges/{pledge['id']}/amendments",
                    amendment("substitution", items=substitute(stage.api, new), asset_ids=[old]),
                )
                for new in (one, other)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert sorted((await held(stage, pledge)).values()) == ["filed", "registered"]
    await sound(stage)


@pytest.mark.committed
async def test_two_banks_that_want_the_same_substitute_do_not_both_get_it(stage: Instance) -> None:
    """PLG-04, PLG-09: a substitution and a filing for one right, each with others that the other one wants."""
    owner = stage.api.samples["sme"].organisation.party_id
    for _ in range(ROUNDS):
        old, wanted = await make_rights(stage.api, stage.database, PATENT, PATENT)
        pledge = await make_pledge(stage.api, [old])
        answers = await asyncio.gather(
            stage.api.post(
                "bank_a",
                f"/v1/pledges/{pledge['id']}/amendments",
                amendment("substitution", items=substitute(stage.api, wanted), asset_ids=[old]),
            ),
            stage.api.post("bank_b", "/v1/pledges", filing(owner, [wanted])),
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
    await sound(stage)


@pytest.mark.committed
async def test_a_release_beside_a_lower_valuation_is_refused_or_told_of(stage: Instance) -> None:
    """PLG-08, PLG-09: the release sees the new value, or the bank is told of the shortfall, once."""
    api = stage.api
    for _ in range(ROUNDS):
        one, other = await make_rights(api, stage.database, PATENT, PATENT)
        pledge = await make_pledge(api, [one, other])
        await value(api, one, "1250000.00")
        await value(api, other, "1250000.00")
        path = f"/v1/pledges/{pledge['id']}"
        filed = await api.made("bank_a", f"{path}/amendments", amendment("release", asset_ids=[one]))
        asked = {"asset_id": other, "appraiser_id": organisation_id(api, "bank_a"), "mode": "bank_internal"}
        made = await api.made("bank_a", "/v1/valuations", asked)
        report = {"base_on": str(now().today), "value": yuan("1000000.00"), "signed_on": str(now().today)}
        answers = await asyncio.gather(
            api.post("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(one)),
            api.post("bank_a", f"/v1/valuations/{made['id']}/signature", report),
        )
        assert [answer.is_success for answer in answers] == [True, True]
        seen = (await api.get("bank_a", f"{path}/coverage")).json()
        assert seen["shortfall"]["amount"] == "100000.00"
        assert seen["short_since"] == str(now().today)
    await sound(stage)


@pytest.mark.committed
@pytest.mark.parametrize("seed", range(4))
async def test_after_any_amendments_what_is_held_is_what_is_pledged(stage: Instance, seed: int) -> None:
    """PLG-09: random amendments, some refused or taken back: live liens are the filed and registered rights."""
    walk = await Walk.begin(stage, random.Random(seed))
    for _ in range(14):
        await walk.step()
    await sound(stage)


class Walk:
    """A pledge that is amended at random, by one amendment after the other."""

    def __init__(
        self, stage: Instance, chance: random.Random, spare: list[str], pledge: dict[str, Any]
    ) -> None:
        self.stage, self.chance, self.spare, self.pledge = stage, chance, spare, pledge
        self.path = f"/v1/pledges/{pledge['id']}"
        self.year = 2027

    @classmethod
    async def begin(cls, stage: Instance, chance: random.Random) -> Walk:
        """A pledge of three rights, and others that may come in."""
        spare = await make_rights(stage.api, stage.database, *[PATENT, MARK] * 6)
        return cls(stage, chance, spare, await make_pledge(stage.api, [spare.pop() for _ in range(3)]))

    async def step(self) -> None:
        """An amendment is filed and decided, or refused if it would let go of everything."""
        shown = (await self.stage.api.get("bank_a", self.path)).json()
        live = [item["asset_id"] for item in shown["items"] if item["status"] == "registered"]
        body = self.wish(live)
        filed = await self.stage.api.post("bank_a", f"{self.path}/amendments", body)
        states = await held(self.stage, self.pledge)
        if filed.status_code == 409:
            assert body["kind"] == "release"
            assert set(body["asset_ids"]) == set(live)
            return
        assert filed.status_code == 201, filed.text
        assert ("filed" in states.values()) == (body["kind"] == "substitution")
        touched = (await self.stage.api.get("bank_a", self.path)).json()["items"]
        await self.decide(filed.json(), {one["asset_id"] for one in touched if is_mark(one)})
        assert "filed" not in (await held(self.stage, self.pledge)).values()

    def wish(self, live: list[str]) -> dict[str, Any]:
        """One of the four kinds."""
        kind = self.chance.choice(("release", "substitution", "extension", "change"))
        if kind == "release":
            return amendment(kind, asset_ids=self.chance.sample(live, self.chance.randint(1, len(live))))
        if kind == "substitution" and self.spare:
            items = substitute(self.stage.api, self.spare.pop())
            return amendment(kind, items=items, asset_ids=[self.chance.choice(live)])
        if kind == "extension":
            self.year += 1
            return amendment(kind, debt_to=f"{self.year}-12-31")
        return amendment("change", security_scope=f"本金{self.chance.random()}")

    async def decide(self, filed: dict[str, Any], marks: set[str]) -> None:
        """The office registers it right by right, or refuses; or the bank takes it back."""
        at, roll, api = f"/v1/amendments/{filed['id']}", self.chance.random(), self.stage.api
        if roll < 0.2:
            await api.made("bank_a", f"{at}/withdrawal", {"reason": "示例"})
            return
        if roll < 0.4:
            await api.made("bank_a", f"{at}/refusal", {"reason": "示例", "refused_on": str(now().today)})
            return
        swaps = filed["kind"] == "substitution"
        waiting = [one["asset_id"] for one in filed["items"] if not swaps or one["action"] == "add"]
        self.chance.shuffle(waiting)
        for asset_id in waiting:
            told: dict[str, str] = {}
            if swaps:
                told["registration_no"] = f"示例-{asset_id}"
            if asset_id in marks:
                told["expires_on"] = f"{max(self.year, 2030)}-12-31"
            await api.made("bank_a", f"{at}/registrations", registered(asset_id, **told))
        assert (await api.get("bank_a", at)).json()["status"] == "registered"


def is_mark(item: dict[str, Any]) -> bool:
    """Whether a right of a pledge is a mark."""
    return bool(item["asset_kind"] == "trademark")
