"""AST-01, ID-01..10: patent and publication numbers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from app.domain.errors import DomainError
from app.domain.patent_number import (
    PatentType,
    parse_patent_number,
    parse_publication_number,
    patent_check_character,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "domain_vectors.json").read_text("utf-8")
)
VALID = [v["no"] for v in VECTORS["patent_no_valid_real"]] + VECTORS["patent_no_valid_synthetic"]
TODAY = date(2026, 6, 30)


def refusal(text: str, today: date = TODAY) -> DomainError:
    with pytest.raises(DomainError) as caught:
        parse_patent_number(text, today=today)
    return caught.value


@pytest.mark.parametrize("number", VALID)
def test_a_valid_number_is_its_own_canonical_form(number: str) -> None:
    """AST-01, ID-02."""
    parsed = parse_patent_number(number, today=TODAY)
    assert (parsed.canonical, parsed.key) == (number, number[:-2])


@pytest.mark.parametrize("number", VALID)
def test_every_single_character_substitution_is_refused(number: str) -> None:
    """AST-01: the check digit finds each wrong digit, wherever it stands."""
    substitute_each(number)


def substitute_each(number: str) -> None:
    for position, right in enumerate(number):
        if right == ".":
            continue
        for wrong in "0123456789X":
            if wrong != right:
                refusal(number[:position] + wrong + number[position + 1 :])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A valid number of either form, with its check character."""
    if draw(st.booleans()):
        head, serial = str(draw(st.integers(2003, TODAY.year))), draw(st.integers(0, 9_999_999))
        digits = f"{head}{draw(st.sampled_from('12389'))}{serial:07d}"
    else:
        head = draw(st.sampled_from([*map(str, range(85, 100)), "00", "01", "02", "03"]))
        digits = f"{head}{draw(st.sampled_from('12389'))}{draw(st.integers(0, 99_999)):05d}"
    return f"{digits}.{patent_check_character(digits)}"


@settings(max_examples=150)
@given(numbers())
def test_any_valid_number_passes_and_no_single_substitution_of_it_does(number: str) -> None:
    """AST-01: beside the vectors a hundred and more of all years, kinds and both forms."""
    assert parse_patent_number(number, today=TODAY).canonical == number
    substitute_each(number)


@pytest.mark.parametrize("number", VALID)
def test_every_swap_of_neighbouring_digits_is_refused(number: str) -> None:
    for i in range(len(number) - 3):
        if number[i] != number[i + 1]:
            refusal(number[:i] + number[i + 1] + number[i] + number[i + 2 :])


@pytest.mark.parametrize(
    ("number", "codes"),
    [
        ("201820468923.4", ["check_digit"]),
        ("201820123456.7", ["check_digit"]),
        ("201710601862.4", ["check_digit"]),
        ("201710601826.3", ["check_digit"]),
        ("201740601862.0", ["kind_digit", "check_digit"]),
        ("200210601862.0", ["year", "check_digit"]),
        ("000000000000.0", ["year", "kind_digit"]),
        ("20171060186.3", ["length"]),
        ("201710601862.Y", ["characters"]),
        ("84101765.4", ["year"]),
    ],
)
def test_an_invalid_number_is_refused_for_its_reasons_all_at_once(number: str, codes: list[str]) -> None:
    """ID-01..04: the published vectors of invalid numbers."""
    assert number in {v["no"] for v in VECTORS["patent_no_invalid"]}
    assert [v.code.code for v in refusal(number).violations] == [f"patent_number.{c}" for c in codes]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "length"),
        ("ZL", "length"),
        ("201710601862", "length"),
        ("201710601862.", "length"),
        ("2017106018623.3", "length"),
        ("CN112330675", "year"),
        ("CN112330675B", "characters"),
        ("2017106X1862.3", "characters"),
        ("20171060.1862.3", "characters"),
        ("٢٠١٧١٠٦٠١٨٦٢.٣", "characters"),
        ("US10627468B2", "characters"),
    ],
)
def test_other_texts_are_refused_precisely(text: str, code: str) -> None:
    assert refusal(text).code.code == f"patent_number.{code}"


def test_a_wrong_check_digit_says_which_was_expected() -> None:
    (violation,) = refusal("ZL201820468923.4").violations
    assert violation.facts == {"number": "201820468923.4", "expected": "3", "given": "4"}
    assert "应为 3，填写的是 4" in violation.code.zh.format(**violation.facts)


@pytest.mark.parametrize(
    "text",
    [
        "ZL201821344181.X",
        "zl 2018 2 1344181.x",
        "CN201821344181.X",
        "CN ZL201821344181X",
        "  201821344181x\t",
        "ＺＬ２０１８２１３４４１８１．Ｘ",
        "\ufeff2018\u200b21344181.X\u00a0",
    ],
)
def test_spellings_of_one_number_become_one_canonical_form_and_key(text: str) -> None:
    """AST-01, ID-05, ID-07."""
    parsed = parse_patent_number(text, today=TODAY)
    assert (parsed.canonical, parsed.key) == ("201821344181.X", "201821344181")


@pytest.mark.parametrize(
    ("number", "year", "kind", "route"),
    [
        ("201410026192.3", 2014, PatentType.invention, "direct"),
        ("201821344181.X", 2018, PatentType.utility_model, "direct"),
        ("201730127354.7", 2017, PatentType.design, "direct"),
        ("201380059266.7", 2013, PatentType.invention, "pct"),
        ("201390699744.6", 2013, PatentType.utility_model, "pct"),
        ("97101765.4", 1997, PatentType.invention, "direct"),
        ("02253456.3", 2002, PatentType.utility_model, "direct"),
        ("03330001.1", 2003, PatentType.design, "direct"),
        ("98800123.3", 1998, PatentType.invention, "pct"),
    ],
)
def test_a_number_tells_year_kind_and_pct(number: str, year: int, kind: PatentType, route: str) -> None:
    """ID-01, ID-03."""
    parsed = parse_patent_number(number, today=TODAY)
    assert (parsed.year, parsed.patent_type, parsed.is_pct) == (year, kind, route == "pct")


def test_zl_is_shown_only_once_granted() -> None:
    """ID-05: before grant the prefix would pass the application off as a patent."""
    new = parse_patent_number("ZL201410026192.3", today=TODAY)
    old = parse_patent_number("97101765.4", today=TODAY)
    assert (new.display(granted=True), new.display(granted=False)) == (
        "ZL 2014 1 0026192.3",
        "2014 1 0026192.3",
    )
    assert old.display(granted=True) == "ZL 97 1 01765.4"


def test_a_number_of_next_year_is_refused_until_that_year_comes() -> None:
    """ID-04."""
    number = "202511400055.6"
    assert refusal(number, date(2024, 12, 31)).code.code == "patent_number.year"
    assert parse_patent_number(number, today=date(2025, 1, 1)).year == 2025


def test_the_old_form_runs_from_1985_to_2003() -> None:
    """ID-04."""
    for two, possible in (
        ("84", False),
        ("85", True),
        ("99", True),
        ("00", True),
        ("03", True),
        ("04", False),
    ):
        digits = f"{two}101765"
        number = f"{digits}.{patent_check_character(digits)}"
        if possible:
            assert parse_patent_number(number, today=TODAY).year % 100 == int(two)
        else:
            assert refusal(number).code.code == "patent_number.year"


def test_the_standards_own_example() -> None:
    """AST-01: 200310102344 has check digit 5."""
    assert patent_check_character("200310102344") == "5"


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_never_anything_else(text: str) -> None:
    try:
        parsed = parse_patent_number(text, today=TODAY)
    except DomainError as refused:
        for v in refused.violations:
            assert v.code.zh.format(**v.facts)
            assert v.code.en.format(**v.facts)
    else:
        assert parse_patent_number(parsed.canonical, today=TODAY) == parsed


@pytest.mark.parametrize(
    ("text", "canonical", "kind_code", "kind"),
    [
        ("CN112330675B", "CN112330675B", "B", PatentType.invention),
        ("cn 116455754 b", "CN116455754B", "B", PatentType.invention),
        ("CN104919132B", "CN104919132B", "B", PatentType.invention),
        ("CN117129738A", "CN117129738A", "A", PatentType.invention),
        ("CN1234567C", "CN1234567C", "C", PatentType.invention),
        ("CN100123456C3", "CN100123456C3", "C3", PatentType.invention),
        ("CN210123456U", "CN210123456U", "U", PatentType.utility_model),
        ("CN2123456Y", "CN2123456Y", "Y", PatentType.utility_model),
        ("CN301234567S", "CN301234567S", "S", PatentType.design),
        ("CN3123456D", "CN3123456D", "D", PatentType.design),
    ],
)
def test_publication_numbers_are_read(text: str, canonical: str, kind_code: str, kind: PatentType) -> None:
    """ID-08, ID-09."""
    parsed = parse_publication_number(text)
    assert (parsed.canonical, parsed.kind_code, parsed.patent_type) == (canonical, kind_code, kind)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CN112330675U", "kind_mismatch"),
        ("CN212330675B", "kind_mismatch"),
        ("CN312330675Y", "kind_mismatch"),
        ("CN11233067B", "format"),
        ("CN412330675B", "format"),
        ("US10627468B2", "format"),
        ("CN112330675", "format"),
        ("CN112330675B1", "format"),
        ("", "format"),
    ],
)
def test_impossible_publication_numbers_are_refused(text: str, code: str) -> None:
    """ID-10."""
    with pytest.raises(DomainError) as caught:
        parse_publication_number(text, pointer="/publication_number")
    (violation,) = caught.value.violations
    assert violation.code.code == f"publication_number.{code}"
    assert violation.pointer == "/publication_number"
    assert violation.code.zh.format(**violation.facts) != violation.code.zh
