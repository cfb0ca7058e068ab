"""Sizes of enterprises, against the table and the vectors of the domain."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.size_class import SIZE_RULES, Industry, SizeClass, size_of

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "domain_vectors.json").read_text(encoding="utf-8")
)
INDUSTRIES = {
    "农林牧渔业": Industry.agriculture,
    "工业": Industry.industry,
    "建筑业": Industry.construction,
    "批发业": Industry.wholesale,
    "零售业": Industry.retail,
    "交通运输业": Industry.transport,
    "仓储业": Industry.warehousing,
    "邮政业": Industry.post,
    "住宿业": Industry.lodging,
    "餐饮业": Industry.catering,
    "信息传输业": Industry.information_transmission,
    "软件和信息技术服务业": Industry.software,
    "房地产开发经营": Industry.real_estate,
    "物业管理": Industry.property_management,
    "租赁和商务服务业": Industry.leasing_business,
    "其他未列明行业": Industry.other,
}
TODAY = date(2020, 6, 1)
CASES = VECTORS["sme_cases"]
ROWS = VECTORS["sme_thresholds_unit_wan_yuan"]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{number}-{case['expect']}" for number, case in enumerate(CASES)]
)
def test_a_vector_has_its_size(case: dict[str, Any]) -> None:
    """TG-09: 22 firms at the edges of the table."""
    found = size_of(INDUSTRIES[case["industry"]], case.get("X"), case.get("Y"), case.get("Z"), TODAY)
    assert found == (SizeClass(case["expect"]), "300-2011")


@pytest.mark.parametrize("row", ROWS, ids=[row["industry"] for row in ROWS])
def test_every_floor_of_the_table_is_met_at_and_missed_below(row: dict[str, Any]) -> None:
    """TG-08: a class needs every floor of its line; one below on any metric drops it by one."""
    lines = ["large", "medium", "small"]
    below = ["medium", "small", "micro"]
    for line, lower in zip(lines, below, strict=True):
        at = dict(zip(row["metrics"], row[line], strict=True))
        assert classed(row, at) == line
        for metric in row["metrics"]:
            short = at | {metric: at[metric] - 1}
            assert classed(row, short) == lower, (line, metric)


def classed(row: dict[str, Any], figures: dict[str, int]) -> str:
    """The class of a firm with these figures; metrics that do not count are not even known."""
    industry = INDUSTRIES[row["industry"]]
    return size_of(industry, figures.get("X"), figures.get("Y"), figures.get("Z"), TODAY)[0]


def test_the_table_has_the_sixteen_industries_and_no_more() -> None:
    """TRU-01: what the table leaves out is not classed by it."""
    assert len(ROWS) == 16
    for rule in SIZE_RULES:
        assert set(rule.rows) == set(Industry) - {Industry.excluded}


@pytest.mark.parametrize(
    ("industry", "figures"),
    [
        (Industry.excluded, (10, 10, 10)),
        (Industry.industry, (1_000, None, None)),
        (Industry.real_estate, (1_000, 500, None)),
        (Industry.other, (None, 10**6, 10**6)),
    ],
)
def test_a_missing_figure_or_an_excluded_industry_is_left_to_a_person(
    industry: Industry, figures: tuple[int | None, int | None, int | None]
) -> None:
    """TG-08: finance, education, health and government are not covered."""
    assert size_of(industry, *figures, TODAY) == (SizeClass.unknown, "300-2011")
