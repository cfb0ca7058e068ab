"""Text normalisation and the matching of party names."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from app.domain.text import compact, name_key, normalise


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("  示例　科技\t\n公司 ", "示例 科技 公司"),
        ("ＡＢＣ（天津）１２", "ABC(天津)12"),
        ("a\x00b\ufeffc\u200bd", "abcd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("", ""),
        ("\u200b\u200d \u200c\u2060", ""),
    ],
)
def test_text_is_brought_to_one_form(text: str, result: str) -> None:
    assert normalise(text) == result


@given(st.text(st.characters(codec="utf-8")))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert name_key(normalise(text)) == name_key(text)


def test_an_identifier_body_has_capitals_plain_hyphens_and_no_blanks() -> None:
    assert compact(" zl 14–02．x ") == "ZL14-02.X"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tesla Motors, Inc.", "TESLA MOTORS INC"),
        ("示例（天津）科技有限公司", "示例(天津) 科技有限公司"),
        ("STRAẞE GmbH", "Strasse gmbh"),
        ("Société Générale", "Socie\u0301te\u0301 Ge\u0301ne\u0301rale"),
        ("O'Neil & Co", "O’Neil Co."),
    ],
)
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("示例一公司", "示例二公司"),
        ("C+ 公司", "C 公司"),
        ("...", "---"),
        ("Muller", "Müller"),
        ("甲 2", "甲 3"),
    ],
)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)
