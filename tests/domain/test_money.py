"""Money: the wire form, and RP-11 splits with the worked examples of the pool."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from app.domain.errors import DomainError
from app.domain.money import MAX_FEN, Money, allocate, format_amount, parse_amount
from app.domain.pool import SharingParty

ORDER = tuple(party.value for party in SharingParty)

WEIGHTS = st.dictionaries(st.sampled_from(ORDER), st.integers(0, 10_000), min_size=1).filter(
    lambda weights: any(weights.values())
)
AMOUNTS = st.integers(0, MAX_FEN)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0.00", 0),
        ("0.05", 5),
        ("1.10", 110),
        ("1250000.00", 125_000_000),
        ("90071992547409.91", MAX_FEN),
    ],
)
def test_the_wire_form_is_read_and_written(text: str, fen: int) -> None:
    assert parse_amount(text) == fen
    assert format_amount(fen) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.0", "1.000", ".50", "1.", "01.00", "00.50", "+1.00", "-1.00", "-0.00", "1e3", "1.0e2"),
        *(" 1.00", "1.00\n", "1,000.00", "1_000.00", "１.00", "١.00", "NaN", "Infinity", "0x1.00", "¥1.00"),
    ],
)
def test_any_other_spelling_of_an_amount_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse_amount(text, pointer="/amount")
    assert caught.value.code.code == "money.format"
    assert caught.value.violations[0].pointer == "/amount"


@pytest.mark.parametrize("text", ["90071992547409.92", "9" * 17 + ".00", "1" * 5000 + ".00"])
def test_an_amount_beyond_the_limit_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse_amount(text)
    assert caught.value.code.code == "money.range"
    assert caught.value.violations[0].facts["maximum"] == "90071992547409.91"


@given(AMOUNTS)
def test_writing_and_reading_an_amount_gives_it_back(fen: int) -> None:
    assert parse_amount(format_amount(fen)) == fen


def test_money_is_fen_and_currency() -> None:
    assert Money.parse("1250000.00") == Money(125_000_000, "CNY")
    assert str(Money(5, "USD")) == "0.05 USD"
    with pytest.raises(DomainError) as caught:
        Money.parse("1.00", "cny")
    assert caught.value.code.code == "money.currency"


@pytest.mark.parametrize("fen", [-1, True, 1.0])
def test_an_amount_that_is_not_whole_fen_is_a_program_error(fen: int) -> None:
    with pytest.raises(ValueError, match="fen"):
        Money(fen)
    with pytest.raises(ValueError, match="sign"):
        format_amount(-1)


BH = {"pool": 40, "bank": 60}
ZS = {"pool": 54, "bank": 26, "insurer": 16, "evaluator": 4}
QD = {"insurer": 60, "bank": 20, "guarantor": 20, "pool": 0}
SZD_LOW = {"pool": 80, "bank": 20}
HALF = {"pool": 50, "bank": 50}
SZ = {"pool": 25, "guarantor": 55, "bank": 20}
DL = {"pool": 40, "bank": 30, "guarantor": 20, "insurer": 10}


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        pytest.param("2550000.00", BH, {"pool": "1020000.00", "bank": "1530000.00"}, id="A-loss"),
        pytest.param("765000.00", BH, {"pool": "306000.00", "bank": "459000.00"}, id="A-recovery"),
        pytest.param(
            "1234567.89",
            ZS,
            {"pool": "666666.66", "bank": "320987.65", "insurer": "197530.86", "evaluator": "49382.72"},
            id="B-loss",
        ),
        pytest.param(
            "300000.00",
            ZS,
            {"pool": "162000.00", "bank": "78000.00", "insurer": "48000.00", "evaluator": "12000.00"},
            id="B-recovery",
        ),
        pytest.param(
            "100000.03",
            ZS,
            {"pool": "54000.02", "bank": "26000.01", "insurer": "16000.00", "evaluator": "4000.00"},
            id="B-recovery-odd",
        ),
        pytest.param(
            "3400000.00",
            QD,
            {"insurer": "2040000.00", "bank": "680000.00", "guarantor": "680000.00", "pool": "0.00"},
            id="C-loss",
        ),
        pytest.param(
            "1000001.00",
            QD,
            {"insurer": "600000.60", "bank": "200000.20", "guarantor": "200000.20", "pool": "0.00"},
            id="C-recovery",
        ),
        pytest.param(
            "0.03",
            QD,
            {"insurer": "0.02", "bank": "0.01", "guarantor": "0.00", "pool": "0.00"},
            id="C-tie-bank-before-guarantor",
        ),
        pytest.param("10000000.00", SZD_LOW, {"pool": "8000000.00", "bank": "2000000.00"}, id="D1"),
        pytest.param("10000000.01", HALF, {"pool": "5000000.00", "bank": "5000000.01"}, id="D2-tie"),
        pytest.param("30000000.00", HALF, {"pool": "15000000.00", "bank": "15000000.00"}, id="D3"),
        pytest.param("2500000.00", SZD_LOW, {"pool": "2000000.00", "bank": "500000.00"}, id="D1-recovery"),
        pytest.param(
            "6000000.00",
            SZ,
            {"pool": "1500000.00", "guarantor": "3300000.00", "bank": "1200000.00"},
            id="E-loss",
        ),
        pytest.param(
            "1000000.00",
            SZ,
            {"pool": "250000.00", "guarantor": "550000.00", "bank": "200000.00"},
            id="E-recovery",
        ),
        pytest.param("4500000.00", HALF, {"pool": "2250000.00", "bank": "2250000.00"}, id="F-due"),
        pytest.param(
            "900000.00",
            {"pool": 200_000_000, "bank": 250_000_000},
            {"pool": "400000.00", "bank": "500000.00"},
            id="F-recovery-by-burden-borne",
        ),
        pytest.param("1700000.00", HALF, {"pool": "850000.00", "bank": "850000.00"}, id="G-loss"),
        pytest.param("100000.00", HALF, {"pool": "50000.00", "bank": "50000.00"}, id="G-recovery"),
        pytest.param(
            "2777777.77",
            DL,
            {"pool": "1111111.11", "bank": "833333.33", "guarantor": "555555.55", "insurer": "277777.78"},
            id="H-loss",
        ),
        pytest.param(
            "500000.01",
            DL,
            {"pool": "200000.01", "bank": "150000.00", "guarantor": "100000.00", "insurer": "50000.00"},
            id="H-recovery",
        ),
    ],
)
def test_the_worked_examples_split_exactly(
    total: str, weights: dict[str, int], parts: dict[str, str]
) -> None:
    """RP-11 with examples A to H."""
    split = allocate(parse_amount(total), list(weights.items()), ORDER)
    assert {name: format_amount(fen) for name, fen in split.items()} == parts


@given(AMOUNTS, WEIGHTS)
def test_parts_sum_to_the_total_each_within_a_fen_of_its_exact_share(
    total: int, weights: dict[str, int]
) -> None:
    """RP-11."""
    parts = allocate(total, list(weights.items()), ORDER)
    assert sum(parts.values()) == total
    assert parts.keys() == weights.keys()
    for name, part in parts.items():
        exact = Fraction(total * weights[name], sum(weights.values()))
        assert abs(part - exact) < 1
        assert part == 0 or weights[name] > 0


@given(AMOUNTS, WEIGHTS.flatmap(lambda w: st.tuples(st.just(w), st.permutations(list(w.items())))))
def test_the_order_of_the_shares_does_not_matter(
    total: int, case: tuple[dict[str, int], list[tuple[str, int]]]
) -> None:
    """RP-11."""
    weights, shuffled = case
    one, other = allocate(total, list(weights.items()), ORDER), allocate(total, shuffled, ORDER)
    assert list(one.items()) == list(other.items())


@given(st.integers(1, 5), st.integers(0, 10**9))
def test_ties_go_to_the_first_in_order_and_the_pool_takes_its_odd_fen_last(odd: int, whole: int) -> None:
    """RP-11: with equal shares the odd fen go down the order."""
    parts = allocate(whole * 6 + odd, [(name, 1) for name in ORDER], ORDER)
    assert list(parts.values()) == [whole + 1] * odd + [whole] * (6 - odd)
    assert tuple(parts) == ORDER


@pytest.mark.parametrize(
    ("total", "shares"),
    [
        (-1, [("bank", 1)]),
        (1, []),
        (1, [("bank", 0)]),
        (1, [("bank", 2), ("pool", -1)]),
        (1, [("bank", 1), ("bank", 1)]),
        (1, [("bank", 1), ("broker", 1)]),
    ],
)
def test_a_split_that_makes_no_sense_is_a_program_error(total: int, shares: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match=r"split|name"):
        allocate(total, shares, ORDER)
