"""Working days (工作日), in which the law counts an office's time; the day of the event is not counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

IsWorking = Callable[[date], bool]
"""Whether a day is worked: public holidays are not, weekends worked in their place (调休) are."""


def after(day: date, count: int, is_working: IsWorking) -> date:
    """The `count`-th working day after `day`, which is not counted itself (民法典第201条); `day` for none."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working(day)
    return day
