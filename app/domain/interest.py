"""Interest on the special account: accrued daily by a stated day count, carried to the fen (POL-18)."""

from enum import StrEnum


class DayCount(StrEnum):
    """How many days a year has."""

    actual_360 = "actual_360"
    actual_365 = "actual_365"
    actual_actual = "actual_actual"
