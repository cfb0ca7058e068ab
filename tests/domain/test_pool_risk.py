"""Concentration, distance to the breaker and report periods, to the fen (RP-13, RP-21, UNI-35)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, strategies as st

from app.domain.errors import DomainError
from app.domain.loan_class import LoanClass
from app.domain.pool import Limits, PoolStatus, Risk, breaker, times
from app.domain.pool_breaker import BankLoans, by_bank, distance, together
from app.domain.pool_exposure import Dimension, Exposure, Item, connected, grouped, hhi
from app.domain.pool_report import report_period

WAN = 1_000_000
LIMITS = Limits(npl_warn_bp=300, npl_suspend_bp=500, paid_ratio_suspend_bp=5_000)
BANKS = [uuid.UUID(int=number) for number in range(1, 4)]


@pytest.mark.parametrize(
    ("npl_fen", "ratio", "status"),
    [
        (599_990_000, "4.9999", PoolStatus.warning),
        (600_000_000 - 1, "4.9999", PoolStatus.warning),
        (600_000_000, "5.0000", PoolStatus.suspended),
    ],
)
def test_a_bank_is_suspended_at_the_very_fen(npl_fen: int, ratio: str, status: PoolStatus) -> None:
    """RP-13: 599.99 万 of 12,000 万 is 4.9999 %, 600.00 万 suspends, of one bank as of the pool."""
    bank = BankLoans(BANKS[0], 12_000 * WAN, npl_fen)
    assert (bank.npl_ratio, breaker(bank.risk, LIMITS)) == (ratio, status)
    pool = together([bank], net_paid_fen=0, paid_in_fen=3_000 * WAN)
    assert breaker(pool, LIMITS) is status


def test_a_bad_bank_may_be_suspended_in_a_calm_pool() -> None:
    """RP-13: per bank and for the whole pool."""
    banks = [BankLoans(BANKS[0], 100, 50), BankLoans(BANKS[1], 9_900, 0)]
    assert breaker(banks[0].risk, LIMITS) is PoolStatus.suspended
    pool = together(banks, net_paid_fen=0, paid_in_fen=100)
    assert (pool.npl_ratio, breaker(pool, LIMITS)) == ("0.5000", PoolStatus.active)


amounts = st.integers(0, 10**13)


@given(amounts, amounts, amounts, amounts)
def test_the_distance_is_what_it_takes_and_not_a_fen_less(
    one: int, two: int, paid: int, paid_in: int
) -> None:
    """RP-13: so much more trips the breaker, one fen less does not."""
    risk = Risk(min(one, two), max(one, two), paid, paid_in)
    away = distance(risk, replace(LIMITS, paid_ratio_suspend_bp=10_000))
    calm = replace(risk, net_paid_fen=0)
    if away.npl_to_suspend_fen is not None:
        tripped = replace(calm, npl_fen=risk.npl_fen + away.npl_to_suspend_fen)
        assert breaker(tripped, LIMITS) is PoolStatus.suspended
    if away.npl_to_suspend_fen:
        before = replace(calm, npl_fen=risk.npl_fen + away.npl_to_suspend_fen - 1)
        assert breaker(before, LIMITS) is not PoolStatus.suspended
    if away.npl_to_warn_fen:
        before = replace(calm, npl_fen=risk.npl_fen + away.npl_to_warn_fen - 1)
        assert breaker(before, LIMITS) is PoolStatus.active
    assert away.paid_to_suspend_fen is not None
    spent = Risk(0, 0, paid + away.paid_to_suspend_fen, paid_in)
    limits = replace(LIMITS, paid_ratio_suspend_bp=10_000)
    assert breaker(spent, limits) is PoolStatus.suspended
    if away.paid_to_suspend_fen:
        assert breaker(replace(spent, net_paid_fen=spent.net_paid_fen - 1), limits) is PoolStatus.active


@pytest.mark.parametrize(
    ("parts", "index"),
    [
        ([50, 30, 20], 3_800),
        ([1], 10_000),
        ([1, 1, 1], 3_333),
        ([2, 1], 5_556),
        ([1] * 8, 1_250),
        ([0, 0], 0),
        ([], 0),
        ([5 * 10**15, 3 * 10**15, 2 * 10**15], 3_800),
    ],
)
def test_the_concentration_of_known_shares(parts: list[int], index: int) -> None:
    """UNI-35: 50, 30 and 20 % make 2,500 + 900 + 400 = 3,800; rounded half up, no matter the size."""
    assert hhi(parts) == index


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40))
def test_concentration_is_bounded_and_falls_when_a_holder_is_split(parts: list[int]) -> None:
    """UNI-35: at least an even share's index, at most one holder's."""
    index = hhi(parts)
    assert 10_000 // len(parts) <= index <= 10_000
    split = [half for part in parts for half in (part, part)]
    assert abs(2 * hhi(split) - index) <= 1


def loan(covered: int, *, bank: int = 0, borrower: int = 1, items: list[Item] | None = None) -> Exposure:
    return Exposure(
        pledge_id=uuid.uuid4(),
        bank_id=BANKS[bank],
        borrower_id=uuid.UUID(int=borrower),
        industry="software" if bank else None,
        scheme_id=uuid.UUID(int=9),
        loan_class=LoanClass.normal,
        outstanding_fen=covered,
        covered_fen=covered,
        items=items if items is not None else [Item("patent")],
    )


def test_a_loan_is_split_over_the_appraisers_of_its_rights() -> None:
    """UNI-35: equally by rights, the odd fen to the first; nothing is lost by any combination."""
    a, b = uuid.UUID(int=21), uuid.UUID(int=22)
    loans = [
        loan(100, items=[Item("patent", a), Item("patent", b), Item("trademark")]),
        loan(50, bank=1, items=[Item("patent", b, agency_id=a)]),
    ]
    assert grouped(loans, [Dimension.appraiser]) == {(str(a),): 34, (str(b),): 83, (None,): 33}
    both = grouped(loans, [Dimension.industry, Dimension.agency])
    assert both == {(None, None): 100, ("software", str(a)): 50}
    assert sum(grouped(loans, list(Dimension)).values()) == 150


def test_connected_borrowers_are_one_group() -> None:
    """UNI-35: by successions, by a common pledgor, and by way of others."""
    shared = uuid.UUID(int=77)
    loans = [
        loan(10, borrower=1),
        loan(20, borrower=2),
        replace(loan(30, borrower=3), pledgor_ids=frozenset({shared})),
        replace(loan(40, borrower=4), pledgor_ids=frozenset({shared})),
        loan(5, borrower=5),
    ]
    outside = uuid.UUID(int=50)
    ties = [(uuid.UUID(int=1), outside), (outside, uuid.UUID(int=3))]
    found = [([one.int for one in group.borrower_ids], group.covered_fen) for group in connected(loans, ties)]
    assert found == [([1, 3, 4], 80), ([2], 20), ([5], 5)]


def test_banks_are_summed_once_each() -> None:
    rows = [BankLoans(BANKS[1], 5, 1), BankLoans(BANKS[0], 2, 2), BankLoans(BANKS[1], 7, 0)]
    assert by_bank(rows) == [BankLoans(BANKS[0], 2, 2), BankLoans(BANKS[1], 12, 1)]


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("2021Q3", date(2021, 7, 1), date(2021, 9, 30)),
        ("2021-07", date(2021, 7, 1), date(2021, 7, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2021Q4", date(2021, 10, 1), date(2021, 11, 5)),
        ("2020Q4", date(2020, 10, 1), date(2020, 12, 31)),
    ],
)
def test_a_period_is_a_month_or_a_quarter(given: str, first: date, last: date) -> None:
    """RP-21: one that is running goes up to today."""
    found = report_period(given, date(2021, 11, 5))
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    "given", ["2021", "2021Q5", "2021-13", "2021Q4x", "2021-12", "9999-12", "0000-01", ""]
)
def test_another_period_is_refused(given: str) -> None:
    """RP-21: neither what is no month or quarter, nor what has not begun."""
    with pytest.raises(DomainError, match=r"pool\.report_period_invalid"):
        report_period(given, date(2021, 11, 5))


def test_leverage_is_shown_with_four_decimals() -> None:
    assert (times(49_800, 5_000), times(1, 3), times(1, 0)) == ("9.9600", "0.3333", "0.0000")
