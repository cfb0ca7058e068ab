"""AST-02, ID-15..17: unified social credit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.domain.errors import DomainError
from app.domain.uscc import organisation_code_warning, parse_uscc, uscc_check_character

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "domain_vectors.json").read_text("utf-8")
)
REAL = [v["code"] for v in VECTORS["uscc_valid_real"]]
VALID = REAL + VECTORS["uscc_valid_synthetic_dongli_binhai"]
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def refusal(text: str) -> DomainError:
    with pytest.raises(DomainError) as caught:
        parse_uscc(text)
    return caught.value


@pytest.mark.parametrize("code", VALID)
def test_a_valid_code_is_accepted_in_any_case_and_width(code: str) -> None:
    """AST-02."""
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in code)
    for spelling in (code, code.lower(), full_width, f" {code[:6]} {code[6:]}\u3000"):
        assert parse_uscc(spelling) == code


@pytest.mark.parametrize("code", VALID)
def test_every_one_character_change_is_refused(code: str) -> None:
    """AST-02, ID-16."""
    for position, right in enumerate(code):
        for wrong in ALPHABET:
            if wrong != right:
                refusal(code[:position] + wrong + code[position + 1 :])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91330100799655058C", "check_digit"),
        ("91330100799655085B", "check_digit"),
        ("9133010079965505B", "length"),
        ("91330100799655O58B", "characters"),
        ("000000000000000000", "prefix"),
        ("911201106666666666", "check_digit"),
        ("I1330100799655058B", "characters"),
        ("91110108717809965C", "check_digit"),
    ],
)
def test_the_invalid_vectors_are_refused_for_their_reason(text: str, code: str) -> None:
    """ID-15..17."""
    assert text in {v["code"] for v in VECTORS["uscc_invalid"]}
    assert [v.code.code for v in refusal(text).violations] == [f"uscc.{code}"]


def test_a_refusal_shows_what_was_expected() -> None:
    assert refusal("91110108717809965C").violations[0].facts == {
        "number": "91110108717809965C",
        "expected": "J",
        "given": "C",
    }
    facts = refusal("91330100799655O58B").violations[0].facts
    assert (facts["position"], facts["character"]) == (15, "O")


@pytest.mark.parametrize("prefix", ["00", "01", "10", "94", "90", "B1", "Y0"])
def test_an_unknown_authority_or_type_of_organisation_is_refused(prefix: str) -> None:
    """ID-15, ID-17: also when the check character is right."""
    body = prefix + "120110MA05A0014"
    assert refusal(body + uscc_check_character(body)).code.code == "uscc.prefix"


def test_the_district_part_is_digits_only() -> None:
    """ID-15."""
    body = "9112011AMA05A0014"
    assert refusal(body + uscc_check_character(body)).code.code == "uscc.characters"


def test_a_wrong_inner_organisation_code_is_a_warning_not_a_refusal() -> None:
    """ID-17: it holds for every real code; one with another inner check is still a valid code."""
    assert not any(organisation_code_warning(code) for code in REAL)
    body = "91330100799655059"
    assert organisation_code_warning(parse_uscc(body + uscc_check_character(body)))


@given(st.text(max_size=20) | st.text(ALPHABET, min_size=18, max_size=18))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        assert parse_uscc(parse_uscc(text)) == parse_uscc(text)
    except DomainError as refused:
        for v in refused.violations:
            assert v.code.zh.format(**v.facts)
            assert v.code.en.format(**v.facts)
