"""Loans that fall overdue, day by day: the ladder, their classes, new plans, claims and write-offs."""

from __future__ import annotations

from tests.factories.claims import (
    TODAY,
    capacity,
    claiming,
    classification,
    make_cover,
    money,
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
    pass_to,
    pay,
    second_banker,
    shown,
    sound,
)
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def test_a_loan_climbs_the_ladder_and_is_cured(api: Api, database: SavepointDatabase) -> None:
    """RP-08, PLG-07: told once at each rung; the class follows the days, and stays when the debt is cured."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=THREE)
    assert await follow(database, 29, 30, 31, 31, 32) == [0, 0, 1, 0, 0]
    loan = await shown(api, pledge)
    assert (loan["status"], loan["loan_class"]) == ("overdue", "normal")
    assert await follow(database, 60, 61, 90, 91, 119, 120, 120) == [1, 0, 1, 0, 0, 1, 0]
    assert await follow(database, 121, 122) == [1, 0]
    assert (await shown(api, pledge))["loan_class"] == "substandard"
    rows = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}/classifications")).json()["items"]
    assert [(row["loan_class"], row["overdue_days"]) for row in rows] == [
        ("normal", 0),
        ("normal", 1),
        ("normal", 30),
        ("normal", 60),
        ("normal", 90),
        ("substandard", 91),
    ]
    assert len(await subjects(api, "bank_a", "loan_overdue")) == 4
    notices = (await api.get("bank_a", "/v1/notices")).json()["items"]
    last = [one["facts"] for one in notices if one["kind"] == "loan_overdue"][-1]
    assert last == {"number": pledge["number"], "days": 90, "since": str(day(30)), "amount": "506000.00"}

    await pass_to(api, 122)
    loan = await shown(api, pledge)
    assert (loan["overdue_days"], loan["overdue_since"]) == (92, str(day(30)))
    assert loan["overdue"]["amount"] == "506000.00"
    part = await pay(api, pledge, "200000.00", "3000.00", received_on=str(day(122)))
    assert (part["loan"]["overdue_since"], part["loan"]["overdue_days"]) == (str(day(60)), 62)
    assert await follow(database, 122, 149) == [0, 0]
    assert await follow(database, 150) == [1]
    await pass_to(api, 150)
    short = await pay(api, pledge, "300000.00", "2999.99", received_on=str(day(150)))
    assert (short["loan"]["status"], short["loan"]["overdue"]["amount"]) == ("overdue", "0.01")
    cured = await pay(api, pledge, "0.00", "0.01", received_on=str(day(150)))
    assert (cured["loan"]["status"], cured["loan"]["loan_class"]) == ("repaid", "substandard")
    assert await sound(database)


async def test_days_jumped_over_bring_the_same_as_days_that_came_one_by_one(
    api: Api, database: SavepointDatabase
) -> None:
    """OPS-03: a loan looked at late is told of its last rung, and classed by its days at once."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=[instalment(10, "500000.00")])
    assert await follow(database, 11, 300, 300) == [1, 1, 0]
    loan = await shown(api, pledge)
    assert (loan["status"], loan["loan_class"]) == ("overdue", "doubtful")
    assert len(await subjects(api, "bank_a", "loan_overdue")) == 2
    assert await follow(database, 369, 370, 371) == [0, 1, 1]
    assert (await shown(api, pledge))["loan_class"] == "loss"


async def test_without_a_plan_all_is_due_at_the_end_of_the_debt_period(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-04, RP-06: the day after it the loan is overdue, and what was never drawn is covered no more."""
    pool, pledge = await make_cover(api, database, pledge={"debt_to": str(day(20))})
    await draw(api, pledge, "300000.00")
    assert await follow(database, 20, 21) == [0, 1]
    assert ((await shown(api, pledge))["status"], (await capacity(api, pool))[1]) == (
        "overdue",
        "300000.00",
    )
    await pass_to(api, 21)
    late = await api.post("bank_a", f"{loan_path(pledge)}/drawdowns", drawdown("1.00", drawn_on=str(day(21))))
    assert codes(late) == ["loan.not_drawable", "loan.drawn_late"]


async def test_a_loan_becomes_claimable_by_the_calendar(api: Api, database: SavepointDatabase) -> None:
    """RP-08, POL-21: on the 45th day overdue the scheme takes a claim: the bank is told, and claims the book."""
    pool, pledge = await make_cover(api, database, overdue_days=45)
    await draw(api, pledge, plan=[instalment(5, "500000.00")])
    await pay(api, pledge, "100000.00")
    assert await follow(database, 6, 49, 50, 50) == [1, 1, 1, 0]
    assert await subjects(api, "bank_a", "claim_possible") == [pledge["id"]]
    await pass_to(api, 50)
    claim = await api.made("bank_a", "/v1/claims", claiming(pledge, default_on=str(day(50))))
    assert claim["principal"]["amount"] == "400000.00"
    assert pool["id"] == claim["pool_id"]


async def test_the_bank_classes_what_the_book_says(api: Api, database: SavepointDatabase) -> None:
    """RP-06, PLG-07: another outstanding figure is refused, leaving it out is fine; days are not understated."""
    pledge = await make_pledge(api, database)
    path = f"/v1/pledges/{pledge['id']}/classifications"
    missing = classification() | {"outstanding": None}
    assert told(await api.post("bank_a", path, missing)) == (422, "pledge.outstanding_missing")
    plan = [instalment(1, "100000.00"), instalment(100, "200000.00")]
    await draw(api, pledge, "300000.00", plan=plan)
    refused = await api.post("bank_a", path, classification("299999.99"))
    assert (told(refused), refused.json()["violations"][0]["facts"]) == (
        (409, "pledge.outstanding_differs"),
        {"outstanding": "300000.00"},
    )
    made = await api.made("bank_a", path, missing)
    assert made["outstanding"]["amount"] == "300000.00"
    await follow(database, 2)
    await pass_to(api, 11)
    late = missing | {"overdue_days": 9, "loan_class": "attention", "occurred_on": str(day(11))}
    assert told(await api.post("bank_a", path, late)) == (409, "pledge.overdue_understated")
    await api.made("bank_a", path, late | {"overdue_days": 10})
    paid = await pay(api, pledge, "100000.00", received_on=str(day(11)))
    assert (paid["loan"]["status"], paid["loan"]["loan_class"]) == ("disbursed", "attention")
    await api.made("bank_a", path, late | {"overdue_days": 0, "loan_class": "normal"})
    assert await follow(database, 12, 99, 100) == [0, 0, 0]
    assert await sound(database)


async def test_a_new_plan_is_for_what_is_outstanding_and_makes_no_class_better(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-07: plans are numbered; one made while the loan is overdue leaves it 关注 until the bank says better."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=THREE)
    await follow(database, 31)
    await pass_to(api, 31)
    path = f"{loan_path(pledge)}/plans"
    body = {"from_on": str(day(31)), "instalments": [instalment(100, "400000.00"), instalment(200, "1.00")]}
    assert objections(await api.post("bank_a", path, body)) == [("loan.plan_sum", "/instalments")]
    body["instalments"] = [instalment(100, "400000.00"), instalment(200, "100000.00", "500.00")]
    made = await api.made("bank_a", path, body)
    assert (made["plan"], [one["due_on"] for one in made["instalments"]]) == (
        2,
        [str(day(100)), str(day(200))],
    )
    loan = await shown(api, pledge)
    assert (loan["status"], loan["loan_class"], loan["overdue_since"]) == ("disbursed", "attention", None)
    assert await follow(database, 32, 60, 61) == [0, 0, 0]
    assert await sound(database)


async def test_what_will_not_come_back_is_written_off(api: Api, database: SavepointDatabase) -> None:
    """PLG-07: of an overdue loan only; with the last of it the loan is over, until that is reversed."""
    pledge = await make_pledge(api, database)
    await draw(api, pledge, plan=[instalment(1, "500000.00", "900.00")])
    path = f"{loan_path(pledge)}/write-offs"
    body = {"principal": money("400000.00"), "written_off_on": str(TODAY), "reference": "核销-1"}
    assert told(await api.post("bank_a", path, body)) == (409, "loan.not_overdue")
    await follow(database, 2)
    await pass_to(api, 2)
    part = await api.made("bank_a", path, body)
    assert (part["loan"]["status"], part["loan"]["outstanding"]["amount"]) == ("overdue", "100000.00")
    last = await api.made("bank_a", path, body | {"principal": money("100000.00"), "reference": "核销-2"})
    assert (last["loan"]["status"], last["loan"]["overdue"]["amount"]) == ("written_off", "0.00")
    banker = await second_banker(api, database)
    back = f"{loan_path(pledge)}/entries/{last['entry']['id']}/reversal"
    open_again = await api.made(banker, back, {"reason": "恢复还款"})
    assert (open_again["loan"]["status"], open_again["loan"]["overdue_since"]) == ("overdue", str(day(1)))
    assert await sound(database)
