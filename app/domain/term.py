"""How long rights last: patent terms, trademark terms and their renewal (LS-01..03, LS-12, LS-13)."""

from __future__ import annotations

import calendar
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.patent_number import PatentType

DATE_RANGE = define(
    "term.date_range",
    ErrorKind.invalid,
    "由 {date} 推算的日期超出日历范围，请核对该日期",
    "A date reckoned from {date} is beyond the calendar; please check it.",
)
EXTENSION = define(
    "term.extension",
    ErrorKind.invalid,
    "期限补偿为 {days} 天不可用：只有发明专利可以有期限补偿，且天数不能为负",
    "An extension of {days} days is not possible: only inventions can have one, and it is not negative.",
    basis="专利法第42条",
)

EXTENSION_TOO_LONG = define(
    "term.extension_too_long",
    ErrorKind.conflict,
    "药品专利期限补偿至多 5 年，且批准上市后总有效期至多 14 年：最迟至 {latest}，而非 {last_day}",
    "A pharmaceutical extension is at most 5 years, the term at most 14 years after the drug's approval: "
    "to {latest} at the latest, not to {last_day}.",
    basis="专利法第42条",
)
APPROVAL_MISSING = define(
    "term.approval_missing",
    ErrorKind.invalid,
    "药品专利期限补偿须载明药品上市许可批准日",
    "A pharmaceutical extension needs the day on which the drug was approved.",
    basis="专利法第42条",
)

GRACE_MONTHS = 6
"""How long after its term a Chinese trademark can still be renewed (LS-13, 商标法第40条)."""

PHARMA_YEARS = 5
PHARMA_YEARS_FROM_APPROVAL = 14
"""Bounds of a pharmaceutical extension (LS-03, 专利法第42条)."""

_DESIGN_15_YEARS_FROM = date(2021, 6, 1)
_TRADEMARK_YEARS = 10
_DAY = timedelta(days=1)


def add_months(d: date, n: int) -> date:
    """The corresponding day `n` months on (back when negative), else the last day of that month.

    专利法实施细则第5条, 商标法实施条例第12条. Raises DomainError `term.date_range`.
    """
    year, month0 = divmod(d.year * 12 + d.month - 1 + n, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise DATE_RANGE.error(date=d.isoformat())
    day = d.day if d.day <= 28 else min(d.day, calendar.monthrange(year, month0 + 1)[1])
    return date(year, month0 + 1, day)


def add_years(d: date, n: int) -> date:
    """The anniversary `n` years on; of 29 February, in other years, 28 February."""
    return add_months(d, 12 * n)


def _add_days(d: date, n: int) -> date:
    try:
        return d + timedelta(days=n)
    except OverflowError:
        raise DATE_RANGE.error(date=d.isoformat()) from None


def patent_term_years(patent_type: PatentType, filed_on: date) -> int:
    """The term in years: invention 20, utility model 10, design 15 (LS-01).

    Designs filed up to 31 May 2021 keep the 10 years of the law before (公告第423号).
    """
    if patent_type is PatentType.invention:
        return 20
    if patent_type is PatentType.design and filed_on >= _DESIGN_15_YEARS_FROM:
        return 15
    return 10


def patent_last_day_in_force(patent_type: PatentType, filed_on: date, extension_days: int = 0) -> date:
    """The last day the patent is in force: the day before it has ended (LS-02).

    It has ended (期满终止日) on the anniversary of its filing, holidays or not. `filed_on` is the filing
    date, not the priority date. `extension_days` is the term adjustment or pharmaceutical extension the
    office granted (LS-03). Raises DomainError `term.extension`.
    """
    if extension_days < 0 or (extension_days and patent_type is not PatentType.invention):
        raise EXTENSION.error(days=extension_days)
    ends_on = _add_days(add_years(filed_on, patent_term_years(patent_type, filed_on)), extension_days)
    return ends_on - _DAY


class ExtensionKind(StrEnum):
    """Why the office added days to a term: its own delay (PTA), or a drug's approval (LS-03)."""

    adjustment = "adjustment"
    pharmaceutical = "pharmaceutical"


def extension_faults(
    kind: ExtensionKind,
    *,
    patent_type: PatentType | None,
    days: int,
    last_day: date | None,
    approved_on: date | None,
    drug_days: int = 0,
) -> list[Violation]:
    """What speaks against `days` more than the term to `last_day`; `approved_on`: the drug's approval.

    `drug_days`: what of the term to `last_day` was added for a drug before; all of them are bounded together.
    """
    if patent_type is not PatentType.invention or last_day is None or days <= 0:
        return [EXTENSION.violation("/days", days=days)]
    if kind is not ExtensionKind.pharmaceutical:
        return []
    if approved_on is None:
        return [APPROVAL_MISSING.violation("/approved_on")]
    extended = _add_days(last_day, days)
    latest = min(
        add_years(_add_days(last_day, -drug_days), PHARMA_YEARS),
        _add_days(add_years(approved_on, PHARMA_YEARS_FROM_APPROVAL), -1),
    )
    if extended > latest:
        return [EXTENSION_TOO_LONG.violation("/days", latest=latest, last_day=extended)]
    return []


def trademark_last_day_in_force(registered_on: date, renewals: int = 0) -> date:
    """The last day of the 10 years from registration and of `renewals` more decades (LS-12).

    Each decade ends the day before the corresponding day or, the month having none, on its last
    day (商标法实施条例第12条); the next one starts the day after (商标法第40条).
    Raises ValueError for a negative count.
    """
    if renewals < 0:
        raise ValueError("renewals cannot be negative")
    starts_on = registered_on
    for _ in range(renewals + 1):
        anniversary = add_years(starts_on, _TRADEMARK_YEARS)
        starts_on = anniversary if anniversary.day == starts_on.day else _add_days(anniversary, 1)
    return starts_on - _DAY


def renewed_last_day(last_day: date) -> date:
    """The last day of the decade after the one that ends on `last_day` (LS-12)."""
    return trademark_last_day_in_force(_add_days(last_day, 1))


def renewal_window(last_day: date) -> tuple[date, date]:
    """When a trademark in force to `last_day` can be renewed: (first day, last day of grace).

    The last 12 months of the term and `GRACE_MONTHS` after it, after which it is struck off (LS-13,
    商标法第40条).
    """
    return add_months(_add_days(last_day, 1), -12), add_months(last_day, GRACE_MONTHS)
