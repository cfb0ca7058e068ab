"""Coverage in fen: what bears a loan, by how much it falls short, and what letting go would do (PL-27)."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from hypothesis import given, strategies as st

from app.domain.amendment import is_late
from app.domain.asset import AssetKind, AssetStatus
from app.domain.patent_number import PatentType
from app.domain.pledge_coverage import Coverage, Worth, spoils
from app.domain.rule_pack import Limits

CAPS = {"invention": 4_000, "utility_model": 3_000, "design": 2_000, "trademark": 4_000}
LIMITS = Limits(7, 1, CAPS, second_pledge_of_marks=False)


def worth(
    value: int | None, patent_type: PatentType | None = PatentType.invention, *, ended: bool = False
) -> Worth:
    status = AssetStatus.terminated_fee if ended else AssetStatus.granted
    return Worth(uuid.uuid4(), "示例", AssetKind.patent, patent_type, status, value_fen=value)


@pytest.mark.parametrize(
    ("owed", "rights", "ltv", "shortfall"),
    [
        (400, [worth(1_000)], 4_000, 0),
        (401, [worth(1_000)], 4_010, 1),
        (400, [worth(999)], 4_005, 1),
        (400, [worth(500), worth(500, PatentType.design)], 4_000, 100),
        (400, [worth(1_000, ended=True)], None, 400),
        (400, [worth(1_000), worth(None)], 4_000, 0),
        (0, [worth(1_000, ended=True)], None, 0),
        (400, [worth(None)], None, None),
        (None, [worth(1_000)], None, None),
        (200, [worth(1_000, None)], 2_000, 0),
    ],
)
def test_a_loan_is_borne_up_to_each_rights_cap(
    owed: int | None, rights: list[Worth], ltv: int | None, shortfall: int | None
) -> None:
    """PL-27, PLG-08: parts of a fen do not bear; nothing valued, nothing told; of unknown type the lowest cap."""
    coverage = Coverage(owed, rights, LIMITS)
    assert (coverage.ltv_bp, coverage.shortfall_fen) == (ltv, shortfall)
    assert coverage.short == bool(shortfall)


def test_letting_the_only_valued_right_go_is_refused_and_an_unvalued_one_is_not() -> None:
    """PLG-09: what was measured stays covered; where nothing was, there is nothing to compare."""
    valued, plain = worth(1_000), worth(None)
    both = Coverage(400, [valued, plain], LIMITS)
    assert spoils(both, both.without([valued.asset_id]))
    assert not spoils(both, both.without([plain.asset_id]))
    unknown = Coverage(400, [plain, worth(None)], LIMITS)
    assert not spoils(unknown, unknown.without([plain.asset_id]))


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**12), min_size=1, max_size=6))
def test_more_rights_never_bear_less_and_the_shortfall_is_what_is_missing(
    owed: int, values: list[int]
) -> None:
    """PL-27: in whole fen, whatever the amounts."""
    rights = [worth(value) for value in values]
    coverage = Coverage(owed, rights, LIMITS)
    assert coverage.without([rights[0].asset_id]).lendable_fen <= coverage.lendable_fen
    assert coverage.joined([worth(1)]).lendable_fen >= coverage.lendable_fen
    assert coverage.lendable_fen * 10_000 <= coverage.value_fen * 4_000
    shortfall = coverage.shortfall_fen
    assert shortfall is not None
    assert (shortfall == 0) == (owed <= coverage.lendable_fen)
    assert owed - shortfall <= coverage.lendable_fen


@pytest.mark.parametrize(("filed", "late"), [(date(2026, 1, 31), False), (date(2026, 2, 1), True)])
def test_the_thirtieth_day_is_in_time(filed: date, late: bool) -> None:
    """PL-09."""
    assert is_late(date(2026, 1, 1), filed) is late
