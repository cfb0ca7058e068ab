"""AST-07, LS-01..03, LS-12, LS-13: terms of rights."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.errors import DomainError
from app.domain.patent_number import PatentType
from app.domain.term import (
    add_months,
    add_years,
    patent_last_day_in_force,
    renewal_window,
    trademark_last_day_in_force,
)

INVENTION, UTILITY_MODEL, DESIGN = PatentType


@pytest.mark.parametrize(
    ("kind", "filed_on", "last_day", "ends_on"),
    [
        (UTILITY_MODEL, "1999-09-06", "2009-09-05", "2009-09-06"),
        (INVENTION, "2016-03-01", "2036-02-29", "2036-03-01"),
        (UTILITY_MODEL, "2020-02-29", "2030-02-27", "2030-02-28"),
        (DESIGN, "2021-05-31", "2031-05-30", "2031-05-31"),
        (DESIGN, "2021-06-01", "2036-05-31", "2036-06-01"),
        (INVENTION, "2020-02-29", "2040-02-28", "2040-02-29"),
    ],
)
def test_a_patent_ends_on_the_anniversary_of_its_filing(
    kind: PatentType, filed_on: str, last_day: str, ends_on: str
) -> None:
    """LS-01, LS-02: the day before the anniversary is the last in force."""
    filed = date.fromisoformat(filed_on)
    assert patent_last_day_in_force(kind, filed) == date.fromisoformat(last_day)
    assert patent_last_day_in_force(kind, filed) + timedelta(days=1) == date.fromisoformat(ends_on)


def test_a_term_adjustment_adds_its_days_to_an_invention_only() -> None:
    """LS-03."""
    assert patent_last_day_in_force(INVENTION, date(2016, 3, 1), 10) == date(2036, 3, 10)
    for kind, days in ((INVENTION, -1), (UTILITY_MODEL, 1), (DESIGN, 1)):
        with pytest.raises(DomainError) as caught:
            patent_last_day_in_force(kind, date(2022, 3, 1), days)
        assert caught.value.code.code == "term.extension"


@pytest.mark.parametrize(
    ("registered_on", "renewals", "last_day"),
    [
        ("2010-09-07", 0, "2020-09-06"),
        ("2010-09-07", 1, "2030-09-06"),
        ("2012-02-29", 0, "2022-02-28"),
        ("2012-02-29", 1, "2032-02-29"),
        ("2010-03-01", 0, "2020-02-29"),
    ],
)
def test_a_trademark_lasts_ten_years_and_each_renewal_ten_more(
    registered_on: str, renewals: int, last_day: str
) -> None:
    """LS-12, LS-13: each decade starts the day after the one before it ended."""
    registered = date.fromisoformat(registered_on)
    assert trademark_last_day_in_force(registered, renewals) == date.fromisoformat(last_day)


@pytest.mark.parametrize(
    ("last_day", "opens_on", "grace_ends_on"),
    [
        ("2020-09-06", "2019-09-07", "2021-03-06"),
        ("2022-02-28", "2021-03-01", "2022-08-28"),
        ("2020-02-29", "2019-03-01", "2020-08-29"),
        ("2020-08-31", "2019-09-01", "2021-02-28"),
        ("2020-12-31", "2020-01-01", "2021-06-30"),
    ],
)
def test_renewal_opens_twelve_months_before_and_grace_ends_six_months_after(
    last_day: str, opens_on: str, grace_ends_on: str
) -> None:
    """LS-13."""
    window = renewal_window(date.fromisoformat(last_day))
    assert window == (date.fromisoformat(opens_on), date.fromisoformat(grace_ends_on))


def test_a_missing_day_becomes_the_last_of_its_month() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 3, 31), -13) == date(2023, 2, 28)
    assert add_months(date(2024, 12, 1), 1) == date(2025, 1, 1)
    assert add_months(date(2024, 1, 1), -1) == date(2023, 12, 1)
    assert add_years(date(2020, 2, 29), 1) == date(2021, 2, 28)
    assert add_years(date(2020, 2, 29), -4) == date(2016, 2, 29)


def test_a_date_beyond_the_calendar_is_refused_not_a_crash() -> None:
    for reckon in (
        lambda: patent_last_day_in_force(INVENTION, date(9990, 1, 1)),
        lambda: patent_last_day_in_force(INVENTION, date(9970, 1, 1), 4_000_000),
        lambda: renewal_window(date.max),
        lambda: add_years(date.min, -1),
    ):
        with pytest.raises(DomainError) as caught:
            reckon()
        assert caught.value.code.code == "term.date_range"


def test_a_trademark_cannot_have_been_renewed_less_than_never() -> None:
    with pytest.raises(ValueError, match="renewals"):
        trademark_last_day_in_force(date(2020, 1, 1), -1)
