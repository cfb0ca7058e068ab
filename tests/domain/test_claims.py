"""Loss, recovery and the breaker to the fen: the worked examples of domain §5.4 and the vectors of RP-13."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given, strategies as st

from app.domain.claim import last_day, payable_from, same_default
from app.domain.claim_settlement import Limit, Settlement, Slice, settle, shares_of_loss
from app.domain.loan_class import LoanClass, at_least, too_good
from app.domain.money import parse_amount
from app.domain.pool import (
    Limits,
    PoolStatus,
    Risk,
    SharingParty,
    breaker,
    covered_principal,
    following,
    percent,
)
from app.domain.recovery import shares_of_recovery

PLENTY = 10**15


def fen(**yuan: str) -> dict[SharingParty, int]:
    """Amounts in yuan by party, in fen."""
    return {SharingParty(party): parse_amount(amount) for party, amount in yuan.items()}


def shares(**bp: int) -> dict[SharingParty, int]:
    return {SharingParty(party): share for party, share in bp.items()}


TJ_BH = shares(pool=4_000, bank=6_000)
GD_ZS = shares(pool=5_400, bank=2_600, insurer=1_600, evaluator=400)
SD_QD = shares(pool=0, bank=2_000, guarantor=2_000, insurer=6_000)
SZ = shares(pool=2_500, bank=2_000, guarantor=5_500)
HALVES = shares(pool=5_000, bank=5_000)
TJ_DL = shares(pool=4_000, bank=3_000, guarantor=2_000, insurer=1_000)

LOSSES = {
    "A": (TJ_BH, "2550000.00", fen(pool="1020000.00", bank="1530000.00")),
    "B": (
        GD_ZS,
        "1234567.89",
        fen(pool="666666.66", bank="320987.65", insurer="197530.86", evaluator="49382.72"),
    ),
    "C": (
        SD_QD,
        "3400000.00",
        fen(pool="0.00", bank="680000.00", guarantor="680000.00", insurer="2040000.00"),
    ),
    "E": (SZ, "6000000.00", fen(pool="1500000.00", bank="1200000.00", guarantor="3300000.00")),
    "G": (HALVES, "1700000.00", fen(pool="850000.00", bank="850000.00")),
    "H": (
        TJ_DL,
        "2777777.77",
        fen(pool="1111111.11", bank="833333.33", guarantor="555555.55", insurer="277777.78"),
    ),
}


@pytest.mark.parametrize(("bp", "loss", "expected"), LOSSES.values(), ids=LOSSES.keys())
def test_a_loss_is_borne_as_the_worked_examples_say(
    bp: Mapping[SharingParty, int], loss: str, expected: Mapping[SharingParty, int]
) -> None:
    """RP-11, POL-15: domain §5.4; the fen left over goes to the largest remainder."""
    assert shares_of_loss(parse_amount(loss), [Slice(bp, 1)]) == expected


RECOVERIES = {
    "A": (
        fen(pool="1020000.00", bank="1530000.00"),
        [("765000.00", fen(pool="306000.00", bank="459000.00"))],
        fen(pool="714000.00", bank="1071000.00"),
    ),
    "B": (
        LOSSES["B"][2],
        [
            (
                "300000.00",
                fen(pool="162000.00", bank="78000.00", insurer="48000.00", evaluator="12000.00"),
            ),
            ("100000.03", fen(pool="54000.02", bank="26000.01", insurer="16000.00", evaluator="4000.00")),
        ],
        fen(pool="450666.64", bank="216987.64", insurer="133530.86", evaluator="33382.72"),
    ),
    "C": (
        LOSSES["C"][2],
        [
            (
                "1000001.00",
                fen(pool="0.00", bank="200000.20", guarantor="200000.20", insurer="600000.60"),
            ),
            ("0.03", fen(pool="0.00", bank="0.01", guarantor="0.00", insurer="0.02")),
        ],
        fen(pool="0.00", bank="479999.79", guarantor="479999.80", insurer="1439999.38"),
    ),
    "E": (
        LOSSES["E"][2],
        [("1000000.00", fen(pool="250000.00", bank="200000.00", guarantor="550000.00"))],
        fen(pool="1250000.00", bank="1000000.00", guarantor="2750000.00"),
    ),
    "F": (
        fen(pool="2000000.00", bank="2500000.00"),
        [("900000.00", fen(pool="400000.00", bank="500000.00"))],
        fen(pool="1600000.00", bank="2000000.00"),
    ),
    "G": (
        LOSSES["G"][2],
        [("100000.00", fen(pool="50000.00", bank="50000.00"))],
        fen(pool="800000.00", bank="800000.00"),
    ),
    "H": (
        LOSSES["H"][2],
        [
            (
                "500000.01",
                fen(pool="200000.01", bank="150000.00", guarantor="100000.00", insurer="50000.00"),
            )
        ],
        fen(pool="911111.10", bank="683333.33", guarantor="455555.55", insurer="227777.78"),
    ),
}


@pytest.mark.parametrize(("borne", "received", "left"), RECOVERIES.values(), ids=RECOVERIES.keys())
def test_what_comes_back_flows_as_the_worked_examples_say(
    borne: Mapping[SharingParty, int],
    received: list[tuple[str, Mapping[SharingParty, int]]],
    left: Mapping[SharingParty, int],
) -> None:
    """RP-14, POL-17: domain §5.4, one recovery after the other."""
    open_fen = dict(borne)
    for net, expected in received:
        parts, surplus = shares_of_recovery(parse_amount(net), open_fen)
        assert (parts, surplus) == (expected, 0)
        open_fen = {party: open_fen[party] - part for party, part in parts.items()}
    assert open_fen == left


def test_beyond_what_was_borne_the_rest_is_the_pledgors() -> None:
    """RP-14, 民法典438: everybody is made whole to the fen, nobody more."""
    borne = fen(pool="0.01", bank="0.02", insurer="0.01")
    assert shares_of_recovery(5, borne) == (borne, 1)
    assert shares_of_recovery(3, dict.fromkeys(borne, 0)) == (dict.fromkeys(borne, 0), 3)


BORNE = st.dictionaries(st.sampled_from(SharingParty), st.integers(0, 10**12), min_size=1)


@given(BORNE, st.lists(st.integers(0, 10**12), max_size=6))
def test_no_party_ever_gets_back_more_than_it_bore(
    borne: dict[SharingParty, int], received: list[int]
) -> None:
    """POL-17: over any number of recoveries the parts and the surplus are what came in."""
    open_fen = dict(borne)
    for net in received:
        parts, surplus = shares_of_recovery(net, open_fen)
        assert sum(parts.values()) + surplus == net
        assert all(0 <= part <= open_fen[party] for party, part in parts.items())
        open_fen = {party: open_fen[party] - part for party, part in parts.items()}
        assert surplus == 0 or not any(open_fen.values())


def test_the_bank_bears_what_the_balance_does_not_reach() -> None:
    """RP-10, POL-16: example F, ip share 60 % of 7,500,000.00 outstanding, the pool holds 2,000,000.00."""
    loss = covered_principal(parse_amount("7500000.00"), 6_000)
    assert loss == parse_amount("4500000.00")
    due = shares_of_loss(loss, [Slice(HALVES, 1)])
    assert due == fen(pool="2250000.00", bank="2250000.00")
    paid = settle(due, {Limit.balance: parse_amount("2000000.00")})
    borne = fen(pool="2000000.00", bank="2500000.00")
    limits = {Limit.balance: parse_amount("2000000.00")}
    assert paid == Settlement(parse_amount("2000000.00"), Limit.balance, borne, limits)


@pytest.mark.parametrize(
    ("cap_fen", "available_fen", "paid_fen", "reason"),
    [
        (PLENTY, 400, 400, None),
        (PLENTY, 399, 399, Limit.balance),
        (400, PLENTY, 400, None),
        (399, PLENTY, 399, Limit.claim_cap),
        (399, 399, 399, Limit.claim_cap),
        (399, 398, 398, Limit.balance),
        (PLENTY, 0, 0, Limit.balance),
    ],
)
def test_a_shortfall_names_what_was_short(
    cap_fen: int, available_fen: int, paid_fen: int, reason: Limit | None
) -> None:
    """RP-10: the smallest of share, cap and balance is paid, the parts still sum to the loss."""
    limits = {Limit.claim_cap: cap_fen, Limit.balance: available_fen}
    paid = settle(fen(pool="4.00", bank="6.00"), limits)
    assert (paid.paid_fen, paid.shortfall_reason) == (paid_fen, reason)
    assert sum(paid.borne.values()) == 1_000


LIMITS = Limits(npl_warn_bp=300, npl_suspend_bp=500, paid_ratio_suspend_bp=5_000)
WAN = 1_000_000
OUTSTANDING = 12_000 * WAN


@pytest.mark.parametrize(
    ("npl_fen", "shown", "status"),
    [
        (0, "0.0000", PoolStatus.active),
        (360 * WAN - 1, "2.9999", PoolStatus.active),
        (360 * WAN, "3.0000", PoolStatus.warning),
        (59_999 * WAN // 100, "4.9999", PoolStatus.warning),
        (600 * WAN - 1, "4.9999", PoolStatus.warning),
        (600 * WAN, "5.0000", PoolStatus.suspended),
    ],
)
def test_the_breaker_compares_the_npl_ratio_unrounded(npl_fen: int, shown: str, status: PoolStatus) -> None:
    """RP-13: of 12,000 万, 599.99 万 warns and 600.00 万 suspends; one fen decides."""
    risk = Risk(npl_fen, OUTSTANDING, net_paid_fen=0, paid_in_fen=3_000 * WAN)
    assert (risk.npl_ratio, breaker(risk, LIMITS)) == (shown, status)


@pytest.mark.parametrize(
    ("net_paid_fen", "paid_in_fen", "status"),
    [
        (1_500 * WAN - 1, 3_000 * WAN, PoolStatus.active),
        (1_500 * WAN, 3_000 * WAN, PoolStatus.suspended),
        (0, 0, PoolStatus.active),
        (1, 0, PoolStatus.suspended),
    ],
)
def test_the_breaker_suspends_at_the_ratio_of_net_payouts(
    net_paid_fen: int, paid_in_fen: int, status: PoolStatus
) -> None:
    """RP-13: payouts less recoveries against the money paid in."""
    assert breaker(Risk(0, OUTSTANDING, net_paid_fen, paid_in_fen), LIMITS) is status


def test_only_a_warning_ends_by_itself() -> None:
    """RP-13: what is suspended is released by document, what is closed stays closed."""
    active, warning, suspended, closed = PoolStatus
    assert following(warning, active) is active
    assert following(active, suspended) is suspended
    assert following(warning, suspended) is suspended
    assert {following(suspended, found) for found in (active, warning, suspended)} == {suspended}
    assert following(closed, active) is closed


def test_a_ratio_is_cut_off_not_rounded() -> None:
    assert percent(599_999_999, 12_000_000_000) == "4.9999"
    assert percent(1, 3) == "33.3333"
    assert percent(2, 3) == "66.6666"
    assert percent(-1, 3) == percent(0, 0) == "0.0000"


@pytest.mark.parametrize(
    ("overdue_days", "worst"),
    [
        (0, LoanClass.normal),
        (90, LoanClass.normal),
        (91, LoanClass.substandard),
        (270, LoanClass.substandard),
        (271, LoanClass.doubtful),
        (360, LoanClass.doubtful),
        (361, LoanClass.loss),
    ],
)
def test_days_overdue_leave_no_better_class(overdue_days: int, worst: LoanClass) -> None:
    """RP-08: over 90 days at least 次级, over 270 可疑, over 360 损失."""
    assert at_least(overdue_days) is worst
    assert next(one for one in LoanClass if not too_good(one, overdue_days)) is worst


def test_a_default_is_another_one_only_after_the_loan_performed() -> None:
    """RP-12: a day of performing between two days parts them, the day before the first one does not."""
    first, second = date(2026, 3, 1), date(2026, 3, 9)
    assert same_default(first, second, [])
    assert same_default(second, first, [first, date(2026, 2, 1), date(2026, 3, 10)])
    for day in (date(2026, 3, 2), second):
        assert not same_default(first, second, [day])
        assert not same_default(second, first, [day])


def test_the_days_of_a_claim_are_counted_as_the_civil_code_counts() -> None:
    """RP-08, 民法典201: the first day of a period does not count, the last one runs to its end."""
    assert last_day(date(2026, 1, 1), 180) == date(2026, 6, 30)
    assert payable_from(date(2026, 3, 2), 5) == date(2026, 3, 8)
    assert payable_from(date(2026, 3, 2), 0) == date(2026, 3, 2)
