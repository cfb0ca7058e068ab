"""TR-11: when the words of two marks are the same sign."""

from __future__ import annotations

import pytest

from app.domain.asset_sign import NO_WORDS, sign_key


@pytest.mark.parametrize("spelling", ["示例 星河", "示例·星河", "“示例星河”", "示例－星河", " 示例星河 "])
def test_spaces_width_and_punctuation_make_no_other_sign(spelling: str) -> None:
    assert sign_key(spelling) == sign_key("示例星河")


@pytest.mark.parametrize(("one", "other"), [("ＳＡＭＰＬＥ", "sample"), ("Sample-Star", "SAMPLE STAR")])
def test_case_and_width_of_letters_make_no_other_sign(one: str, other: str) -> None:
    assert sign_key(one) == sign_key(other)


@pytest.mark.parametrize("other", ["示例星海", "示例銀河", "示例星河2", "SHILIXINGHE"])
def test_other_words_are_another_sign(other: str) -> None:
    assert sign_key(other) not in (None, sign_key("示例星河"))


@pytest.mark.parametrize("picture", [NO_WORDS, "图形", "(图形)", "★", "！！"])
def test_a_picture_has_no_words(picture: str) -> None:
    assert sign_key(picture) is None
