"""Months of service over renewals and changes of provider."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest

from app.domain.enrolment import eligibility, full_months, read, stretches, written
from app.domain.size_class import SizeClass


def moves(*terms: tuple[date, date]) -> list[tuple[date, int, str]]:
    """The changes of the active stock that serving these terms makes."""
    return [
        change for first, last in terms for change in ((first, 1, "p"), (last + timedelta(days=1), -1, "p"))
    ]


@pytest.mark.parametrize(
    ("terms", "months"),
    [
        ([], 0),
        ([(date(2020, 1, 1), date(2020, 6, 30))], 6),
        ([(date(2020, 1, 1), date(2020, 6, 29))], 5),
        ([(date(2019, 8, 31), date(2020, 2, 28))], 6),
        ([(date(2019, 8, 31), date(2020, 2, 27))], 5),
        ([(date(2020, 1, 1), date(2020, 3, 31)), (date(2020, 4, 1), date(2020, 6, 30))], 6),
        # A gap of a year between two providers neither counts nor breaks what was served.
        ([(date(2020, 1, 1), date(2020, 3, 31)), (date(2021, 4, 1), date(2021, 6, 30))], 6),
        ([(date(2020, 1, 1), date(2020, 3, 31)), (date(2021, 4, 1), date(2021, 6, 29))], 5),
    ],
)
def test_served_days_are_laid_end_to_end(terms: list[tuple[date, date]], months: int) -> None:
    """TG-05, TRU-04: full months, accumulated over providers."""
    assert full_months(stretches(moves(*terms))) == months


def test_service_under_way_is_not_reckoned() -> None:
    """TG-05: only what has ended counts."""
    assert full_months(stretches([(date(2020, 1, 1), 1, "p")])) == 0


def test_a_service_given_up_before_its_first_day_is_none() -> None:
    """TG-05, TRU-04: its start and end fall on one day, on which the next provider may start in earnest."""
    day = date(2020, 7, 1)
    changes = [(date(2020, 1, 1), 1, "p"), (day, -1, "p"), (day, 1, "p"), (day, -1, "p"), (day, 1, "q")]
    for order in permutations(changes[1:]):
        served = stretches([changes[0], *order])
        assert [(one.provider_organisation_id, one.first, one.last) for one in served] == [
            ("p", date(2020, 1, 1), date(2020, 6, 30)),
            ("q", day, None),
        ]
        assert full_months(served) == 6


def test_findings_are_kept_with_their_facts_and_words() -> None:
    """TG-04: every condition at once, and the same words when read again."""
    found = eligibility(
        registered_in="120116",
        district_code="120110",
        in_district=False,
        size=SizeClass.large,
        enrolled_elsewhere=True,
    )
    kept = read(written(found))
    assert [one.code.code for one in kept] == [
        "enrolment.not_in_district",
        "enrolment.too_large",
        "enrolment.already_enrolled",
    ]
    assert [one.zh for one in kept] == [one.zh for one in found]
    assert "120116" in kept[0].en
