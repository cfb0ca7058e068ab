"""Accounting periods: months, and where a late day is booked."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from app.domain.errors import DomainError
from app.domain.period import Month, PeriodStatus, booking

MONTHS = st.builds(lambda n: Month(date(2019 + n // 12, n % 12 + 1, 1)), st.integers(0, 40))
STATUSES = st.dictionaries(MONTHS, st.sampled_from([PeriodStatus.held, PeriodStatus.closed]))


@given(st.dates(date(2019, 1, 1), date(2022, 6, 1)), STATUSES)
def test_a_posting_lands_in_an_open_month_behind_all_closed_ones(
    day: date, statuses: dict[Month, PeriodStatus]
) -> None:
    """POL-20: on its own day if that can be; else at a month's beginning, with the day it corrects."""
    found = booking(day, statuses)
    month = Month.of(found.occurred_on)
    closed = [one for one, status in statuses.items() if status is PeriodStatus.closed]
    assert month not in statuses
    assert all(one < month for one in closed)
    if found.corrects_on is None:
        assert found.occurred_on == day
    else:
        assert (found.corrects_on, found.occurred_on.day) == (day, 1)
        assert found.occurred_on > day
        # No open month lies between: whatever is earlier is not open, or has a closed one behind it.
        between = [one for one in statuses if Month.of(day) <= one < month]
        assert between or any(one >= Month.of(day) for one in closed)


def test_months_follow_one_another_across_years_and_know_their_days() -> None:
    """POL-20: leap years and year ends."""
    assert Month.of(date(2020, 2, 29)).ends_on == date(2020, 2, 29)
    assert str(Month.parse("2019-12").following()) == "2020-01"
    assert Month.parse("2021-02").days == 28


@pytest.mark.parametrize("written", ["2019-00", "19-01", "2019-1", "2019/01", "1849-12", "２０１９-01"])
def test_what_is_no_month_is_refused(written: str) -> None:
    """POL-20: YYYY-MM in plain digits."""
    with pytest.raises(DomainError, match=r"period\.invalid"):
        Month.parse(written)
