"""Enforcements side by side with what would undo them: one outcome, and never a sold right under its lien."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from app.queries import integrity
from tests.factories import loans
from tests.factories.claims import TODAY, money
from tests.factories.enforcements import (
    accept,
    bid,
    disposal,
    dispose,
    enforce,
    enforcing,
    lines,
    make_pledge,
    ruling,
    step,
)
from tests.support.instance import Instance

ROUNDS = 8


async def broken(stage: Instance) -> list[integrity.Finding]:
    async with stage.database.read() as unit:
        return await integrity.findings(unit.session)


def outcome(*answers: httpx.Response) -> list[tuple[int, str]]:
    return [(answer.status_code, "" if answer.is_success else answer.json()["code"]) for answer in answers]


async def liens(stage: Instance, asset_id: str) -> int:
    live = "SELECT count(*) FROM holds WHERE asset_id = $1 AND kind = 'lien' AND ended_at IS NULL"
    return int(await stage.owner.fetchval(live, asset_id))


async def sale(stage: Instance, enforcement: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    buyer = stage.api.samples["sme_b"].organisation.party_id
    return f"/v1/enforcements/{enforcement['id']}/sales", await ruling(stage.api, enforcement, buyer)


@pytest.mark.committed
async def test_a_pledge_is_either_deregistered_or_enforced(stage: Instance) -> None:
    """PL-10, PL-23: an enforcement opened beside a deregistration: one of them is told of the other."""
    api, seen = stage.api, set()
    for _ in range(ROUNDS):
        pledge = await make_pledge(api, stage.database)
        path = f"/v1/pledges/{pledge['id']}"
        ending = {"reason": "waived", "deregistered_on": str(TODAY)}
        ended, opened = outcome(
            *await asyncio.gather(
                api.post("bank_a", f"{path}/deregistrations", ending),
                api.post("bank_a", f"{path}/enforcements", enforcing()),
            )
        )
        assert (ended, opened[0]) in {
            ((201, ""), 409),
            ((409, "enforcement.right_enforced"), 201),
        }
        assert await liens(stage, pledge["items"][0]["asset_id"]) == (opened[0] == 201)
        seen.add(opened)
    assert seen <= {
        (201, ""),
        (409, "enforcement.pledge_not_registered"),
        (409, "enforcement.right_not_pledged"),
    }
    assert await broken(stage) == []


@pytest.mark.committed
async def test_an_enforcement_is_either_concluded_or_given_up(stage: Instance) -> None:
    """PL-25: a sale beside the bank's giving up; the lien is there exactly if it was given up."""
    api = stage.api
    for _ in range(ROUNDS):
        pledge = await make_pledge(api, stage.database)
        enforcement = await enforce(api, pledge)
        path, body = await sale(stage, enforcement)
        given_up = f"/v1/enforcements/{enforcement['id']}/abandonment"
        sold, left = await asyncio.gather(
            api.post("operator", path, body), api.post("bank_a", given_up, {"reason": "放弃"})
        )
        assert sorted([sold.is_success, left.is_success]) == [False, True], outcome(sold, left)
        refused = left if sold.is_success else sold
        assert refused.json()["code"] == "state.illegal_transition"
        assert await liens(stage, enforcement["asset_ids"][0]) == left.is_success
    assert await broken(stage) == []


@pytest.mark.committed
async def test_two_buyers_get_one_right_once(stage: Instance) -> None:
    """UNI-12: two bids accepted and agreed on side by side: one deal keeps the right, the other is told so."""
    api = stage.api
    for _ in range(ROUNDS):
        pledge = await make_pledge(api, stage.database)
        enforcement = await enforce(api, pledge)
        listing = await dispose(api, enforcement)
        bids = [await bid(api, listing, "460000.00", role=role) for role in ("sme_b", "bank_b")]
        answers = await asyncio.gather(*(accept(api, one) for one in bids))
        assert all(answer.is_success for answer in answers), outcome(*answers)
        deals = [answer.json()["deal_id"] for answer in answers]
        agreed = await asyncio.gather(*(step(api, deal_id, "agreement") for deal_id in deals))
        assert sorted(outcome(*agreed)) == [(200, ""), (409, "hold.already_reserved")]
        won = deals[0] if agreed[0].is_success else deals[1]
        for name in ("signature", "filing"):
            assert (await step(api, won, name)).is_success
        registered = await asyncio.gather(*(step(api, won, "registration") for _ in range(2)))
        assert sorted(outcome(*registered)) == [(200, ""), (409, "state.illegal_transition")]
        titles = "SELECT count(*) FROM titles WHERE asset_id = $1 AND ceased_at IS NULL"
        assert await stage.owner.fetchval(titles, enforcement["asset_ids"][0]) == 1
        assert await liens(stage, enforcement["asset_ids"][0]) == 0
    assert await broken(stage) == []


@pytest.mark.committed
async def test_a_cure_comes_before_the_sale_or_after_it(stage: Instance) -> None:
    """民法典第393条: once the debt is in order nothing is sold for it; what was sold stays sold."""
    api = stage.api
    for _ in range(ROUNDS):
        pledge = await make_pledge(api, stage.database)
        enforcement = await enforce(api, pledge)
        path, body = await sale(stage, enforcement)
        in_order = {
            "loan_class": "normal",
            "outstanding": money("500000.00"),
            "overdue_days": 0,
            "occurred_on": str(TODAY),
        }
        sold, cured = await asyncio.gather(
            api.post("operator", path, body),
            api.post("bank_a", f"/v1/pledges/{pledge['id']}/classifications", in_order),
        )
        assert cured.is_success, cured.text
        assert outcome(sold)[0] in {(201, ""), (409, "enforcement.debt_settled")}
        assert await liens(stage, enforcement["asset_ids"][0]) == (not sold.is_success)
    assert await broken(stage) == []


@pytest.mark.committed
async def test_a_disposal_is_offered_once_and_leaves_with_what_is_given_up(stage: Instance) -> None:
    """UNI-12: two listings and the giving up side by side: one offer at most, and none of what was given up."""
    api = stage.api
    for _ in range(ROUNDS):
        pledge = await make_pledge(api, stage.database)
        enforcement = await enforce(api, pledge)
        path = f"/v1/enforcements/{enforcement['id']}"
        first, second, left = outcome(
            *await asyncio.gather(
                api.post("bank_a", f"{path}/listing", disposal()),
                api.post("bank_a", f"{path}/listing", disposal()),
                api.post("bank_a", f"{path}/abandonment", {"reason": "放弃"}),
            )
        )
        assert left == (200, "")
        assert {first, second} <= {
            (201, ""),
            (409, "enforcement.still_offered"),
            (409, "state.illegal_transition"),
        }
        offered = (
            "SELECT status FROM listings WHERE disposal AND id IN (SELECT i.listing_id FROM listing_items i"
        )
        statuses = await stage.owner.fetch(
            f"{offered} WHERE i.asset_id = $1)", pledge["items"][0]["asset_id"]
        )
        assert [row["status"] for row in statuses] == ["withdrawn"] * [first, second].count((201, ""))
    assert await broken(stage) == []


@pytest.mark.committed
async def test_a_loan_is_repaid_before_its_rights_are_sold_or_they_are_sold(stage: Instance) -> None:
    """民法典第393条: the last receipt beside the sale: sold, its price is a surplus; or nothing is sold."""
    api, pledges = stage.api, []
    for _ in range(ROUNDS):
        pledge = await loans.make_pledge(api, stage.database)
        plan = [loans.instalment(1, "500000.00")]
        await api.made("bank_a", f"{loans.loan_path(pledge)}/drawdowns", loans.drawdown(plan=plan))
        pledges.append(pledge)
    await loans.follow(stage.database, 2)
    await loans.pass_to(api, 40)
    today = str(loans.day(40))
    for number, pledge in enumerate(pledges):
        enforcement = await enforce(api, pledge, opened_on=today)
        path, body = await sale(stage, enforcement)
        body["sold_on"] = body["registrations"][0]["registered_on"] = today
        receipt = loans.repayment("500000.00", received_on=today, reference=f"示例-{number}")
        calls = [
            api.post("operator", path, body),
            api.post("bank_a", f"{loans.loan_path(pledge)}/repayments", receipt),
        ]
        answers = await asyncio.gather(*(calls if number % 2 else reversed(calls)))
        sold, repaid = answers if number % 2 else reversed(answers)
        assert repaid.is_success, repaid.text
        assert outcome(sold)[0] in {(201, ""), (409, "enforcement.debt_settled")}
        assert await liens(stage, enforcement["asset_ids"][0]) == (not sold.is_success)
        if sold.is_success:
            shared = f"/v1/enforcements/{enforcement['id']}/distribution"
            closed = await api.made("bank_a", shared, {"received_on": today})
            assert lines(closed) == {"surplus": "460000.00"}
    assert await broken(stage) == []
