"""Reservations, filings and delegations side by side: the database decides, and each is told which way."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.concurrency.test_pledge_races import make_rights
from tests.factories.finance import party_id
from tests.factories.pledges import filing
from tests.routers.test_delegations import granted
from tests.routers.test_priority_reservations import applied, until
from tests.support.instance import Instance

ROUNDS = 12


async def cases(stage: Instance, bank: str, rights: list[uuid.UUID]) -> list[dict[str, Any]]:
    """An application per right that the bank has in hand, as the body of a reservation."""
    found = [await applied(stage.api, str(asset), bank=bank) for asset in rights]
    return [{"application_id": one["id"], "expires_on": until(10)} for one in found]


@pytest.mark.committed
async def test_of_two_banks_that_reserve_one_right_one_gets_it(stage: Instance) -> None:
    """UNI-26: at the same moment exactly one 201 and one 409, whichever comes first."""
    rights = await make_rights(stage, stage.api.samples["sme"].organisation.party_id, ROUNDS)
    first, second = await cases(stage, "bank_a", rights), await cases(stage, "bank_b", rights)
    for one, other in zip(first, second, strict=True):
        answers = await asyncio.gather(
            stage.api.post("bank_a", "/v1/reservations", one),
            stage.api.post("bank_b", "/v1/reservations", other),
        )
        told = sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)
        assert told == [(201, ""), (409, "hold.already_reserved")]
    live = (
        "SELECT count(*), count(DISTINCT asset_id) FROM holds WHERE kind = 'reservation' AND ended_at IS NULL"
    )
    [counted] = await stage.owner.fetch(live)
    assert tuple(counted) == (ROUNDS, ROUNDS)


@pytest.mark.committed
async def test_a_reservation_and_a_rivals_filing_never_both_succeed(stage: Instance) -> None:
    """UNI-26, PLG-04: the right is either reserved for the one or pledged to the other."""
    owner = stage.api.samples["sme"].organisation.party_id
    rights = await make_rights(stage, owner, ROUNDS)
    for asset, body in zip(rights, await cases(stage, "bank_a", rights), strict=True):
        kept, filed = await asyncio.gather(
            stage.api.post("bank_a", "/v1/reservations", body),
            stage.api.post("bank_b", "/v1/pledges", filing(owner, [asset])),
        )
        told = (kept.status_code, kept.json().get("code"), filed.status_code, filed.json().get("code"))
        assert told in {
            (201, None, 409, "hold.already_reserved"),
            (409, "pledge.already_pledged", 201, None),
        }


@pytest.mark.committed
async def test_nothing_is_done_by_a_delegation_once_its_revocation_is_committed(stage: Instance) -> None:
    """PLG-16: what is under way is waited for; what comes after it is refused."""
    rights = await make_rights(stage, stage.api.samples["sme"].organisation.party_id, 16)
    made = await granted(stage.api)
    headers = {"On-Behalf-Of": made["id"]}

    async def file(asset: uuid.UUID) -> str:
        body = filing(party_id(stage.api, "sme"), [asset])
        answer = await stage.api.post("agency", "/v1/pledges", body, headers=headers)
        return str(answer.json().get("code", answer.status_code))

    async def revoke() -> None:
        await asyncio.sleep(0.05)
        await stage.api.made("bank_a", f"/v1/delegations/{made['id']}/revocation", {"reason": "示例"})

    told = (await asyncio.gather(*(file(asset) for asset in rights[:15]), revoke()))[:15]
    assert set(told) <= {"201", "delegation.revoked"}
    assert await file(rights[15]) == "delegation.revoked"
    order = """
    SELECT e.type FROM events e JOIN outbox o ON o.event_id = e.id
    WHERE e.noun = 'delegation' ORDER BY o.serial DESC LIMIT 1
    """
    assert await stage.owner.fetchval(order) == "delegation.revoked"
    assert await stage.owner.fetchval("SELECT count(*) FROM pledges") == told.count("201")
