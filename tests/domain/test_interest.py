"""Interest: day counts, and a carry that loses nothing over any run of days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from app.domain.interest import PARTS, DayCount, accrue, year_days

DAYS = st.lists(
    st.tuples(st.integers(0, 10**13), st.integers(0, 10**6), st.sampled_from(DayCount)),
    min_size=1,
    max_size=400,
)


@given(DAYS, st.dates(date(2019, 1, 1), date(2032, 1, 1)))
def test_what_accrues_is_the_exact_interest_rounded_down_once(
    days: list[tuple[int, int, DayCount]], first: date
) -> None:
    """POL-18: over any days, rates and day counts, across leap years: no fraction is lost or made."""
    exact, total, carry = Fraction(0), 0, 0
    for number, (balance, rate, count) in enumerate(days):
        year = year_days(count, first + timedelta(days=number))
        exact += Fraction(balance * rate, 10**6 * year)
        fen, carry = accrue(balance, rate, year, carry)
        assert fen >= 0
        assert 0 <= carry < PARTS
        total += fen
    assert total == exact.__floor__()
    assert Fraction(carry, PARTS) == exact - total


@pytest.mark.parametrize(
    ("count", "year", "expected"),
    [
        (DayCount.actual_360, 2023, 152_083),
        (DayCount.actual_365, 2023, 150_000),
        (DayCount.actual_365, 2024, 150_410),
        (DayCount.actual_actual, 2023, 150_000),
        (DayCount.actual_actual, 2024, 150_000),
    ],
)
def test_a_year_of_one_and_a_half_per_cent_on_a_hundred_thousand(
    count: DayCount, year: int, expected: int
) -> None:
    """POL-18: the year has 360, 365, or as many days as it has; 100,000.00 at 1.5 %."""
    day, total, carry = date(year, 1, 1), 0, 0
    while day.year == year:
        fen, carry = accrue(10_000_000, 15_000, year_days(count, day), carry)
        total, day = total + fen, day + timedelta(days=1)
    assert total == expected


def test_an_overdrawn_account_bears_nothing() -> None:
    """POL-18: the pool owes the bank no interest by this rule."""
    assert accrue(-5, 15_000, 365, 7) == (0, 7)
