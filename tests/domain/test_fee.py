"""AST-08, LS-05, LS-06, LS-13: what keeps a right alive, by the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from app.domain.fee import (
    SURCHARGES,
    Charge,
    FeeKind,
    annuities,
    charge_of,
    months_late,
    patent_year,
    renewal,
)
from app.domain.patent_number import PatentType
from app.domain.term import add_months, add_years, patent_last_day_in_force

INVENTION, UTILITY_MODEL, DESIGN = PatentType
YUAN = 100


def year(patent_type: PatentType, ordinal: int, filed_on: date = date(2022, 1, 5)) -> Charge:
    last_day = patent_last_day_in_force(patent_type, filed_on)
    charge = charge_of(annuities(patent_type, filed_on=filed_on, granted_on=None, last_day=last_day), ordinal)
    assert charge is not None
    return charge


@pytest.mark.parametrize(
    ("patent_type", "steps"),
    [
        (INVENTION, {3: 900, 4: 1200, 6: 1200, 7: 2000, 9: 2000, 10: 4000, 13: 6000, 16: 8000, 20: 8000}),
        (UTILITY_MODEL, {3: 600, 4: 900, 5: 900, 6: 1200, 8: 1200, 9: 2000, 10: 2000}),
        (DESIGN, {2: 600, 5: 900, 8: 1200, 10: 2000, 11: 3000, 15: 3000}),
    ],
)
def test_annuities_rise_by_type_and_patent_year(patent_type: PatentType, steps: dict[int, int]) -> None:
    """LS-06: in yuan, by the patent year they are for."""
    assert {ordinal: year(patent_type, ordinal).amount_fen // YUAN for ordinal in steps} == steps


def test_a_patent_pays_from_the_year_after_its_grant_to_the_end_of_its_term() -> None:
    """LS-05: the first day of each patent year is the due day; the year of the grant is paid with it."""
    filed_on = date(2015, 3, 31)
    calendar = annuities(
        INVENTION, filed_on=filed_on, granted_on=date(2018, 3, 30), last_day=date(2035, 3, 30)
    )
    assert [charge.ordinal for charge in calendar] == list(range(4, 21))
    assert [charge.due_on for charge in calendar][:2] == [date(2018, 3, 31), date(2019, 3, 31)]


def test_the_worked_example_of_a_late_annuity() -> None:
    """LS-05: filed 2015-03-31, year 8 due 2022-03-31, grace to 2022-09-30; on 2022-06-10 200 yuan more."""
    charge = year(INVENTION, 8, date(2015, 3, 31))
    assert (charge.due_on, charge.grace_ends_on) == (date(2022, 3, 31), date(2022, 9, 30))
    assert charge.amount_fen == 2_000 * YUAN
    assert charge.surcharge_fen(date(2022, 6, 10)) == 200 * YUAN


@pytest.mark.parametrize(
    ("paid_on", "percent"),
    [
        ("2022-03-31", 0),
        ("2022-04-01", 0),
        ("2022-04-30", 0),
        ("2022-05-01", 5),
        ("2022-05-31", 5),
        ("2022-06-01", 10),
        ("2022-06-30", 10),
        ("2022-07-31", 15),
        ("2022-08-31", 20),
        ("2022-09-01", 25),
        ("2022-09-30", 25),
    ],
)
def test_the_surcharge_rises_with_every_month(paid_on: str, percent: int) -> None:
    """LS-05: 0, 5, 10, 15, 20, 25 % of the full annuity; a month ends on its corresponding day."""
    charge = year(INVENTION, 8, date(2015, 3, 31))
    assert charge.surcharge_fen(date.fromisoformat(paid_on)) == charge.amount_fen * percent // 100


@pytest.mark.parametrize(
    ("granted_on", "ordinals"),
    [(date(2018, 6, 1), range(5, 14)), (None, range(0)), (date(2015, 4, 1), range(2, 11))],
)
def test_ten_years_from_the_grant_are_reduced(granted_on: date | None, ordinals: range) -> None:
    """LS-06: the year of the grant and nine more; 85 % less of the fee, nothing less of the surcharge."""
    calendar = annuities(
        INVENTION, filed_on=date(2015, 3, 31), granted_on=granted_on, last_day=date(2035, 3, 30)
    )
    assert [charge.ordinal for charge in calendar if charge.reducible] == list(ordinals)
    for charge in calendar:
        less = 85 if charge.reducible else 0
        assert charge.net_fen(85) == charge.amount_fen * (100 - less) // 100
        late = charge.due_on + timedelta(days=80)
        assert charge.surcharge_fen(late) == charge.amount_fen * 10 // 100


@given(
    filed_on=st.dates(date(1985, 4, 1), date(2060, 12, 31)),
    patent_type=st.sampled_from(PatentType),
    days=st.integers(1, 183),
)
def test_every_calendar_is_in_order_and_within_the_term(
    filed_on: date, patent_type: PatentType, days: int
) -> None:
    """LS-02, LS-05: leap days too: one annuity a year, due on its anniversary, the last within the term."""
    last_day = patent_last_day_in_force(patent_type, filed_on)
    calendar = annuities(patent_type, filed_on=filed_on, granted_on=None, last_day=last_day)
    assert [charge.ordinal for charge in calendar] == list(range(2, len(calendar) + 2))
    for charge in calendar:
        assert charge.due_on == add_years(filed_on, charge.ordinal - 1) <= last_day
        assert patent_year(filed_on, charge.due_on) == charge.ordinal
        assert patent_year(filed_on, charge.due_on - timedelta(days=1)) == charge.ordinal - 1
        paid_on = charge.due_on + timedelta(days=days)
        month = months_late(charge.due_on, paid_on)
        assert charge.surcharge_fen(paid_on) == charge.amount_fen * SURCHARGES[month - 1] // 100
        if month < 6:
            assert add_months(charge.due_on, month - 1) < paid_on <= add_months(charge.due_on, month)


def test_the_renewal_of_a_mark_by_class() -> None:
    """LS-13: 7199523 to 2020-09-06: from 2019-09-07, in grace to 2021-03-06, half as much again when late."""
    charge = renewal(last_day=date(2020, 9, 6), renewals=0, classes=3)
    assert (charge.kind, charge.ordinal) == (FeeKind.renewal, 1)
    assert (charge.opens_on, charge.due_on, charge.grace_ends_on) == (
        date(2019, 9, 7),
        date(2020, 9, 6),
        date(2021, 3, 6),
    )
    assert (charge.net_fen(85), charge.surcharge_fen(date(2020, 9, 6))) == (1_500 * YUAN, 0)
    assert charge.surcharge_fen(date(2020, 9, 7)) == 750 * YUAN
