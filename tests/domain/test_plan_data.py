"""The two districts' plans as data, against the plans as a reader of them wrote them down (STA-01, STA-02)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.domain.errors import DomainError
from app.domain.indicator import Category, IndicatorKind, format_value, parse_value
from app.domain.plan import NewPlan
from app.domain.plan_entry import read_plan
from app.services.sandbox.plans import FOLDER
from tests.factories.plans import sample_indicator, small_plan

TARGETS = """
    DL-01 qualified_count reported    ≥5
    DL-02 cumulative      reported    ≥15
    DL-03 cumulative      reported    ≥45
    DL-04 qualified_count operational ≥20
    DL-05 cumulative      reported    ≥5
    DL-06 cumulative      reported    ≥300
    DL-07 cumulative      operational ≥1000
    DL-08 growth          external    ≥15
    DL-09 growth          operational ≥30
    DL-10 growth          operational ≥30
    DL-11 growth          operational ≥30
    DL-12 cumulative      operational ≥10
    DL-13 growth          operational ≥20
    DL-14 growth          reported    ≥20
    DL-15 every_year      reported    ≥100
    DL-16 score           reported    ≥80
    DL-17 cumulative      reported    ≥5
    DL-18 cumulative      reported    ≥5
    BH-01 stock           external    >85000
    BH-02 stock           external    ≥60
    BH-03 flow_ratio      external    ≥25
    BH-04 stock           external    ≥70000
    BH-05 stock           reported    ≥2000
    BH-06 qualified_count operational ≥50
    BH-07 cumulative      reported    ≥30
    BH-08 cumulative      reported    ≥100
    BH-09 cumulative      reported    ≥10
    BH-10 cumulative      reported    ≥500
    BH-11 cumulative      reported    ≥5
    BH-12 stock           reported    ≥200
    BH-13 cumulative      operational ≥1200
    BH-14 qualified_count external    ≥5
    BH-15 cumulative      reported    ≥500
    BH-16 cumulative      external    ≥3000
    BH-17 cumulative      reported    ≥3–5
    BH-18 cumulative      reported    ≥50
    BH-19 flow_ratio      external    ≥40
    BH-20 growth          external    ≥20
    BH-21 growth          operational ≥20
    BH-22 growth          operational ≥20
    BH-23 cumulative      reported    ≥5–10
    BH-24 cumulative      reported    ≥5–10
    BH-25 cumulative      reported    ≥50
    BH-26 every_year      reported    ≥10
    BH-27 comparison      reported    >0
"""
"""Domain §8.2 and §8.3, row by row: code, kind, source, target."""

THRESHOLDS = {
    "DL-01": {"revenue_wan": "1000"},
    "DL-04": {"inventions": "50", "pct_applications": "10"},
    "BH-06": {"inventions": "50", "pct_applications": "10"},
    "BH-14": {"applications": "2000", "grants": "2000"},
}
MEASURES = {
    "DL-04": ["portfolio_qualified_count"],
    "DL-07": ["trusteeship_covered_count"],
    "DL-09": ["pledge_financing_amount"],
    "DL-10": ["policy_amount"],
    "DL-11": ["pledge_financing_count"],
    "DL-12": ["pledge_mixed_count"],
    "DL-13": ["transfer_amount", "licence_amount"],
    "BH-06": ["portfolio_qualified_count"],
    "BH-13": ["trusteeship_covered_count"],
    "BH-21": ["pledge_financing_amount"],
    "BH-22": ["policy_amount"],
}
LEADS = {
    "DL": "知 知 科 知 知 知 科 金 金 金 知 华 知 知 科 科",
    "BH": "知 知 科 科 知 新 知 知 知 知 金 知 科 市 市 知 知 市 市 知 知 知 科 知 知 知",
}
"""The first character of the first unit in charge of each task, without 区."""


def document(name: str) -> Path:
    return FOLDER / f"{name}.toml"


def plan(name: str) -> NewPlan:
    return read_plan(tomllib.loads(document(name).read_text(encoding="utf-8")))


PLANS = {"DL": plan("dongli"), "BH": plan("binhai")}
INDICATORS = {one.code: one for known in PLANS.values() for one in known.indicators}


def test_every_target_of_both_plans_is_what_the_plan_says() -> None:
    """STA-02: all 18 and 27 indicators, by kind, source, comparator and value."""
    found = {}
    for code, one in INDICATORS.items():
        if one.category is not Category.indicator:
            assert one.target is None
            continue
        assert one.target is not None
        sign = "≥" if one.target.comparator == "at_least" else ">"
        upper = "" if one.target.upper_micro is None else f"–{format_value(one.target.upper_micro)}"
        found[code] = [one.kind, one.source, f"{sign}{format_value(one.target.value_micro)}{upper}"]
    assert found == {row.split()[0]: row.split()[1:] for row in TARGETS.strip().splitlines()}
    assert len(found) == 18 + 27


def test_thresholds_and_measures_are_those_of_the_dictionary() -> None:
    """STA-01: what each counted object must reach, and what operations are summed."""
    thresholds = {
        code: {name: format_value(micro) for name, micro in one.target.thresholds_micro.items()}
        for code, one in INDICATORS.items()
        if one.target is not None and one.target.thresholds_micro
    }
    measures = {
        code: [str(one) for one in known.measures] for code, known in INDICATORS.items() if known.measures
    }
    assert (thresholds, measures) == (THRESHOLDS, MEASURES)


def test_growth_is_reckoned_from_2018_in_one_plan_and_from_2019_in_the_other() -> None:
    """ST-02: four years and three."""
    bases = {(one.code[:2], one.base_year) for one in INDICATORS.values() if one.kind is IndicatorKind.growth}
    assert bases == {("DL", 2018), ("BH", 2019)}


@pytest.mark.parametrize(("code", "tasks"), [("DL", 16), ("BH", 26)])
def test_the_tasks_of_a_plan_are_complete_and_in_order(code: str, tasks: int) -> None:
    """STA-02: 牵头单位 and 责任单位 of every task are departments of the plan, none is left over."""
    known = PLANS[code]
    assert [task.number for task in known.tasks] == list(range(1, tasks + 1))
    assert [task.lead[0].removeprefix("区")[0] for task in known.tasks] == LEADS[code].split()
    named = {name for task in known.tasks for name in (*task.lead, *task.supporting)}
    answering = {name for one in known.indicators for name in one.departments}
    assert set(known.departments) == named | answering
    assert (known.starts_on.isoformat(), known.ends_on.isoformat()) == ("2019-01-01", "2022-12-31")


def test_the_joint_lead_and_the_longest_row_of_units_are_kept() -> None:
    assert list(PLANS["DL"].tasks[11].lead) == ["华明高新区管委会", "东丽经济开发区管委会"]
    assert list(PLANS["DL"].tasks[10].supporting) == [
        "合作交流办",
        "商务局",
        "科技局",
        "财政局",
        "华明高新区管委会",
    ]
    assert (list(PLANS["BH"].tasks[3].lead), list(PLANS["BH"].tasks[3].supporting)) == (["区科技局"], [])


def test_a_wording_carries_the_number_of_its_target() -> None:
    """STA-01: the quoted words and the target say the same."""
    spoken = {"BH-01": "8.5万", "BH-04": "7万", "BH-27": "超过"}
    silent = [
        code
        for code, one in INDICATORS.items()
        if one.target is not None
        and spoken.get(code, format_value(one.target.value_micro)) not in one.wording
    ]
    assert silent == []


def test_trends_and_milestones_stand_beside_the_indicators() -> None:
    beside = {
        code: one.category for code, one in INDICATORS.items() if one.category is not Category.indicator
    }
    assert beside == {f"DL-M{n}": Category.milestone for n in range(1, 7)} | {
        f"BH-T{n}": Category.trend for n in range(1, 5)
    }


def test_no_number_of_the_documents_is_a_binary_fraction() -> None:
    for name in ("dongli", "binhai"):
        text = document(name).read_text(encoding="utf-8")
        assert tomllib.loads(text, parse_float=pytest.fail)


FAULTS = [
    ({"departments": ["知识产权局"]}, {("/tasks/0/supporting/0", "plan.department_unknown"), ("/indicators/0/departments/0", "plan.department_unknown")}),
    ({"ends_on": "2025-06-30"}, {("/ends_on", "plan.years_not_whole")}),
    ({"departments": ["知识产权局", "金融局", "金融局"]}, {("/departments/2", "plan.named_twice")}),
    ({"indicators": [sample_indicator(), sample_indicator()]}, {("/indicators/1/code", "plan.named_twice")}),
    ({"indicators": [sample_indicator(tasks=[2])]}, {("/indicators/0/tasks/0", "plan.task_unknown")}),
    ({"indicators": [sample_indicator(base_year=None)]}, {("/indicators/0/base_year", "plan.base_year_missing")}),
    ({"indicators": [sample_indicator(base_year=2025)]}, {("/indicators/0/base_year", "plan.base_year_late")}),
    ({"indicators": [sample_indicator(target=None)]}, {("/indicators/0/target", "plan.target_missing")}),
    ({"indicators": [sample_indicator(category="trend")]}, {("/indicators/0/target", "plan.target_unexpected")}),
    ({"indicators": [sample_indicator(measures=["no_such_count"])]}, {("/indicators/0/measures/0", "request.malformed")}),
    ({"indicators": [sample_indicator(measures=[])]}, {("/indicators/0/measures", "plan.measure_missing")}),
    ({"indicators": [sample_indicator(measures=["pledge_financing_amount", "pledge_financing_count"])]}, {("/indicators/0/measures", "plan.measures_mixed")}),
    ({"indicators": [sample_indicator(kind="flow_ratio")]}, {("/indicators/0/components", "plan.components_mismatch")}),
    ({"indicators": [sample_indicator(target={"comparator": "at_least", "value": "5", "upper": "3"})]}, {("/indicators/0/target/upper", "plan.target_range")}),
    ({"indicators": [sample_indicator(target={"comparator": "at_least", "value": "5", "thresholds": {"other": "1"}})]}, {("/indicators/0/target/thresholds", "plan.thresholds_mismatch")}),
    ({"indicators": [sample_indicator(kind="qualified_count")]}, {("/indicators/0/target/thresholds", "plan.thresholds_mismatch")}),
    ({"indicators": [sample_indicator(target={"comparator": "at_least", "value": 12.5})]}, {("/indicators/0/target/value", "indicator.value_invalid")}),
    ({"code": 7, "colour": "red"}, {("/code", "request.malformed"), ("/colour", "request.malformed")}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), FAULTS)
def test_a_plan_that_contradicts_itself_is_refused_with_every_place(
    changes: dict[str, object], expected: set[tuple[str, str]]
) -> None:
    """STA-02: each fault is named where it stands."""
    with pytest.raises(DomainError) as caught:
        read_plan(small_plan(**changes))
    assert {(one.pointer, one.code.code) for one in caught.value.violations} == expected


def test_a_sound_plan_is_read_as_it_is_written() -> None:
    read = read_plan(small_plan())
    (one,) = read.indicators
    assert one.target is not None
    assert (one.target.value_micro, one.base_year, list(one.task_numbers)) == (12_500_000, 2022, [1])


@pytest.mark.parametrize(
    "text", ["-1", "1e3", "1.", ".5", "01", "1.1234567", "9007199254.740992", "1,000", "", "１"]
)
def test_a_value_out_of_form_is_refused(text: str) -> None:
    """ST-04: no sign, no exponent, at most six decimals."""
    with pytest.raises(DomainError):
        parse_value(text)


@pytest.mark.parametrize("text", ["0", "0.000001", "1250.5", "85000", "9007199254.740991"])
def test_a_value_comes_back_as_it_went_in(text: str) -> None:
    assert format_value(parse_value(text)) == text
