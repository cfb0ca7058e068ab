"""Twenty clients file, register, amend and end pledges of the same fifty rights in every way, all at once.

What they were answered is held against a model that knows nothing of the database: every right is free or
pledged, an accepted filing or substitution takes its rights, an accepted ending gives them back: refusal,
withdrawal, revocation, release, substitution, deregistration. Each answer must fit in between its request and
its response (it is linearizable), and at the end the database says what the model says.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from app.queries import integrity
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance

CLIENTS, RIGHTS, TURNS = 20, 50, 16
BANKS = ("bank_a", "bank_b")
ENDINGS = {"refusals", "withdrawals", "deregistrations", "revoked", "released", "substituted"}
COVERED = 100_000_00
"""What each filing under the pool asks it to cover, in fen."""
MEANT = {
    200,
    201,
    404,  # another bank's pledge
    409,
}


@dataclass
class Taking:
    """A right taken by a pledge: when it was asked for and granted, when its end was asked for and granted."""

    pledge_id: str
    asked: float
    granted: float
    end_asked: float = float("inf")
    ended: float = float("inf")


@dataclass
class Known:
    """A pledge as its bank knows it."""

    id: str
    bank: str
    rights: list[str]
    pooled: bool
    registered: bool = False
    over: bool = False
    """Ended as a whole, with the cover of its pool."""


@dataclass
class Market:
    """The clients' requests and what they were answered."""

    stage: Instance
    owner: uuid.UUID
    rights: list[str]
    pool: str
    chance: random.Random
    pledges: list[Known] = field(default_factory=list)
    taken: dict[tuple[str, str], Taking] = field(default_factory=dict)
    ends: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    """When rights of pledges were given back: asked for, answered. It may be known before their taking is."""
    refusals: list[tuple[str, float, float]] = field(default_factory=list)
    outcome: Counter[str] = field(default_factory=Counter)

    async def client(self, bank: str) -> None:
        young = (self.file, self.file, self.file, self.register, self.register, self.refuse, self.withdraw)
        for _ in range(TURNS):
            act = self.chance.choice(
                (*young, self.end, self.revoke, self.release, self.substitute, self.substitute)
            )
            await act(bank)

    async def file(self, bank: str) -> None:
        chosen = self.chance.sample(self.rights, self.chance.randint(1, 3))
        pooled = self.chance.random() < 0.5
        changes: dict[str, Any] = {"principal": {"amount": f"{COVERED // 100}.00", "currency": "CNY"}}
        if pooled:
            changes["pool_id"] = self.pool
        asked = time.monotonic()
        answer = await self.send(bank, "/v1/pledges", filing(self.owner, list(chosen), **changes))
        granted = time.monotonic()
        if answer.status_code == 201:
            made = answer.json()["id"]
            self.pledges.append(Known(made, bank, chosen, pooled))
            for right in chosen:
                self.taken[made, right] = Taking(made, asked, granted)
            self.outcome["filed"] += 1
            return
        self.refused(answer, asked, granted)

    def refused(self, answer: httpx.Response, asked: float, answered: float) -> None:
        for one in answer.json()["violations"]:
            self.outcome[one["code"]] += 1
            if one["code"] == "pledge.already_pledged":
                assert set(one["facts"]) == {"asset_id", "number", "kind", "since", "rank"}
                self.refusals.append((one["facts"]["asset_id"], asked, answered))

    async def register(self, bank: str) -> None:
        if (known := self.any_pledge()) is None:
            return
        registrations = [
            {"asset_id": right, "registration_no": str(uuid.uuid4()), "registered_on": str(now().today)}
            for right in known.rights
        ]
        path = f"/v1/pledges/{known.id}/registrations"
        answer = await self.send(bank, path, {"registrations": registrations})
        self.owned(known, bank, answer)
        if answer.status_code == 201:
            known.registered = True
            self.outcome["registered"] += 1

    async def refuse(self, bank: str) -> None:
        await self.give_back(bank, "refusals", {"reason": "示例", "refused_on": str(now().today)})

    async def withdraw(self, bank: str) -> None:
        await self.give_back(bank, "withdrawals", {"reason": "示例", "withdrawn_on": str(now().today)})

    async def end(self, bank: str) -> None:
        await self.give_back(
            bank, "deregistrations", {"reason": "debt_paid", "deregistered_on": str(now().today)}
        )

    async def give_back(self, bank: str, how: str, body: dict[str, Any]) -> None:
        """The whole pledge ends, with all rights that it has by then."""
        if (known := self.any_pledge()) is None:
            return
        asked = time.monotonic()
        answer = await self.send(bank, f"/v1/pledges/{known.id}/{how}", body)
        self.owned(known, bank, answer)
        if answer.status_code != 201:
            return
        self.outcome[how] += 1
        assert not known.over, "no pledge ends twice"
        known.over = True
        for item in answer.json()["items"]:
            self.ends.setdefault((known.id, item["asset_id"]), (asked, time.monotonic()))

    async def revoke(self, bank: str) -> None:
        if (known := self.any_pledge(registered=True)) is None:
            return
        right = self.chance.choice(known.rights)
        body = {"asset_ids": [right], "reason": "示例", "revoked_on": str(now().today)}
        asked = time.monotonic()
        answer = await self.send(bank, f"/v1/pledges/{known.id}/revocations", body)
        self.owned(known, bank, answer)
        if answer.status_code == 201:
            self.let_go(known, right, asked, "revoked")

    def let_go(self, known: Known, right: str, asked: float, word: str) -> None:
        """That right ended by this and nothing else, whatever a later answer shows of it."""
        self.ends[known.id, right] = (asked, time.monotonic())
        self.outcome[word] += 1

    async def release(self, bank: str) -> None:
        """One right goes, registered by the office in the same call."""
        if (known := self.any_pledge(registered=True)) is None:
            return
        right = self.chance.choice(known.rights)
        asked = time.monotonic()
        answer = await self.amend(known, bank, "release", right, registrations=[entry(right)])
        if answer.status_code == 201:
            self.let_go(known, right, asked, "released")

    async def substitute(self, bank: str) -> None:
        """One right comes in for one that goes."""
        if (known := self.any_pledge(registered=True)) is None:
            return
        going, coming = self.chance.choice(known.rights), self.chance.choice(self.rights)
        items = [{"asset_id": coming, "pledgor_id": str(self.owner)}]
        given = entry(coming) | {"registration_no": str(uuid.uuid4())}
        asked = time.monotonic()
        answer = await self.amend(known, bank, "substitution", going, items=items, registrations=[given])
        if answer.status_code == 201:
            self.let_go(known, going, asked, "substituted")
            known.rights.append(coming)
            self.taken[known.id, coming] = Taking(known.id, asked, time.monotonic())
        elif answer.status_code == 409:
            self.refused(answer, asked, time.monotonic())

    async def amend(self, known: Known, bank: str, kind: str, going: str, **more: Any) -> httpx.Response:
        body = {"kind": kind, "changed_on": str(now().today), "asset_ids": [going]} | more
        answer = await self.send(bank, f"/v1/pledges/{known.id}/amendments", body)
        self.owned(known, bank, answer)
        return answer

    def takings(self) -> dict[str, list[Taking]]:
        """Who had each right from when to when, by all that was answered."""
        found: dict[str, list[Taking]] = defaultdict(list)
        for (pledge_id, right), taking in self.taken.items():
            end_asked, ended = self.ends.get((pledge_id, right), (float("inf"), float("inf")))
            found[right].append(replace(taking, end_asked=end_asked, ended=ended))
        return found

    def any_pledge(self, *, registered: bool = False) -> Known | None:
        """Mostly a young one, or one that can be amended: on those several hands are at work."""
        known = (
            [one for one in self.pledges if one.registered and not one.over] if registered else self.pledges
        )
        return self.chance.choice(known[-12:]) if known else None

    @staticmethod
    def owned(known: Known, bank: str, answer: httpx.Response) -> None:
        assert (answer.status_code == 404) == (bank != known.bank), answer.text

    async def send(self, bank: str, path: str, body: dict[str, Any]) -> httpx.Response:
        answer = await self.stage.api.post(bank, path, body)
        assert answer.status_code in MEANT, answer.text
        return answer


def entry(right: str) -> dict[str, Any]:
    """The office's registration of today."""
    return {"asset_id": right, "registered_on": str(now().today)}


def fits(takings: Sequence[Taking]) -> bool:
    """Whether there is an order in which the right was never taken by two at once.

    Whoever took it before must have been able to give it back before the next got it: its end was asked for
    before the next grant was answered.
    """
    ordered = sorted(takings, key=lambda one: (one.ended, one.granted))
    return (
        all(first.end_asked < second.granted for first, second in itertools.pairwise(ordered))
        and sum(one.ended == float("inf") for one in takings) <= 1
    )


def explained(takings: Sequence[Taking], asked: float, answered: float) -> bool:
    """Whether a refusal can be true: at some moment of it somebody may have held the right."""
    return any(one.asked < answered and one.ended > asked for one in takings)


def test_the_model_notices_a_right_that_two_held_and_a_refusal_without_cause() -> None:
    """What proves the others must itself be able to fail."""
    first = Taking("one", asked=1, granted=2, end_asked=5, ended=6)
    assert fits([first, Taking("two", asked=3, granted=7)])
    assert not fits([first, Taking("two", asked=3, granted=4)])
    assert not fits([Taking("one", asked=1, granted=2), Taking("two", asked=3, granted=4)])
    assert explained([first], 0, 1.5)
    assert explained([first], 5.5, 7)
    assert not explained([first], 6.5, 7)


@pytest.mark.committed
@pytest.mark.parametrize("seed", [1, 2])
async def test_what_twenty_clients_are_answered_agrees_with_a_plain_model(stage: Instance, seed: int) -> None:
    """PLG-04, SC-02, UNI-09: random interleavings of 20 clients over 50 rights, replayed on a model."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        rights = [str((await make_asset(unit.session, owners=[owner])).id) for _ in range(RIGHTS)]
    pool = await make_pool(stage.api, paid_in="100000.00")
    market = Market(stage, owner, rights, pool["id"], random.Random(seed))
    await asyncio.gather(*(market.client(BANKS[number % 2]) for number in range(CLIENTS)))
    assert market.outcome["filed"] > 20 < market.outcome["pledge.already_pledged"], market.outcome
    endings = {one: many for one in ENDINGS if (many := market.outcome[one])}
    assert len(endings) >= 4, market.outcome  # the order is the machine's, not the seed's alone
    assert sum(endings.values()) > 8, market.outcome

    takings = market.takings()
    assert [right for right in rights if not fits(takings[right])] == []
    untrue = [one for one in market.refusals if not explained(takings[one[0]], one[1], one[2])]
    assert untrue == []

    live = {(str(row["asset_id"]), str(row["source_id"])) for row in await stage.owner.fetch(_LIVE)}
    assert live == {
        (right, one.pledge_id) for right in rights for one in takings[right] if one.ended == float("inf")
    }
    pooled = sum(
        one.pooled and not one.over for one in market.pledges
    )  # a revoked one's is in doubt, and stays
    shown = (await stage.api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]["outstanding"]
    assert shown["amount"] == f"{pooled * COVERED // 100}.00"
    async with stage.database.read() as unit:
        assert await integrity.findings(unit.session) == []


_LIVE = "SELECT asset_id, source_id FROM holds WHERE kind = 'lien' AND ended_at IS NULL"
