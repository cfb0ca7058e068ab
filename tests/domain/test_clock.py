"""The two times of a request."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.domain.clock import SHANGHAI, Moment, business_date


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 16, 0, 0, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 1, 1, 0, 0, 0, tzinfo=SHANGHAI), date(2026, 1, 1)),
    ],
)
def test_the_business_day_changes_at_midnight_in_shanghai(instant: datetime, day: date) -> None:
    assert business_date(instant) == day


def test_a_moment_takes_its_day_from_the_instant_unless_it_is_moved() -> None:
    now = datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert Moment.at(now) == Moment(now, date(2026, 7, 1))
    assert Moment(now, date(2030, 1, 1)).now == now


@pytest.mark.parametrize("now", [datetime.fromisoformat("2026-01-01"), datetime(2026, 1, 1, tzinfo=SHANGHAI)])
def test_an_instant_that_is_not_utc_is_a_program_error(now: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        Moment(now, date(2026, 1, 1))


def test_a_naive_time_has_no_business_day() -> None:
    with pytest.raises(ValueError, match="naive"):
        business_date(datetime.fromisoformat("2026-01-01"))
