"""ID-11..13: trademark numbers, Nice classes, similar groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import DomainError
from app.domain.trademark_number import parse_nice_class, parse_similar_group, parse_trademark_number

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "domain_vectors.json").read_text("utf-8")
)["trademark_no"]


@pytest.mark.parametrize("number", [v["no"] for v in VECTORS["confirmed"]] + VECTORS["from_memory"])
def test_valid_numbers_are_their_own_canonical_form(number: str) -> None:
    """ID-11."""
    assert parse_trademark_number(number) == number


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("１２３４５６７８ａ", "12345678A"), (" g 1221382 ", "G1221382"), ("12345678AB", "12345678AB")],
)
def test_spellings_are_normalised(text: str, canonical: str) -> None:
    assert parse_trademark_number(text) == canonical


@pytest.mark.parametrize("text", [*VECTORS["invalid"], "G12345678", "G1221382AB", "07199523"])
def test_invalid_numbers_are_refused(text: str) -> None:
    """ID-11."""
    with pytest.raises(DomainError) as caught:
        parse_trademark_number(text)
    assert caught.value.code.code == "trademark_number.format"


@pytest.mark.parametrize(("value", "number"), [(1, 1), (45, 45), ("9", 9), ("09", 9), ("４５", 45)])
def test_nice_classes_run_from_1_to_45(value: int | str, number: int) -> None:
    """ID-13."""
    assert parse_nice_class(value) == number


@pytest.mark.parametrize("value", [0, 46, -1, True, "0", "00", "46", "", "9.0", "009", "第9类"])
def test_other_nice_classes_are_refused(value: int | str) -> None:
    """ID-13."""
    with pytest.raises(DomainError) as caught:
        parse_nice_class(value)
    assert caught.value.code.code == "nice_class.range"


def test_a_similar_group_starts_with_its_class() -> None:
    """ID-13."""
    assert parse_similar_group("0901") == "0901"
    for text in ("901", "0001", "4601", "09-01"):
        with pytest.raises(DomainError) as caught:
            parse_similar_group(text)
        assert caught.value.code.code == "similar_group.format"
