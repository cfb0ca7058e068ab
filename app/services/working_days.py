"""The calendar of working days: the State Council's yearly notices, as `chinesecalendar` has them.

A notice for a year comes out in the autumn before it. Years without one count Monday to Friday, and what
was reckoned with them is `assumed`.
"""

from __future__ import annotations

from datetime import date

import chinese_calendar

from app.domain import working_day as rules

_SATURDAY = 5
_YEARS = frozenset(day.year for day in chinese_calendar.holidays)


def is_working(day: date) -> bool:
    """Whether a day is worked; Monday to Friday in years without a notice."""
    return day.weekday() < _SATURDAY if assumed(day) else bool(chinese_calendar.is_workday(day))


def assumed(day: date) -> bool:
    """Whether the notice for the day's year is not known here."""
    return day.year not in _YEARS


def after(day: date, count: int) -> date:
    """The `count`-th working day after `day`, which is not counted itself."""
    return rules.after(day, count, is_working)
