"""How loans end and begin again: booked in error, written off and recovered, and what is covered no more."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from app.domain.money import Money
from app.services import loans
from tests.factories.claims import capacity, make_cover, money, subjects
from tests.factories.loans import (
    day,
    draw,
    follow,
    instalment,
    loan_path,
    make_pledge,
    pass_to,
    pay,
    second_banker,
    shown,
    sound,
)
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told

WRONG = {"reason": "登记有误"}


async def test_a_first_drawdown_taken_back_is_no_repayment(api: Api, database: SavepointDatabase) -> None:
    """PLG-07, RP-06: nothing was lent, so nothing is repaid: the cover stays, and the right sum may be drawn."""
    pool, pledge = await make_cover(api, database)
    before = await capacity(api, pool)
    drawn = await draw(api, pledge, "50000.00", plan=[instalment(1, "50000.00", "900.00")])
    banker = await second_banker(api, database)
    back = f"{loan_path(pledge)}/entries/{drawn['entry']['id']}/reversal"
    taken = (await api.made(banker, back, WRONG))["loan"]
    assert (taken["status"], taken["drawn"]["amount"]) == ("disbursed", "0.00")
    assert await subjects(api, "bank_a", "loan_repaid") == []
    assert await capacity(api, pool) == before
    assert await follow(database, 2, 40) == [0, 0]
    await draw(api, pledge, "60000.00")
    assert await capacity(api, pool) == before
    assert await sound(database)


async def _written_off(api: Api, database: SavepointDatabase, interest: str = "900.00") -> dict[str, object]:
    """The pledge of a loan of 500,000.00, given up whole on the second day."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=[instalment(1, "500000.00", interest)])
    await follow(database, 2)
    await pass_to(api, 2)
    body = {"principal": money("500000.00"), "written_off_on": str(day(2)), "reference": "核销-1"}
    await api.made("bank_a", f"{loan_path(pledge)}/write-offs", body)
    return pledge


async def test_interest_leaves_a_loan_written_off_as_it_is(api: Api, database: SavepointDatabase) -> None:
    """PLG-07: neither a receipt of interest nor its reversal makes a loan overdue again, or repaid."""
    pledge = await _written_off(api, database)
    paid = await pay(api, pledge, "0.00", "100.00", received_on=str(day(2)))
    loan = paid["loan"]
    assert (loan["status"], loan["overdue_since"], loan["loan_class"]) == ("written_off", None, "loss")
    assert await sound(database)
    banker = await second_banker(api, database)
    back = f"{loan_path(pledge)}/entries/{paid['entry']['id']}/reversal"
    assert (await api.made(banker, back, WRONG))["loan"]["status"] == "written_off"
    assert await subjects(api, "bank_a", "loan_repaid") == []
    assert await sound(database)


async def test_what_was_written_off_may_still_come_in(api: Api, database: SavepointDatabase) -> None:
    """PLG-07, 账销案存: it is owed all the same; once the last of it has come in the debt is paid."""
    pledge = await _written_off(api, database)
    on = str(day(2))
    first = await pay(api, pledge, "200000.00", received_on=on)
    assert (first["entry"]["kind"], first["entry"]["balance"]["amount"]) == ("recovery", "0.00")
    loan = first["loan"]
    assert (loan["status"], loan["repaid"]["amount"]) == ("written_off", "200000.00")
    assert (loan["written_off"]["amount"], loan["outstanding"]["amount"]) == ("300000.00", "0.00")
    body = {"principal": money("300000.01"), "received_on": on, "reference": "过多"}
    answer = await api.post("bank_a", f"{loan_path(pledge)}/repayments", body)
    assert told(answer) == (409, "loan.exceeds_outstanding")
    assert await subjects(api, "bank_a", "loan_repaid") == []

    banker = await second_banker(api, database)
    entries = (await api.get("bank_a", f"{loan_path(pledge)}/entries")).json()["items"]
    path = f"{loan_path(pledge)}/entries"
    assert told(await api.post(banker, f"{path}/{entries[1]['id']}/reversal", WRONG)) == (
        409,
        "loan.recovered_since",
    )
    last = await pay(api, pledge, "300000.00", received_on=on)
    assert (last["loan"]["status"], last["loan"]["written_off"]["amount"]) == ("repaid", "0.00")
    assert len(await subjects(api, "bank_a", "loan_repaid")) == 1
    back = await api.made(banker, f"{path}/{last['entry']['id']}/reversal", WRONG)
    assert (back["loan"]["status"], back["loan"]["written_off"]["amount"]) == ("written_off", "300000.00")
    assert await sound(database)


async def test_a_loan_is_not_repaid_while_a_part_is_written_off(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-07, PL-10: the pledgor is not told that the debt is paid before it is."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=[instalment(1, "500000.00")])
    await follow(database, 2)
    await pass_to(api, 2)
    on = str(day(2))
    body = {"principal": money("100000.00"), "written_off_on": on, "reference": "核销-1"}
    await api.made("bank_a", f"{loan_path(pledge)}/write-offs", body)
    plan = {"from_on": on, "instalments": [instalment(100, "400000.00")]}
    await api.made("bank_a", f"{loan_path(pledge)}/plans", plan)
    paid = await pay(api, pledge, "400000.00", received_on=on)
    assert paid["loan"]["status"] == "written_off"
    assert await subjects(api, "sme", "loan_repaid") == []
    assert (await pay(api, pledge, "100000.00", received_on=on))["loan"]["status"] == "repaid"
    assert len(await subjects(api, "sme", "loan_repaid")) == 1
    assert await sound(database)


async def test_the_sale_of_the_pledge_pays_what_was_written_off_last(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-24, PLG-07: what is still outstanding first, then what was given up, under one reference."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=[instalment(1, "500000.00")])
    await follow(database, 2)
    await pass_to(api, 2)
    body = {"principal": money("400000.00"), "written_off_on": str(day(2)), "reference": "核销-1"}
    await api.made("bank_a", f"{loan_path(pledge)}/write-offs", body)
    async with database.write() as unit:
        loan = await loans.realise(
            unit.session,
            actor=api.actor("bank_a"),
            moment=unit.moment,
            pledge_id=uuid.UUID(pledge["id"]),
            principal_fen=30_000_000,
            interest_fen=100,
            occurred_on=day(2),
            reference="变价-1",
        )
        assert loan is not None
        assert (loan.status, loan.repaid_fen, loan.written_off_fen) == ("written_off", 30_000_000, 20_000_000)
    rows = (await api.get("bank_a", f"{loan_path(pledge)}/entries")).json()["items"]
    assert [(row["kind"], row["principal"]["amount"]) for row in rows][2:] == [
        ("realisation", "100000.00"),
        ("recovery", "200000.00"),
    ]
    assert await sound(database)


async def test_a_reversal_that_raises_the_debt_above_its_cover_is_told(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-06: cover given back does not return: bank and manager learn how much is not covered any more."""
    pool, pledge = await make_cover(api, database)
    await draw(api, pledge)
    paid = await pay(api, pledge, "500000.00")
    free = await capacity(api, pool)
    banker = await second_banker(api, database)
    back = f"{loan_path(pledge)}/entries/{paid['entry']['id']}/reversal"
    await api.made(banker, back, WRONG)
    assert await capacity(api, pool) == free
    for role in ("bank_a", "pool_manager"):
        assert len(await subjects(api, role, "loan_uncovered")) == 1, role
    assert await subjects(api, "sme", "loan_uncovered") == []
    interest = await pay(api, pledge, "0.00", "1.00")
    await api.made(banker, f"{loan_path(pledge)}/entries/{interest['entry']['id']}/reversal", WRONG)
    assert len(await subjects(api, "bank_a", "loan_uncovered")) == 1
    assert await sound(database)


async def test_a_loan_whose_enforcement_was_given_up_is_classed_by_its_days(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-08, PLG-12: on the day itself, not when the day's work comes round."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=[instalment(1, "500000.00")])
    await follow(database, 2)
    await pass_to(api, 95)
    for step in (loans.enforce, loans.resume):
        async with database.write() as unit:
            await step(
                unit.session, actor=api.actor("bank_a"), moment=unit.moment, pledge_id=uuid.UUID(pledge["id"])
            )
    loan = await shown(api, pledge)
    assert (loan["status"], loan["loan_class"], loan["classed_on"]) == (
        "overdue",
        "substandard",
        str(day(95)),
    )


async def test_of_bookings_that_waited_for_one_another_the_last_one_booked_stands(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-07, RP-06: what began first may be booked last, and is what is known of the loan then."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge)
    for number, began in enumerate((timedelta(seconds=5), timedelta())):
        async with database.write() as unit:
            new = loans.NewReceipt(day(0), f"收-{number}", principal=Money(100))
            moment = replace(unit.moment, now=unit.moment.now + began)
            actor = api.actor("bank_a")
            await loans.receive(
                unit.session, actor=actor, moment=moment, pledge_id=uuid.UUID(pledge["id"]), new=new
            )
    assert await sound(database)
