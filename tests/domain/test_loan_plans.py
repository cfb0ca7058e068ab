"""What is due of a loan, what receipts have paid of it, and how late it is: pure arithmetic."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from app.domain.loan import Movement, Security, Totals, drawable_faults, order_faults
from app.domain.loan_class import LoanClass, at_least, worse
from app.domain.loan_plan import (
    RUNGS,
    Due,
    Instalment,
    Since,
    dues,
    next_due,
    overdue_days,
    overdue_fen,
    overdue_since,
    plan_faults,
    rung,
    split,
)
from app.domain.pledge import PledgeStatus

FIRST, END = date(2026, 1, 1), date(2027, 12, 31)
PLAN = [
    Instalment(date(2026, 3, 31), 100, 10),
    Instalment(date(2026, 6, 30), 100, 8),
    Instalment(date(2026, 9, 30), 100, 6),
]


def open_fen(found: list[Due]) -> list[tuple[int, int]]:
    return [(due.principal_open_fen, due.interest_open_fen) for due in found]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (Since(300, 0, 0), [(100, 10), (100, 8), (100, 6)]),
        (Since(150, 0, 12), [(0, 0), (50, 6), (100, 6)]),
        (Since(0, 0, 24), [(0, 0), (0, 0), (0, 0)]),
        (Since(350, 50, 0), [(100, 10), (100, 8), (100, 6), (50, 0)]),
        (Since(250, 50, 0), [(0, 10), (100, 8), (100, 6), (50, 0)]),
        (Since(200, -100, 0), [(100, 10), (100, 8), (0, 6)]),
        (Since(400, 0, 0), [(100, 10), (100, 8), (100, 6), (100, 0)]),
        (Since(300, 0, -5), [(100, 10), (100, 8), (100, 6)]),
    ],
    ids=[
        "nothing paid",
        "paid in part",
        "all paid",
        "drawn beside the plan",
        "the earliest is paid first",
        "a drawdown taken back",
        "a receipt of before taken back",
        "interest of before taken back",
    ],
)
def test_receipts_fill_instalments_in_the_order_of_their_days(
    since: Since, expected: list[tuple[int, int]]
) -> None:
    """PLG-07: principal fills principal and interest interest; what has no plan is due at the end."""
    assert open_fen(dues(PLAN, since, END)) == expected


def test_a_loan_without_a_plan_is_due_in_full_at_the_end_of_its_debt_period() -> None:
    """PLG-07: one day after it, it is one day overdue."""
    found = dues([], Since(500, 500, 0), END)
    assert [(due.instalment.due_on, due.open_fen) for due in found] == [(END, 500)]
    assert overdue_since(found, END) is None
    assert overdue_since(found, END + timedelta(days=1)) == END
    assert overdue_days(END, END + timedelta(days=1)) == 1


def test_the_earliest_unpaid_instalment_says_since_when_a_loan_is_overdue() -> None:
    """RP-08: an instalment lacking a fen of interest is unpaid; the next one is coming."""
    found = dues(PLAN, Since(200, 0, 9), END)
    day = date(2026, 4, 2)
    assert (overdue_since(found, day), overdue_fen(found, day)) == (date(2026, 3, 31), 1)
    coming = next_due(found, day)
    assert coming is not None
    assert coming.instalment.due_on == date(2026, 6, 30)
    assert overdue_since(dues(PLAN, Since(200, 0, 10), END), day) is None


def test_interest_that_is_due_is_paid_before_principal() -> None:
    """民法典第561条: interest not due yet is not paid ahead."""
    found = dues(PLAN, Since(300, 0, 0), END)
    assert split(105, found, date(2026, 3, 30)) == (105, 0)
    assert split(105, found, date(2026, 3, 31)) == (95, 10)
    assert split(7, found, date(2026, 7, 1)) == (0, 7)


@pytest.mark.parametrize(
    ("days", "expected"), [(0, 0), (1, 1), (29, 1), (30, 30), (90, 90), (359, 270), (360, 360), (5_000, 360)]
)
def test_the_rungs_of_the_ladder(days: int, expected: int) -> None:
    """RP-08: those concerned are told at 1, 30, 60, 90, 180, 270 and 360 days."""
    assert rung(days) == expected


def test_a_plan_adds_up_and_keeps_to_the_debt_period() -> None:
    """PL-04: every fault of a plan comes at once, each at its instalment."""
    bad = [
        Instalment(FIRST - timedelta(days=1), 100),
        Instalment(date(2026, 5, 1), 0, 0),
        Instalment(date(2026, 5, 1), 100),
        Instalment(END + timedelta(days=1), 99),
    ]
    found = plan_faults("/plan", bad, first=FIRST, last=END, outstanding_fen=300)
    assert [(one.code.code, one.pointer) for one in found] == [
        ("loan.plan_due", "/plan/0/due_on"),
        ("loan.instalment_empty", "/plan/1"),
        ("loan.plan_order", "/plan/2/due_on"),
        ("loan.plan_due", "/plan/3/due_on"),
        ("loan.plan_sum", "/plan"),
    ]
    assert plan_faults("/plan", PLAN, first=FIRST, last=END, outstanding_fen=300) == []


@given(
    parts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), min_size=1, max_size=8),
    since_drawn=st.integers(-300, 300),
    paid=st.integers(0, 4_000),
    interest=st.integers(-50, 600),
)
def test_what_is_open_is_what_is_outstanding(
    parts: list[tuple[int, int]], since_drawn: int, paid: int, interest: int
) -> None:
    """PLG-07: whatever was planned, drawn and paid, the open principal is the outstanding one, none negative."""
    plan = [Instalment(FIRST + timedelta(days=at), *part) for at, part in enumerate(parts, start=1)]
    owed = max(0, sum(part[0] for part in parts) + since_drawn - paid)
    found = dues(plan, Since(owed, since_drawn, interest), END)
    assert sum(due.principal_open_fen for due in found) == owed
    assert all(due.principal_open_fen >= 0 and due.interest_open_fen >= 0 for due in found)
    unpaid = [at for at, due in enumerate(found) if due.principal_open_fen]
    touched = [at for at, due in enumerate(found) if due.principal_paid_fen]
    assert not unpaid or not touched or max(touched) <= min(unpaid)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5).filter(bool)), max_size=12))
def test_as_of_no_day_is_more_paid_back_than_drawn(moved: list[tuple[int, int]]) -> None:
    """PLG-07: found exactly when the sums of some day fall below zero, drawdowns of a day first."""
    movements = [Movement(FIRST + timedelta(days=after), fen) for after, fen in moved]
    ends = {after: sum(fen for other, fen in moved if other <= after) for after, _ in moved}
    expected = min((after for after, balance in ends.items() if balance < 0), default=None)
    found = order_faults("/received_on", movements)
    assert [one.facts["day"] for one in found] == (
        [FIRST + timedelta(days=expected)] if expected is not None else []
    )


def test_what_was_repaid_may_be_drawn_again_only_under_a_maximum_amount() -> None:
    """民法典第439条: an ordinary pledge secures what was drawn once, a maximum-amount one what is owed."""
    ordinary, revolving = (Totals(1_000, again, drawn_fen=800, repaid_fen=500) for again in (False, True))
    assert (ordinary.drawable_fen, revolving.drawable_fen) == (200, 700)
    assert (ordinary.owed_at_most(over=False), ordinary.owed_at_most(over=True)) == (500, 300)
    assert revolving.owed_at_most(over=False) == 1_000
    assert [one.code.code for one in drawable_faults(ordinary, None, 201)] == ["loan.limit_exceeded"]
    assert drawable_faults(revolving, None, 700) == []


@pytest.mark.parametrize(
    ("security", "codes"),
    [
        (Security(PledgeStatus.registered, None, [("A", PledgeStatus.registered)]), []),
        (Security(PledgeStatus.filed, None, [("A", PledgeStatus.registered)]), []),
        (
            Security(PledgeStatus.filed, None, [("A", PledgeStatus.registered), ("B", PledgeStatus.filed)]),
            ["loan.not_secured"],
        ),
        (
            Security(PledgeStatus.registered, FIRST, [("A", PledgeStatus.revoked)]),
            ["loan.not_secured", "loan.unsecured"],
        ),
        (Security(PledgeStatus.deregistered, None, []), ["loan.pledge_over"]),
    ],
    ids=["registered", "what is required is", "one is missing", "one was revoked", "over"],
)
def test_money_flows_once_all_that_is_required_is_registered(security: Security, codes: list[str]) -> None:
    """PL-28."""
    assert [one.code.code for one in security.faults()] == codes


@given(st.integers(0, 500))
def test_the_ladder_never_betters_a_class(days: int) -> None:
    """RP-08: the worse of what the bank reported and what the days ask for; more days are never better."""
    order = tuple(LoanClass)
    assert order.index(at_least(days)) <= order.index(at_least(days + 1))
    assert all(worse(one, at_least(days)) == max(one, at_least(days), key=order.index) for one in order)
    assert list(RUNGS) == sorted(set(RUNGS))
