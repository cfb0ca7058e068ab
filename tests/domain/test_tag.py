"""AST-11: which tags hold on a day, as known at a moment; the industry rights are counted under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from app.domain.tag import holding, one_industry


@dataclass(frozen=True)
class Tag:
    recorded_at: datetime
    valid_from: date | None = None
    valid_to: date | None = None
    ended_at: datetime | None = None


def at(day: int) -> datetime:
    return datetime(2024, 5, day, tzinfo=UTC)


def test_an_end_counts_from_when_it_is_known_and_holds_back_to_its_day() -> None:
    tag = Tag(at(2), date(2024, 1, 1), date(2024, 4, 1), at(10))
    for on, known_at, holds in (
        (date(2024, 5, 1), at(9), True),
        (date(2024, 5, 1), at(10), False),
        (date(2024, 3, 31), at(10), True),
        (date(2024, 4, 1), at(10), False),
        (date(2023, 12, 31), at(9), False),
        (date(2024, 3, 31), at(1), False),
    ):
        assert bool(holding([tag], on=on, known_at=known_at)) is holds


def test_what_ended_without_a_day_never_held_and_what_began_without_one_always_did() -> None:
    wrong, old = Tag(at(2), ended_at=at(3)), Tag(at(2))
    assert holding([wrong, old], on=date(1990, 1, 1), known_at=at(2)) == [wrong, old]
    assert holding([wrong, old], on=date(1990, 1, 1), known_at=at(3)) == [old]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["3911"], "39"),
        (["3911", "39", "392"], "39"),
        (["3911", "3563"], "mixed"),
        (["C"], "C"),
        (["3911", None], ""),
        ([], ""),
    ],
)
def test_rights_share_a_division_or_are_mixed_or_unknown(codes: list[str | None], expected: str) -> None:
    assert one_industry(dict(enumerate(codes))) == expected
