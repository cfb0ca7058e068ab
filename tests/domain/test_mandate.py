"""What a refusal for want of a mandate tells people."""

from __future__ import annotations

import pytest

from app.domain.mandate import rights_named


@pytest.mark.parametrize(
    ("numbers", "zh", "en"),
    [
        ([], "相关权利", "these rights"),
        (["A", "B", "C"], "A、B、C", "A, B, C"),
        (["A", "B", "C", "D", "E"], "A、B、C 等 5 项权利", "A, B, C and 2 more"),
    ],
)
def test_a_missing_mandate_names_a_few_rights_and_counts_the_rest(
    numbers: list[str], zh: str, en: str
) -> None:
    """RB-05: by their numbers; none is known where the rights are not in the register."""
    named = rights_named(numbers)
    assert (named.zh, str(named)) == (zh, en)
