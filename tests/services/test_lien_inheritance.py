"""A lien binds its right in whatever it is put: bundles, portfolios, parts of them (UNI-29).

Rights are grouped at random: pledged together, put into portfolios and taken out again, listed in bundles,
and dealt with in any set. The model beside it knows one thing only: which rights carry a lien.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from app.queries.driver import driver
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.deals import licence, transfer
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase

TODAY = str(now().today)
BANKS = ("bank_a", "bank_b")
LICENCE = {"term_from": TODAY, "term_to": "2028-12-31"}


@dataclass
class World:
    """Six rights of the sample enterprise, and what is done with sets of them."""

    api: Api
    chance: random.Random
    owner: uuid.UUID
    buyer: uuid.UUID
    rights: list[str]
    liened: dict[str, str] = field(default_factory=dict)
    """Which bank holds the lien, by right."""
    shelves: dict[str, set[str]] = field(default_factory=dict)

    def some(self, among: list[str]) -> list[str]:
        return self.chance.sample(among, self.chance.randint(1, len(among)))

    async def pledge(self) -> None:
        free = [right for right in self.rights if right not in self.liened]
        if free:
            bank, chosen = self.chance.choice(BANKS), self.some(free)
            await self.api.made(bank, "/v1/pledges", filing(self.owner, chosen[:2]))
            self.liened |= dict.fromkeys(chosen[:2], bank)

    async def shelve(self) -> None:
        """A portfolio of rights that are in none, or one more of these in a portfolio there is."""
        loose = [right for right in self.rights if not any(right in kept for kept in self.shelves.values())]
        if not loose:
            return
        chosen = self.some(loose)
        if self.shelves and self.chance.random() < 0.5:
            shelf = self.chance.choice(list(self.shelves))
            body = {"asset_ids": chosen, "joined_on": TODAY}
            await self.api.made("sme", f"/v1/portfolios/{shelf}/members", body)
        else:
            made = await self.api.made("sme", "/v1/portfolios", {"name": "示例组合", "asset_ids": chosen})
            shelf = made["id"]
        self.shelves.setdefault(shelf, set()).update(chosen)

    async def split(self) -> None:
        """Some of a portfolio's rights leave it, and make up another."""
        full = [shelf for shelf, kept in self.shelves.items() if len(kept) > 1]
        if full:
            shelf = self.chance.choice(full)
            leaving = self.some(sorted(self.shelves[shelf]))
            body = {"asset_ids": leaving, "left_on": TODAY}
            await self.api.made("sme", f"/v1/portfolios/{shelf}/removals", body)
            self.shelves[shelf] -= set(leaving)
            await self.shelve()

    async def look(self) -> None:
        """Portfolios show the liens of their members, and of no other right."""
        for shelf, kept in self.shelves.items():
            rows = (await self.api.get("sme", f"/v1/portfolios/{shelf}/members")).json()["items"]
            shown = {
                row["asset_id"]: [(one["kind"], one["rank"], one["since"]) for one in row["encumbrances"]]
                for row in rows
            }
            known = {right: [one for one in liens if one[0] == "lien"] for right, liens in shown.items()}
            expected = {right: [("lien", 1, TODAY)] if right in self.liened else [] for right in kept}
            assert known == expected
            assert all(row["encumbered"] == bool(row["encumbrances"]) for row in rows)

    async def listed(self, chosen: list[str]) -> str:
        body = {
            "direction": "offer",
            "mode": "ordinary_licence",
            "name": "示例专利包许可",
            "description": "示例",
            "expires_on": "2099-12-31",
            "asset_ids": chosen,
        }
        made = await self.api.made("sme", "/v1/listings", body)
        await self.api.made("sme", f"/v1/listings/{made['id']}/submission", None)
        await self.api.made("operator", f"/v1/listings/{made['id']}/approval", None)
        return str(made["id"])

    async def deal(self) -> None:
        """A deal over any set, or over a part of a listed bundle: no lien in it goes unasked.

        Consents to all liens of the set but one do not help; with the last one the deal goes through.
        """
        chosen = self.some(self.rights)
        kind = self.chance.choice((licence, transfer))
        body = kind(self.owner, self.buyer, list(map(uuid.UUID, chosen)))
        if kind is licence:
            body |= LICENCE
            if self.chance.random() < 0.5:
                body["listing_id"] = await self.listed(chosen)
                body["asset_ids"] = chosen = self.some(chosen)
        path = f"/v1/deals/{(await self.api.made('sme', '/v1/deals', body))['id']}"
        agreed = await self.api.made("sme", f"{path}/agreement", None)
        assert agreed["status"] == "negotiated"
        lacking = [right for right in chosen if right in self.liened]
        self.chance.shuffle(lacking)
        while lacking:
            refused = await self.sign(path)
            assert refused.status_code == 409
            assert sorted(
                str(at) for code, at in objections(refused) if code.startswith("deal.pledgee")
            ) == sorted(f"/asset_ids/{chosen.index(right)}" for right in lacking)
            right = lacking.pop()
            consent = {
                "kind": "pledgee",
                "action": "transfer" if kind is transfer else "licence",
                "asset_ids": [right],
            }
            if kind is licence:
                consent["licence_type"] = "ordinary"
            await self.api.made(self.liened[right], "/v1/consents", consent)
        signed = await self.sign(path)
        assert signed.status_code == 200, signed.text
        over = {"reason": "示例", "terminated_on": TODAY}
        await self.api.made("sme", f"{path}/termination", over)

    async def sign(self, path: str) -> Any:
        return await self.api.post("sme", f"{path}/signature", {"signed_on": TODAY})


async def make_world(api: Api, database: SavepointDatabase, seed: int) -> World:
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        buyer = (await make_party(unit.session)).id
        rights = [str((await make_asset(unit.session, owners=[owner])).id) for _ in range(6)]
    return World(api, random.Random(seed), owner, buyer, rights)


@pytest.mark.parametrize("seed", range(12))
async def test_however_rights_are_grouped_no_lien_among_them_goes_unasked(
    api: Api, database: SavepointDatabase, seed: int
) -> None:
    """UNI-29: bundles, portfolios, and what they are split into, inherit the liens of their rights."""
    world = await make_world(api, database, seed)
    steps = [world.pledge, world.shelve, world.shelve, world.split, world.deal]
    await world.pledge()
    for _ in range(8):
        await world.chance.choice(steps)()
        await world.look()
    await world.deal()


async def test_a_licensee_passes_no_licence_on_whatever_is_pledged(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-29, TR-13: sub-licences are not offered, and the table binds one to the lien of its right."""
    world = await make_world(api, database, 0)
    [right] = world.rights[:1]
    licensee = api.samples["sme_b"].organisation.party_id
    terms = licence(world.owner, licensee, [uuid.UUID(right)]) | LICENCE
    path = f"/v1/deals/{(await api.made('sme', '/v1/deals', terms))['id']}"
    for step, body in (("agreement", None), ("signature", {"signed_on": TODAY})):
        await api.made("sme", f"{path}/{step}", body)
    onward = licence(licensee, world.buyer, [uuid.UUID(right)]) | LICENCE
    drafted = await api.made("sme_b", "/v1/deals", onward)
    refused = await api.post("sme_b", f"/v1/deals/{drafted['id']}/agreement", None)
    assert ("deal.licensor_not_owner", "/asset_ids/0") in objections(refused)
    await api.made("bank_a", "/v1/pledges", filing(world.owner, [right]))
    sub_licence = (
        "INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, territory, field, period, lane,"
        " source_noun, source_id, placed_on, imported, event_id, recorded_at)"
        " SELECT gen_random_uuid(), asset_id, asset_serial, regime, kind, 1, territory, field, period,"
        " 'empty', 'deal', $2, placed_on, false, event_id, now() FROM holds"
        " WHERE asset_id = $1 AND kind = 'licence'"
    )
    async with database.write() as unit:
        connection = await driver(unit.session)
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            async with connection.transaction():
                await connection.execute(sub_licence, uuid.UUID(right), uuid.UUID(drafted["id"]))
    assert caught.value.constraint_name == "ck_holds_encumbered"
