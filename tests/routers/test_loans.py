"""`/v1/pledges/{id}/loan` over HTTP: drawn, planned, paid back, reversed, overdue, and who sees it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.factories.assets import make_asset
from tests.factories.claims import (
    TODAY,
    capacity,
    make_cover,
    money,
    register,
    subjects,
)
from tests.factories.loans import (
    THREE,
    day,
    draw,
    drawdown,
    follow,
    instalment,
    loan_path,
    make_pledge,
    pay,
    repayment,
    second_banker,
    shown,
    sound,
)
from tests.factories.pledges import filing
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def test_a_loan_is_drawn_paid_by_plan_and_repaid(api: Api, database: SavepointDatabase) -> None:
    """PLG-02, PLG-07: outstanding is the book; receipts fill the plan; capacity comes back with each of them."""
    pool, pledge = await make_cover(api, database)
    first = await draw(api, pledge, plan=THREE)
    assert (first["loan"]["outstanding"]["amount"], first["loan"]["drawable"]["amount"]) == (
        "500000.00",
        "0.00",
    )
    assert first["loan"]["next_due"]["due_on"] == str(day(30))
    assert (first["loan"]["loan_class"], first["loan"]["plan"]) == ("normal", 1)

    # Nothing is due for interest today, so all of it is principal.
    whole = {"amount": money("203000.00"), "received_on": str(TODAY), "reference": "示例-1"}
    paid = await api.made("bank_a", f"{loan_path(pledge)}/repayments", whole)
    assert (paid["entry"]["principal"]["amount"], paid["entry"]["interest"]["amount"]) == (
        "203000.00",
        "0.00",
    )
    assert (await capacity(api, pool))[1] == "297000.00"
    plan = (await api.get("bank_a", f"{loan_path(pledge)}/plan")).json()["instalments"]
    assert [(one["principal_paid"]["amount"], one["paid"]) for one in plan] == [
        ("200000.00", False),
        ("3000.00", False),
        ("0.00", False),
    ]
    last = await pay(api, pledge, "297000.00", "6000.00")
    assert (last["loan"]["status"], last["loan"]["outstanding"]["amount"]) == ("repaid", "0.00")
    assert (await capacity(api, pool))[1] == "0.00"
    for role in ("bank_a", "sme", "pool_manager"):
        assert await subjects(api, role, "loan_repaid") == [first["loan"]["id"]], role
    rows = (await api.get("bank_a", f"{loan_path(pledge)}/entries")).json()["items"]
    assert [(row["kind"], row["balance"]["amount"]) for row in rows] == [
        ("drawdown", "500000.00"),
        ("repayment", "297000.00"),
        ("repayment", "0.00"),
    ]
    assert await sound(database)


async def test_money_flows_once_every_required_right_is_registered(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-28, PLG-02: two rights filed, one registered: the answer names the other one, and what else is wrong."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        rights = [await make_asset(unit.session, owners=[owner]) for _ in range(2)]
    period = {"debt_from": str(TODAY), "debt_to": str(day(400))}
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [one.id for one in rights], **period))
    path = f"{loan_path(pledge)}/drawdowns"
    first = pledge | {"items": pledge["items"][:1]}
    await register(api, first)
    refused = await api.post("bank_a", path, drawdown("500000.01", drawn_on=str(day(1))))
    assert refused.status_code == 409
    assert codes(refused) == ["loan.not_secured", "loan.limit_exceeded", "request.date_in_future"]
    assert refused.json()["violations"][0]["facts"] == {"number": rights[1].number, "status": "filed"}
    assert told(await api.get("bank_a", loan_path(pledge))) == (404, "loan.not_found")
    await register(api, pledge | {"items": pledge["items"][1:]})
    await draw(api, pledge)


async def test_nothing_is_drawn_on_a_pledge_that_is_over(api: Api, database: SavepointDatabase) -> None:
    """PL-10, PL-28."""
    pledge = await make_pledge(api, database)
    ending = {"reason": "waived", "deregistered_on": str(TODAY)}
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/deregistrations", ending)
    refused = await api.post("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown())
    assert told(refused) == (409, "loan.pledge_over")


async def test_an_ordinary_loan_is_drawn_once_and_its_undrawn_part_stays_covered(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-06: what may still be drawn stays covered; what was repaid is not drawn again, and is free at once."""
    pool, pledge = await make_cover(api, database)
    await draw(api, pledge, "300000.00")
    assert (await capacity(api, pool))[1] == "500000.00"
    await pay(api, pledge, "100000.00")
    assert (await capacity(api, pool))[1] == "400000.00"
    refused = await api.post("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown("200000.01"))
    assert (codes(refused), refused.json()["violations"][0]["facts"]) == (
        ["loan.limit_exceeded"],
        {"available": "200000.00"},
    )
    again = await draw(api, pledge, "200000.00")
    assert (again["loan"]["outstanding"]["amount"], again["loan"]["drawable"]["amount"]) == (
        "400000.00",
        "0.00",
    )
    assert (await capacity(api, pool))[1] == "400000.00"
    assert await sound(database)


async def test_a_maximum_amount_loan_is_drawn_again_within_its_ceiling(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-05, 民法典第439条: the ceiling is on what is outstanding; repaid to nothing, it runs to its end."""
    pledge = await make_pledge(api, database, form="maximum_amount")
    await draw(api, pledge)
    paid = await pay(api, pledge, "500000.00")
    assert (paid["loan"]["status"], paid["loan"]["drawable"]["amount"]) == ("disbursed", "500000.00")
    again = await draw(api, pledge, "400000.00")
    assert (again["loan"]["drawn"]["amount"], again["loan"]["outstanding"]["amount"]) == (
        "900000.00",
        "400000.00",
    )
    refused = await api.post("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown("100000.01"))
    assert codes(refused) == ["loan.limit_exceeded"]
    # The receipt cannot be taken back: with what was drawn since, more than the ceiling would be owed.
    banker = await second_banker(api, database)
    path = f"{loan_path(pledge)}/entries/{paid['entry']['id']}/reversal"
    assert told(await api.post(banker, path, {"reason": "退汇"})) == (409, "loan.limit_exceeded")
    await pay(api, pledge, "400000.00")
    assert await follow(database, 400, 401, 402) == [0, 1, 0]
    assert (await shown(api, pledge))["status"] == "repaid"
    assert await sound(database)


REFUSED_DRAWDOWNS: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "tomorrow": ({"drawn_on": str(day(1))}, [("request.date_in_future", "/drawn_on")]),
    "before registration": ({"drawn_on": str(day(-1))}, [("request.date_too_early", "/drawn_on")]),
    "nothing": ({"amount": money("0.00")}, [("request.malformed", "/amount")]),
    "dollars": (
        {"amount": {"amount": "1.00", "currency": "USD"}},
        [("pledge.currency_unsupported", "/amount/currency")],
    ),
    "a plan that does not add up": (
        {"plan": [instalment(30, "499999.99")]},
        [("loan.plan_sum", "/plan")],
    ),
    "a plan out of order, past the debt period": (
        {"plan": [instalment(401, "250000.00"), instalment(30, "250000.00")]},
        [("loan.plan_due", "/plan/0/due_on"), ("loan.plan_order", "/plan/1/due_on")],
    ),
    "a plan in dollars": (
        {"plan": [instalment(30, "500000.00") | {"interest": {"amount": "1.00", "currency": "USD"}}]},
        [("pledge.currency_unsupported", "/plan/0/interest/currency")],
    ),
    "no reference": ({"reference": " "}, [("request.malformed", "/reference")]),
}


@pytest.mark.parametrize(("changes", "expected"), REFUSED_DRAWDOWNS.values(), ids=REFUSED_DRAWDOWNS.keys())
async def test_a_drawdown_that_cannot_be_is_refused_with_every_fault(
    api: Api,
    database: SavepointDatabase,
    *,
    changes: dict[str, Any],
    expected: list[tuple[str, str | None]],
) -> None:
    """PLG-07."""
    pledge = await make_pledge(api, database)
    refused = await api.post("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown() | changes)
    assert objections(refused) == expected


REFUSED_RECEIPTS: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "more than is owed": (
        {"principal": money("500000.01")},
        [("loan.exceeds_outstanding", "/principal")],
    ),
    "nothing at all": (
        {"principal": money("0.00"), "interest": money("0.00")},
        [("loan.nothing_booked", "/principal")],
    ),
    "the whole and its parts": ({"amount": money("1.00")}, [("loan.amount_ambiguous", "/amount")]),
    "before it was drawn": ({"received_on": str(day(-1))}, [("request.date_too_early", "/received_on")]),
    "tomorrow": ({"received_on": str(day(1))}, [("request.date_in_future", "/received_on")]),
    "a reference of before": ({"reference": "示例-1"}, [("loan.reference_taken", "/reference")]),
    "dollars": (
        {"interest": {"amount": "1.00", "currency": "USD"}},
        [("pledge.currency_unsupported", "/interest/currency")],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), REFUSED_RECEIPTS.values(), ids=REFUSED_RECEIPTS.keys())
async def test_a_receipt_that_cannot_be_is_refused_with_every_fault(
    api: Api,
    database: SavepointDatabase,
    *,
    changes: dict[str, Any],
    expected: list[tuple[str, str | None]],
) -> None:
    """PLG-07."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, reference="示例-1")
    refused = await api.post("bank_a", f"{loan_path(pledge)}/repayments", repayment("1.00") | changes)
    assert objections(refused) == expected


async def test_only_the_bank_keeps_the_book_and_only_those_concerned_read_it(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-01, SEC-12: borrower and other banks see no loan; the offices of the district read it."""
    _, pledge = await make_cover(api, database)
    path = loan_path(pledge)
    for role, expected in (
        ("bank_b", (404, "pledge.not_found")),
        ("operator", (403, "auth.denied")),
        ("sme", (403, "auth.denied")),
    ):
        assert told(await api.post(role, f"{path}/drawdowns", drawdown())) == expected, role
    await draw(api, pledge)
    for role in ("bank_a", "pool_manager", "auditor"):
        assert (await shown(api, pledge, role))["outstanding"]["amount"] == "500000.00", role
    for role in ("bank_b", "sme"):
        for name in ("", "/entries", "/plan"):
            assert told(await api.get(role, path + name)) == (404, "pledge.not_found"), role


async def test_an_entry_is_reversed_once_by_another_client(api: Api, database: SavepointDatabase) -> None:
    """RB-02, RP-18: by a contra entry of the same day; the loan that it ended is open again."""
    pledge = await make_pledge(api, database)
    drawn = await draw(api, pledge)
    paid = await pay(api, pledge, "500000.00", "10.00")
    assert paid["loan"]["status"] == "repaid"
    banker, reason = await second_banker(api, database), {"reason": "退汇"}
    path = f"{loan_path(pledge)}/entries/{paid['entry']['id']}/reversal"
    assert told(await api.post("bank_a", path, reason)) == (409, "loan.same_person")
    mirror = await api.made(banker, path, reason)
    assert (mirror["entry"]["reverses_id"], mirror["entry"]["balance"]["amount"]) == (
        paid["entry"]["id"],
        "500000.00",
    )
    assert (mirror["loan"]["status"], mirror["loan"]["interest_received"]["amount"]) == ("disbursed", "0.00")
    assert told(await api.post(banker, path, reason)) == (409, "loan.already_reversed")
    again = f"{loan_path(pledge)}/entries/{mirror['entry']['id']}/reversal"
    assert told(await api.post("bank_a", again, reason)) == (409, "loan.is_reversal")
    unknown = f"{loan_path(pledge)}/entries/{uuid.uuid4()}/reversal"
    assert told(await api.post(banker, unknown, reason)) == (404, "loan.entry_not_found")
    await pay(api, pledge, "1.00")
    back = f"{loan_path(pledge)}/entries/{drawn['entry']['id']}/reversal"
    assert told(await api.post(banker, back, reason)) == (409, "loan.exceeds_outstanding")
    rows = (await api.get("bank_a", f"{loan_path(pledge)}/entries")).json()["items"]
    assert [row["reversed_by_id"] for row in rows] == [None, mirror["entry"]["id"], None, None]
    assert await sound(database)


async def test_the_book_is_paged_with_its_running_balance(api: Api, database: SavepointDatabase) -> None:
    """PLG-07: the balance goes on from page to page."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge)
    for _ in range(4):
        await pay(api, pledge, "100000.00")
    found, cursor = [], None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = (await api.get("bank_a", f"{loan_path(pledge)}/entries", **asked)).json()
        found += [row["balance"]["amount"][:3] for row in answer["items"]]
        if (cursor := answer["next_cursor"]) is None:
            break
    assert found == ["500", "400", "300", "200", "100"]


async def test_a_dry_run_keeps_nothing_and_a_retry_books_once(api: Api, database: SavepointDatabase) -> None:
    """C04, C05: idempotency of money."""
    pledge = await make_pledge(api, database)
    path = f"{loan_path(pledge)}/drawdowns"
    dry = await api.post("bank_a", f"{path}?dry_run=true", drawdown())
    assert (dry.status_code, dry.json()["loan"]["outstanding"]["amount"]) == (200, "500000.00")
    assert told(await api.get("bank_a", loan_path(pledge))) == (404, "loan.not_found")
    body = drawdown("200000.00")
    first, second = [await api.post("bank_a", path, body, key="one") for _ in range(2)]
    assert (first.content, second.headers["Idempotency-Replayed"]) == (second.content, "true")
    assert (await shown(api, pledge))["outstanding"]["amount"] == "200000.00"


async def test_a_loan_in_a_syndicate_is_read_by_its_lenders(api: Api, database: SavepointDatabase) -> None:
    """PLG-05, RB-01: the bank that filed keeps the book, the others read it."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge)
    assert told(await api.get("bank_b", loan_path(pledge))) == (404, "pledge.not_found")
    shares = (
        "INSERT INTO pledge_shares (id, district_code, pledge_id, kind, role, party_id, share_ppm, agent,"
        " event_id)"
        " SELECT gen_random_uuid(), district_code, id, 'lending', 'bank', p.party_id, 500000, p.agent, event_id"
        " FROM pledges, (VALUES (cast(:one AS uuid), true), (cast(:two AS uuid), false)) p(party_id, agent)"
        " WHERE id = :pledge"
    )
    lenders = {
        name: api.samples[role].organisation.party_id for name, role in (("one", "bank_a"), ("two", "bank_b"))
    }
    async with database.write() as unit:
        await unit.session.execute(text(shares), lenders | {"pledge": pledge["id"]})
    assert (await shown(api, pledge, "bank_b"))["outstanding"]["amount"] == "500000.00"
    refused = await api.post("bank_b", f"{loan_path(pledge)}/repayments", repayment("1.00"))
    assert told(refused) == (403, "loan.not_yours")


async def test_totals_are_nobodys_to_state(api: Api, database: SavepointDatabase) -> None:
    """PLG-07: the application cannot move a loan's totals but by entries, nor change an entry or a plan."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=THREE)
    tries = (
        "UPDATE loans SET repaid_fen = 1",
        "UPDATE loan_entries SET principal_fen = 1",
        "DELETE FROM loan_entries",
        "UPDATE loan_instalments SET due_on = due_on + 1",
    )
    for statement in tries:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.write() as unit:
                await unit.session.execute(text(statement))
    async with database.read() as unit:
        found = (await unit.session.execute(text("SELECT drawn_fen, repaid_fen FROM loans"))).one()
    assert tuple(found) == (50_000_000, 0)
