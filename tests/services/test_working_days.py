from __future__ import annotations

from datetime import date

import pytest

from app.domain.recovery import days_late
from app.services import working_days


@pytest.mark.parametrize(
    ("on", "days", "due"),
    [
        (date(2026, 3, 6), 0, date(2026, 3, 6)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 7), 1, date(2026, 3, 9)),
        (date(2026, 3, 2), 10, date(2026, 3, 16)),
        (date(2019, 9, 27), 1, date(2019, 9, 29)),
        (date(2019, 9, 30), 5, date(2019, 10, 12)),
        (date(2019, 9, 30), 4, date(2019, 10, 11)),
        (date(2040, 9, 28), 5, date(2040, 10, 5)),
    ],
    ids=[
        "at once",
        "over a weekend",
        "from a Saturday",
        "two weeks",
        "a Sunday worked in place of a holiday",
        "over the National Day week, a Saturday worked after it",
        "the same, one day less",
        "a year without a notice counts Monday to Friday",
    ],
)
def test_time_is_counted_in_working_days(on: date, days: int, due: date) -> None:
    """PL-05, RP-15: the day itself is not counted, a holiday is none, a weekend worked in its place is one."""
    assert working_days.after(on, days) == due


def test_a_year_without_a_notice_is_assumed() -> None:
    assert working_days.assumed(date(2040, 10, 1))
    assert not working_days.assumed(date(2019, 10, 1))


def test_money_is_late_by_the_days_after_its_day() -> None:
    """RP-15: nothing is late on the day it is due."""
    assert (
        days_late(date(2026, 3, 9), date(2026, 3, 9)),
        days_late(date(2026, 3, 20), date(2026, 3, 16)),
    ) == (0, 4)
