"""What keeps a pool from covering a loan: each condition at its boundary, and all objections at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain.commitment_ground import Borrower, Conditions, Loan, Standing, faults

WAN = 1_000_000
"""万元 in fen."""

TODAY = date(2026, 3, 31)
LOAN = Loan(
    principal_fen=100 * WAN,
    currency="CNY",
    ip_share_bp=10_000,
    begins_on=TODAY,
    ends_on=date(2027, 3, 31),
    kinds={("patent", "invention")},
)
POOL = Standing(
    status="active",
    currency="CNY",
    on=TODAY,
    conditions=Conditions(leverage=10),
    borrower=Borrower(district_code="120110"),
    available_fen=5_000 * WAN,
    outstanding_fen=0,
)


def codes(loan: Loan, pool: Standing = POOL, /, **conditions: Any) -> set[str]:
    """The codes of what speaks against the loan under these conditions."""
    assert pool.conditions is not None
    asked = replace(pool, conditions=replace(pool.conditions, **conditions))
    return {fault.code.code for fault in faults(loan, asked)}


def test_a_plain_loan_under_a_scheme_without_conditions_is_covered() -> None:
    assert faults(LOAN, POOL) == []


def test_capacity_is_leverage_times_what_is_available_to_the_fen() -> None:
    """RP-05: 5,000 万 x 10, outstanding 49,800 万: another 200 万 fits, 200.01 万 does not."""
    pool = replace(POOL, outstanding_fen=49_800 * WAN)
    assert codes(replace(LOAN, principal_fen=200 * WAN), pool) == set()
    (fault,) = faults(replace(LOAN, principal_fen=200 * WAN + WAN // 100), pool)
    assert fault.code.code == "pool.capacity_exceeded"
    assert (fault.facts["available"], fault.facts["requested"]) == ("2000000.00", "2000100.00")


def test_a_reservation_keeps_its_capacity_whatever_became_of_the_pool() -> None:
    """Decisions §11: payouts may leave the capacity below; what was reserved is still confirmed, and no more."""
    pool = replace(POOL, available_fen=0, outstanding_fen=300 * WAN, reserved_fen=100 * WAN)
    assert codes(LOAN, pool) == set()
    assert codes(replace(LOAN, principal_fen=100 * WAN + 1), pool) == {"pool.capacity_exceeded"}


CAPS = {
    "pool.household_cap_exceeded": ("household_cap_fen", "household_fen"),
    "pool.bank_cap_exceeded": ("bank_cap_fen", "bank_fen"),
    "pool.industry_cap_exceeded": ("industry_cap_fen", "industry_fen"),
    "pool.tiers_exceeded": ("top_fen", None),
}


@pytest.mark.parametrize(("code", "cap"), CAPS.items(), ids=CAPS)
def test_a_cap_is_reached_but_not_passed(code: str, cap: tuple[str, str | None]) -> None:
    """POL-14: equal to the cap passes, one fen over it does not."""
    name, used = cap
    pool = replace(POOL, borrower=Borrower("120110", industry="software"))
    if used is not None:
        taken: dict[str, Any] = {used: 400 * WAN}
        pool = replace(pool, **taken)
    limit = 100 * WAN if used is None else 500 * WAN
    assert codes(LOAN, pool, **{name: limit}) == set()
    assert codes(replace(LOAN, principal_fen=100 * WAN + 1), pool, **{name: limit}) == {code}


def test_a_household_is_capped_by_its_loans_the_others_by_what_is_covered() -> None:
    """RP-04: a loan of which half counts fills half as much of its bank's cap."""
    half = replace(LOAN, ip_share_bp=5_000)
    pool = replace(POOL, borrower=Borrower("120110", industry="software"))
    assert codes(half, pool, bank_cap_fen=50 * WAN, industry_cap_fen=50 * WAN) == set()
    assert codes(half, pool, household_cap_fen=100 * WAN - 1) == {"pool.household_cap_exceeded"}


def test_an_industry_that_is_not_known_is_not_capped_away() -> None:
    assert codes(LOAN, POOL, industry_cap_fen=1_000 * WAN) == {"pool.industry_unknown"}


def test_the_ip_share_is_at_least_what_the_scheme_asks() -> None:
    """RP-06: of combined collateral 50.00 % passes where 50 % is asked, 49.99 % does not; pure means all."""
    assert codes(replace(LOAN, ip_share_bp=5_000), POOL, min_ip_share_bp=5_000) == set()
    assert codes(replace(LOAN, ip_share_bp=4_999), POOL, min_ip_share_bp=5_000) == {"pool.ip_share_too_low"}
    assert codes(LOAN, POOL, pure=True) == set()
    assert codes(replace(LOAN, ip_share_bp=9_999), POOL, pure=True) == {"pool.not_pure"}


def test_only_eligible_rights_are_covered() -> None:
    """RP-04: named by kind or by patent type, every one of the rights."""
    assert codes(LOAN, POOL, eligible_ip=["patent"]) == set()
    assert codes(LOAN, POOL, eligible_ip=["invention"]) == set()
    mixed = replace(LOAN, kinds={("patent", "invention"), ("trademark", None)})
    assert codes(mixed, POOL, eligible_ip=["patent"]) == {"pool.ip_not_eligible"}


REGIONS = {
    "the district itself": (["120110"], True),
    "its city": (["120100"], True),
    "its province": (["310000", "120000"], True),
    "another district": (["120111"], False),
    "another city": (["120200"], False),
    "none": ([], False),
}


@pytest.mark.parametrize(("regions", "passes"), REGIONS.values(), ids=REGIONS)
def test_the_borrower_is_in_a_region_the_pool_supports(regions: list[str], *, passes: bool) -> None:
    """RP-04: GB/T 2260, a city and a province with all that is in them."""
    found = codes(LOAN, POOL, eligible_regions=regions)
    assert found == (set() if passes else {"pool.region_not_eligible"})


SIZES = {
    "micro": set(),
    "medium": set(),
    "large": {"pool.not_small"},
    "unknown": {"pool.size_unknown"},
    None: {"pool.size_unknown"},
}


@pytest.mark.parametrize(("size", "expected"), SIZES.items())
def test_the_borrower_is_known_to_be_small(size: str | None, expected: set[str]) -> None:
    """RP-04, TG-08: what is not known is refused with what to do about it."""
    pool = replace(POOL, borrower=Borrower("120110", size_class=size))
    assert codes(LOAN, pool, sme_required=True) == expected
    assert codes(LOAN, pool) == set()


def test_the_borrower_has_been_registered_long_enough() -> None:
    """RP-04: twelve months to the day; an unknown day is refused with what to do about it."""
    for day, expected in (
        (date(2025, 3, 31), set()),
        (date(2025, 4, 1), {"pool.registered_too_late"}),
        (None, {"pool.registration_unknown"}),
    ):
        pool = replace(POOL, borrower=Borrower("120110", registered_on=day))
        assert codes(LOAN, pool, min_months_registered=12) == expected


def test_the_term_and_the_rate_stay_within_the_scheme() -> None:
    """RP-04: twelve months to the day, eighty basis points over LPR; a rate that is not stated is not judged."""
    assert codes(LOAN, POOL, loan_term_max_months=12) == set()
    longer = replace(LOAN, ends_on=date(2027, 4, 1))
    assert codes(longer, POOL, loan_term_max_months=12) == {"pool.loan_term_exceeded"}
    assert codes(replace(LOAN, rate_over_lpr_bp=80), POOL, rate_cap_bp=80) == set()
    assert codes(replace(LOAN, rate_over_lpr_bp=81), POOL, rate_cap_bp=80) == {"pool.rate_cap_exceeded"}
    assert codes(LOAN, POOL, rate_cap_bp=80) == set()


def test_every_objection_is_told_at_once() -> None:
    """API-10: those of the pool, of the bank, of the borrower, of the loan and of its amount."""
    pool = replace(
        POOL,
        status="suspended",
        available_fen=0,
        bank_suspended=True,
        bank_excluded=True,
        borrower=Borrower("310101", bad_loan=True),
    )
    found = codes(
        replace(LOAN, ip_share_bp=4_999),
        pool,
        min_ip_share_bp=5_000,
        credit_lookback_years=3,
        eligible_regions=["120000"],
        sme_required=True,
    )
    assert found == {
        "pool.suspended",
        "pool.bank_suspended",
        "pool.bank_excluded",
        "pool.ip_share_too_low",
        "pool.region_not_eligible",
        "pool.size_unknown",
        "pool.credit_record_bad",
        "pool.capacity_exceeded",
    }


def test_without_a_scheme_nothing_is_covered() -> None:
    """RP-03: on the day asked for."""
    (fault,) = faults(LOAN, replace(POOL, conditions=None))
    assert (fault.code.code, fault.facts["on"]) == ("pool.no_scheme", TODAY)
