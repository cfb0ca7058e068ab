"""One consent, many deals, and a grantor who changes its mind, on real connections whose transactions commit."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import pytest

from app.infra.security import TokenIssuer
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.instance import Instance, instance
from tests.support.server import plain

pytestmark = pytest.mark.committed

ROUNDS = 25


@pytest.fixture(scope="module")
async def committed(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """An instance of this module's own."""
    async with instance(server_url, "consent_race", tokens, pool_size=4, read_pool_size=1) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Round:
    """Two pledged rights, a licence of each agreed on, and one consent to one deal over either."""

    stage: Instance
    deals: tuple[str, ...]
    consent: str

    async def sign(self, deal: str) -> tuple[str, ...]:
        """What becomes of a signature: `effective` or the codes of the refusal."""
        body = {"signed_on": str(now().today)}
        answer = (await self.stage.api.post("sme", f"/v1/deals/{deal}/signature", body)).json()
        return (answer["status"],) if "violations" not in answer else _codes(answer)

    async def revoke(self) -> tuple[str, ...]:
        path = f"/v1/consents/{self.consent}/revocation"
        answer = (await self.stage.api.post("bank_a", path, {"reason": "示例"})).json()
        return (answer["status"],) if "violations" not in answer else _codes(answer)

    async def uses(self) -> int:
        count = "SELECT count(*) FROM consent_uses WHERE consent_id = $1"
        return int(await self.stage.owner.fetchval(count, uuid.UUID(self.consent)))

    async def status(self) -> str:
        status = "SELECT status FROM consents WHERE id = $1"
        return str(await self.stage.owner.fetchval(status, uuid.UUID(self.consent)))


def _codes(answer: dict[str, Any]) -> tuple[str, ...]:
    return tuple(violation["code"] for violation in answer["violations"])


async def begin(stage: Instance, *, rights: int = 2) -> Round:
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        buyer = (await make_party(unit.session)).id
        assets = [str((await make_asset(unit.session, owners=[owner])).id) for _ in range(rights)]
    await stage.api.made("bank_a", "/v1/pledges", filing(owner, assets))
    licence = {
        "licence_type": "ordinary",
        "grantor_id": str(owner),
        "grantee_id": str(buyer),
        "term_from": "2025-01-01",
        "term_to": "2027-12-31",
        "amount": {"amount": "1000.00"},
    }
    deals = []
    for asset in assets * 2 if rights == 1 else assets:
        deals.append((await stage.api.made("sme", "/v1/deals", licence | {"asset_ids": [asset]}))["id"])
        await stage.api.made("sme", f"/v1/deals/{deals[-1]}/agreement", None)
    scope = {"kind": "pledgee", "action": "licence", "asset_ids": assets}
    consent = await stage.api.made("bank_a", "/v1/consents", scope)
    return Round(stage, tuple(deals), consent["id"])


async def until_waiting(stage: Instance, sessions: int) -> None:
    """Wait until so many sessions of this database wait for locks."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(1.5):
        while await stage.owner.fetchval(waiting) < sessions:
            await asyncio.sleep(0.01)
            await stage.owner.execute("SELECT pg_stat_clear_snapshot()")


@pytest.mark.parametrize("rights", [1, 2], ids=["one-right", "two-rights"])
async def test_of_two_deals_that_race_for_one_consent_exactly_one_takes_effect(
    committed: Instance, rights: int
) -> None:
    """UNI-01, UNI-03, SC-02: on one right its lock decides, on two the consent's own; round after round."""
    for _ in range(ROUNDS):
        race = await begin(committed, rights=rights)
        outcomes = Counter(await asyncio.gather(*(race.sign(deal) for deal in race.deals)))
        lost = ("deal.pledgee_consent_required", "consent.used_up")
        assert outcomes == {("effective",): 1, lost: 1}
        assert (await race.uses(), await race.status()) == (1, "used")


@pytest.mark.parametrize("first", ["signature", "revocation"])
async def test_a_consent_is_used_or_revoked_and_never_both(committed: Instance, first: str) -> None:
    """RB-04: revocable only before use; of two that wait for the consent the first in line has its way."""
    for _ in range(ROUNDS // 2):
        race = await begin(committed, rights=1)
        attempts: dict[str, Callable[[], Coroutine[Any, Any, tuple[str, ...]]]] = {
            "signature": partial(race.sign, race.deals[0]),
            "revocation": race.revoke,
        }
        answers = {}
        async with committed.owner.transaction():
            lock = "SELECT 1 FROM consents WHERE id = $1 FOR UPDATE"
            await committed.owner.execute(lock, uuid.UUID(race.consent))
            for waiting, name in enumerate(sorted(attempts, key=lambda name: name != first), start=1):
                answers[name] = asyncio.create_task(attempts[name]())
                await until_waiting(committed, waiting)
        outcome = (await answers["signature"], await answers["revocation"])
        if first == "signature":
            assert outcome == (("effective",), ("consent.already_used",))
            assert (await race.uses(), await race.status()) == (1, "used")
        else:
            assert outcome == (("deal.pledgee_consent_required",), ("revoked",))
            assert (await race.uses(), await race.status()) == (0, "revoked")


async def test_the_table_itself_admits_one_of_two_uses_of_a_single_one(committed: Instance) -> None:
    """UNI-03: without any lock before it the trigger takes the consent's lock and counts under it."""
    use = (
        "INSERT INTO consent_uses (id, district_code, consent_id, deal_id, used_on, event_id, recorded_at)"
        " SELECT gen_random_uuid(), c.district_code, c.id, $2, $3, c.event_id, now()"
        " FROM consents c WHERE c.id = $1"
    )
    race = await begin(committed)
    other = await asyncpg.connect(plain(committed.url))
    try:
        first = committed.owner.transaction()
        await first.start()
        consent, today = uuid.UUID(race.consent), now().today
        await committed.owner.execute(use, consent, uuid.UUID(race.deals[0]), today)
        waiting = asyncio.create_task(other.execute(use, consent, uuid.UUID(race.deals[1]), today))
        await until_waiting(committed, 1)
        await first.commit()
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await waiting
        assert refused.value.constraint_name == "ck_consent_uses_exhausted"
    finally:
        await other.close()
    assert await race.uses() == 1
