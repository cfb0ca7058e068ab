"""The months and quarters a pool is reported by (RP-21)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.errors import ErrorKind, define

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(\d{4})Q([1-4])")

PERIOD_INVALID = define(
    "pool.report_period_invalid",
    ErrorKind.invalid,
    "报告期间“{given}”不对：应为季度或月份，例如 2021Q3、2021-07，且已经开始",
    "“{given}” is not a period to report on: a quarter or a month that has begun, e.g. 2021Q3, 2021-07.",
    basis="RP-21",
)


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A calendar month or quarter, up to today while it is running."""

    name: str
    first: date
    last: date


def report_period(given: str, today: date) -> ReportPeriod:
    """Read `2021-07` or `2021Q3`. Raises: `pool.report_period_invalid`."""
    if match := _MONTH.fullmatch(given):
        year, month, months = int(match[1]), int(match[2]), 1
    elif match := _QUARTER.fullmatch(given):
        year, month, months = int(match[1]), int(match[2]) * 3 - 2, 3
    else:
        raise PERIOD_INVALID.error("query:period", given=given)
    if not date.min.year < year < date.max.year or date(year, month, 1) > today:
        raise PERIOD_INVALID.error("query:period", given=given)
    after = year * 12 + month - 1 + months
    last = date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return ReportPeriod(given, date(year, month, 1), min(last, today))
