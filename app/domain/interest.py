"""Interest on the special account: accrued daily by a stated day count, carried to the fen (POL-18).

The balance at the end of a day, times the yearly rate, by the days of the year. What is less than a fen is
carried from day to day in parts of which every day count has a whole number, so that a year's accruals are
the exact interest, rounded down once.
"""

from calendar import isleap
from datetime import date
from enum import StrEnum
from math import lcm

from app.domain.errors import ErrorKind, define


class DayCount(StrEnum):
    """How many days a year has."""

    actual_360 = "actual_360"
    actual_365 = "actual_365"
    actual_actual = "actual_actual"
    """365, or 366 for days of a leap year."""


PPM = 1_000_000
_YEAR = lcm(360, 365, 366)
PARTS = PPM * _YEAR
"""Parts of a fen in which the carry is kept: a millionth by the days of any year there is."""

RATE_TOO_EARLY = define(
    "interest.rate_too_early",
    ErrorKind.conflict,
    "利率生效日不得早于 {earliest}",
    "The rate may take effect on {earliest} at the earliest: days before are accrued, or over.",
)
RATE_TAKEN = define(
    "interest.rate_taken",
    ErrorKind.conflict,
    "该资金池在该日已有生效的利率",
    "A rate of this pool takes effect on that day already.",
)


def year_days(day_count: DayCount, day: date) -> int:
    """How many days the year of `day` has."""
    match day_count:
        case DayCount.actual_360:
            return 360
        case DayCount.actual_365:
            return 365
        case DayCount.actual_actual:
            return 366 if isleap(day.year) else 365


def accrue(balance_fen: int, rate_ppm: int, days: int, carry: int) -> tuple[int, int]:
    """The whole fen that accrue on one day, and the carry to the next, in `PARTS` of a fen.

    `days` is what `year_days` says. A balance below zero bears nothing.
    """
    return divmod(max(0, balance_fen) * rate_ppm * (_YEAR // days) + carry, PARTS)
