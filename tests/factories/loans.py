"""Loans drawn on registered pledges, over the API, and the days that pass over them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from app.domain.permission import Role, system_actor
from app.infra.db import Database
from app.infra.security import new_secret, secret_digest
from app.queries import integrity
from app.services import clients, jobs
from tests.factories.assets import make_asset
from tests.factories.claims import TODAY, money, register
from tests.factories.clock import now
from tests.factories.pledges import filing
from tests.support.api import Api

SECOND = "second_banker"


def day(after: int) -> date:
    """A day counted from today."""
    return TODAY + timedelta(days=after)


def drawdown(
    amount: str = "500000.00", *, plan: Sequence[dict[str, Any]] = (), **changes: Any
) -> dict[str, Any]:
    """Money paid out today."""
    return {
        "amount": money(amount),
        "drawn_on": str(TODAY),
        "reference": f"示例放款-{uuid.uuid4().hex[:8]}",
        "plan": list(plan),
    } | changes


def instalment(after: int, principal: str, interest: str = "0.00") -> dict[str, Any]:
    """What is due so many days from today."""
    return {"due_on": str(day(after)), "principal": money(principal), "interest": money(interest)}


def repayment(principal: str, interest: str = "0.00", **changes: Any) -> dict[str, Any]:
    """Money that came in today."""
    return {
        "principal": money(principal),
        "interest": money(interest),
        "received_on": str(TODAY),
        "reference": f"示例还款-{uuid.uuid4().hex[:8]}",
    } | changes


async def make_pledge(api: Api, database: Database, **changes: Any) -> dict[str, Any]:
    """A registered pledge of one patent of the sample firm, without a pool unless one is named."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        right = (await make_asset(unit.session, owners=[owner])).id
    body = filing(owner, [right], **({"debt_from": str(TODAY), "debt_to": str(day(400))} | changes))
    pledge = await api.made("bank_a", "/v1/pledges", body)
    await register(api, pledge)
    return pledge


def loan_path(pledge: dict[str, Any]) -> str:
    """The address of the loan on a pledge."""
    return f"/v1/pledges/{pledge['id']}/loan"


async def second_banker(api: Api, database: Database, like: str = "bank_a") -> str:
    """A further client of the bank, known to `api` by the name returned."""
    first, secret = api.samples[like], new_secret()
    async with database.write() as unit:
        client = await clients.issue(
            unit.session,
            actor=system_actor("test"),
            moment=now(),
            organisation_id=first.organisation.id,
            client_id=f"test-{SECOND}-{secret[:8]}",
            secret_sha256=secret_digest(secret),
            roles=(Role.bank,),
        )
    api.samples = {**api.samples, SECOND: replace(first, key=SECOND, client=client, secret=secret)}
    return SECOND


async def follow(database: Database, *after: int) -> list[int]:
    """The day's work on loans on days counted from today; for how many something changed on each."""
    changed = []
    for days in after:
        async with database.write() as unit:
            moment = replace(unit.moment, today=day(days))
            done = await jobs.JOBS["follow_loans"](unit.session, system_actor(f"job:{days}"), moment)
            changed.append(int(done["changed"]))
    return changed


async def pass_to(api: Api, after: int) -> None:
    """Business time moves on to a day counted from today."""
    moved = await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(day(after))})
    assert moved.is_success, moved.text


THREE = [
    instalment(30, "200000.00", "3000.00"),
    instalment(60, "200000.00", "2000.00"),
    instalment(90, "100000.00", "1000.00"),
]
"""A plan for half a million, 506,000.00 with its interest."""


async def draw(api: Api, pledge: dict[str, Any], amount: str = "500000.00", **given: Any) -> dict[str, Any]:
    """A drawdown of today, as it is answered."""
    return await api.made("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown(amount, **given))


async def pay(api: Api, pledge: dict[str, Any], *given: Any, **changes: Any) -> dict[str, Any]:
    """A receipt of today, as it is answered."""
    return await api.made("bank_a", f"{loan_path(pledge)}/repayments", repayment(*given, **changes))


async def shown(api: Api, pledge: dict[str, Any], role: str = "bank_a") -> dict[str, Any]:
    """The loan of a pledge as that organisation sees it."""
    found: dict[str, Any] = (await api.get(role, loan_path(pledge))).json()
    return found


async def sound(database: Database) -> bool:
    """Whether nothing is amiss in all the books."""
    async with database.read() as unit:
        return await integrity.findings(unit.session) == []
