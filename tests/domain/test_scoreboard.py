"""Where indicators stand: a table of expected statuses for every kind, before and after the plan's end."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from app.domain import scoreboard_text as words
from app.domain.indicator import Category, Comparator, IndicatorKind, IndicatorStatus, SourceKind
from app.domain.scoreboard import Asked, Evidence, Figure, Finding, Goal, Sum, Term
from app.domain.scoreboard_kind import judge

START, END = date(2019, 1, 1), date(2022, 12, 31)
EVE, DURING, AFTER = date(2018, 12, 31), date(2021, 6, 30), END
FIRST_YEAR = date(2019, 6, 30)
K, C = IndicatorKind, Comparator


def asked(kind: IndicatorKind, target: object = None, **changes: Any) -> Asked:
    goal = None
    if target is not None:
        goal = Goal(
            changes.pop("comparator", C.at_least),
            Fraction(str(target)),
            changes.pop("upper", None),
            changes.pop("thresholds", {}),
        )
    told: dict[str, Any] = {
        "category": Category.indicator,
        "source": SourceKind.reported,
        "unit": "家",
        "base_year": 2018 if kind is K.growth else None,
        "measures": (),
        "components": ("value",),
    }
    return Asked(kind=kind, goal=goal, **(told | changes))


def reports(values: Mapping[int, object], component: str = "value", subject: str = "") -> dict[Any, Fraction]:
    return {(component, subject, year): Fraction(str(value)) for year, value in values.items()}


def found(one: Asked, on: date, known: Mapping[Any, Fraction], **facts: int) -> Finding:
    """Facts as `f2020=3`: three within the plan in 2020; years before the plan lie outside it."""
    sums = {
        (int(year[1:]), int(year[1:]) >= START.year): Sum(Fraction(value), abs(value))
        for year, value in facts.items()
    }
    return judge(one, Term(START, END, on), Evidence(sums, known))


def test_the_years_of_a_plan_close_one_by_one_and_all_on_its_last_day() -> None:
    """STA-03: a year is closed once the next has begun; the plan's last on its last day."""
    days = (EVE, START, date(2020, 1, 1), date(2022, 12, 30), END, date(2026, 1, 1))
    terms = [Term(START, END, day) for day in days]
    assert [term.judged_year for term in terms] == [None, None, 2019, 2021, 2022, 2022]
    assert [len(term.closed) for term in terms] == [0, 0, 1, 3, 4, 4]
    assert [term.counted_to for term in terms] == [*days[:4], END, END]


RANGE = {"upper": Fraction(5)}
ABOVE = {"comparator": C.above}
BOTH = {"components": ("ours", "theirs")}
OPERATIONAL = {"source": SourceKind.operational, "measures": ("pledge_mixed_count",)}


@pytest.mark.parametrize(
    ("one", "on", "values", "status", "value"),
    [
        # cumulative, reported: 8 over four years, so 4 are due by the end of 2020 and 6 by that of 2021
        (asked(K.cumulative, 8), DURING, {2020: 8}, "met", "8"),
        (asked(K.cumulative, 8), DURING, {2020: 3, 2021: 6}, "ahead", "6"),
        (asked(K.cumulative, 8), DURING, {2020: 4}, "on_track", "4"),
        (asked(K.cumulative, 8), DURING, {2020: 5}, "on_track", "5"),
        (asked(K.cumulative, 8), DURING, {2020: "3.999999"}, "behind", "3.999999"),
        (asked(K.cumulative, 8), FIRST_YEAR, {2019: 0}, "on_track", "0"),
        (asked(K.cumulative, 8), DURING, {}, "no_data", None),
        (asked(K.cumulative, 8), AFTER, {2022: 8}, "met", "8"),
        (asked(K.cumulative, 8), AFTER, {2022: 7}, "missed", "7"),
        (asked(K.cumulative, 8), AFTER, {2021: 8}, "met", "8"),
        (asked(K.cumulative, 8), AFTER, {2021: 7}, "no_data", None),
        (asked(K.cumulative, 3, **RANGE), AFTER, {2022: 3}, "met", "3"),
        (asked(K.cumulative, 3, **RANGE), AFTER, {2022: 6}, "met", "6"),
        (asked(K.cumulative, 3, **RANGE), AFTER, {2022: 2}, "missed", "2"),
        # stock
        (asked(K.stock, 85_000, **ABOVE), DURING, {2020: 85_000}, "behind", "85000"),
        (asked(K.stock, 85_000, **ABOVE), DURING, {2020: 85_000, 2021: 85_001}, "ahead", "85001"),
        (asked(K.stock, 85_000, **ABOVE), AFTER, {2022: 85_000}, "missed", "85000"),
        (asked(K.stock, 85_000, **ABOVE), AFTER, {2022: 85_001}, "met", "85001"),
        (asked(K.stock, 85_000, **ABOVE), AFTER, {2021: 90_000}, "no_data", None),
        (asked(K.stock, 85_000), DURING, {}, "no_data", None),
        # every year
        (asked(K.every_year, 100), DURING, {2019: 100, 2020: 120, 2021: 3}, "on_track", "100"),
        (asked(K.every_year, 100), DURING, {2019: 99, 2020: 500}, "missed", "99"),
        (asked(K.every_year, 100), DURING, {2020: 99}, "missed", "99"),
        (asked(K.every_year, 100), DURING, {2020: 100}, "no_data", None),
        (asked(K.every_year, 100), FIRST_YEAR, {2019: 100}, "no_data", None),
        (asked(K.every_year, 100), AFTER, dict.fromkeys(range(2019, 2023), 100), "met", "100"),
        (asked(K.every_year, 100), AFTER, dict.fromkeys(range(2019, 2022), 100), "no_data", None),
        # score
        (asked(K.score, 80), DURING, {2019: 10, 2020: 81}, "ahead", "81"),
        (asked(K.score, 80), DURING, {2020: 80}, "on_track", "80"),
        (asked(K.score, 80), DURING, {2020: "79.99"}, "behind", "79.99"),
        (asked(K.score, 80), DURING, {2019: 90, 2021: 90}, "no_data", None),
        (asked(K.score, 80), AFTER, {2022: 80}, "met", "80"),
        (asked(K.score, 80), AFTER, {2022: 79}, "missed", "79"),
        # growth from 2018; two years to 2020, four to 2022
        (asked(K.growth, 30), DURING, {2018: 100, 2020: 169}, "on_track", "30"),
        (asked(K.growth, 30), DURING, {2018: 100, 2020: "169.01"}, "ahead", "30.003846"),
        (asked(K.growth, 30), DURING, {2018: 100, 2020: "168.99", 2021: 900}, "behind", "29.996153"),
        (asked(K.growth, 30), DURING, {2018: 100, 2021: 900}, "no_data", None),
        (asked(K.growth, 30), DURING, {2020: 169}, "needs_baseline", None),
        (asked(K.growth, 30), DURING, {2018: 0, 2020: 169}, "needs_baseline", None),
        (asked(K.growth, 30), FIRST_YEAR, {2018: 100, 2019: 400}, "no_data", None),
        (asked(K.growth, 30), AFTER, {2018: 100, 2022: "285.61"}, "met", "30"),
        (asked(K.growth, 30), AFTER, {2018: 100, 2022: "285.60"}, "missed", "29.998862"),
        (asked(K.growth, 30), AFTER, {2018: 100, 2022: 0}, "missed", "-100"),
        (asked(K.growth, 0), AFTER, {2018: 10**9, 2022: 10**9 - 1}, "missed", "-0.000001"),
        (asked(K.growth, 20, base_year=2019), AFTER, {2018: 1, 2019: 100, 2022: "172.8"}, "met", "20"),
        (asked(K.growth, 20, base_year=2019), date(2020, 5, 1), {2019: 100}, "no_data", None),
    ],
)
def test_reported_indicators_stand_where_the_table_says(
    *, one: Asked, on: date, values: dict[int, object], status: str, value: str | None
) -> None:
    """STA-05, ST-03, ST-04, ST-06."""
    finding = found(one, on, reports(values))
    shown = None if finding.value is None else words.decimal(finding.value.micro)
    assert (finding.status, shown) == (status, value)
    assert (finding.value is None) == (status in {"no_data", "needs_baseline"})
    assert finding.value is not None or finding.reason is not None


@pytest.mark.parametrize(
    ("one", "on", "ours", "theirs", "status", "value"),
    [
        (asked(K.flow_ratio, 25, unit="%", **BOTH), AFTER, {2022: 1}, {2022: 4}, "met", "25"),
        (asked(K.flow_ratio, 25, unit="%", **BOTH), AFTER, {2022: 1}, {2022: 3}, "met", "33.333333"),
        (
            asked(K.flow_ratio, 60, unit="件/万人", **BOTH),
            AFTER,
            {2022: 179},
            {2022: 3},
            "missed",
            "59.666666",
        ),
        (
            asked(K.flow_ratio, 25, unit="%", **BOTH),
            DURING,
            {2020: 1, 2021: 9},
            {2020: 5, 2021: 9},
            "behind",
            "20",
        ),
        (asked(K.flow_ratio, 25, unit="%", **BOTH), AFTER, {2022: 1}, {}, "no_data", None),
        (asked(K.flow_ratio, 25, unit="%", **BOTH), AFTER, {2022: 1}, {2022: 0}, "no_data", None),
        (asked(K.stock, 60, unit="件/万人", **BOTH), DURING, {2021: 120}, {2021: 2}, "ahead", "60"),
        (asked(K.comparison, 0, **BOTH, **ABOVE), AFTER, {2022: 108}, {2022: 107}, "met", "108"),
        (asked(K.comparison, 0, **BOTH, **ABOVE), AFTER, {2022: 107}, {2022: 107}, "missed", "107"),
        (asked(K.comparison, 0, **BOTH, **ABOVE), DURING, {2020: 99}, {2020: 98}, "ahead", "99"),
        (asked(K.comparison, 0, **BOTH, **ABOVE), DURING, {2020: 98}, {2020: 98}, "behind", "98"),
        (asked(K.comparison, 0, **BOTH, **ABOVE), DURING, {2020: 98}, {2019: 1}, "no_data", None),
    ],
)
def test_two_components_are_a_ratio_or_measured_against_each_other(
    *, one: Asked, on: date, ours: dict[int, int], theirs: dict[int, int], status: str, value: str | None
) -> None:
    """BH-02, BH-03, BH-27: of the last closed year, without rounding."""
    finding = found(one, on, reports(ours, "ours") | reports(theirs, "theirs"))
    shown = None if finding.value is None else words.decimal(finding.value.micro)
    assert (finding.status, shown) == (status, value)


def test_a_ratio_of_increments_is_that_of_their_sums_over_the_plan() -> None:
    """BH-19: 60 marks per 200 firms fall short, with 100 per 200 the year after they come to 40 %."""
    one = asked(K.flow_ratio, 40, unit="%", components=("marks_added", "new_firms"))
    known = reports({2019: 60, 2020: 100}, "marks_added") | reports({2019: 200, 2020: 200}, "new_firms")
    for on, status, value in ((date(2020, 1, 1), "behind", 30), (DURING, "on_track", 40)):
        finding = found(one, on, known)
        assert (finding.status, finding.value) == (status, Figure.of(Fraction(value)))
    finding = found(one, AFTER, known)
    assert finding.status == "no_data"
    assert finding.reason is not None
    assert finding.reason.zh == "缺少 2021、2022 年已审核的数据"


@pytest.mark.parametrize(
    ("one", "on", "facts", "status", "value", "counted"),
    [
        (
            asked(K.cumulative, 8, **OPERATIONAL),
            DURING,
            {"f2018": 9, "f2019": 4, "f2021": 1},
            "on_track",
            5,
            5,
        ),
        (asked(K.cumulative, 8, **OPERATIONAL), DURING, {"f2019": 9, "f2020": -1}, "met", 8, 10),
        (asked(K.cumulative, 8, **OPERATIONAL), AFTER, {}, "missed", 0, 0),
        (asked(K.qualified_count, 8, **OPERATIONAL), DURING, {"f2018": 9, "f2020": -1}, "ahead", 8, 10),
        (asked(K.qualified_count, 8, **OPERATIONAL), AFTER, {"f2018": 9, "f2020": -2}, "missed", 7, 11),
        (asked(K.stock, 8, **OPERATIONAL), AFTER, {"f2018": 8}, "met", 8, 8),
        (asked(K.every_year, 1, **OPERATIONAL), DURING, {"f2019": 1, "f2021": 1}, "missed", 0, 1),
        (asked(K.growth, 100, **OPERATIONAL), DURING, {"f2018": 2, "f2020": 8}, "on_track", 100, 8),
        (asked(K.growth, 100, **OPERATIONAL), DURING, {"f2018": 2}, "behind", -100, 0),
        (asked(K.growth, 100, **OPERATIONAL), DURING, {"f2020": 8}, "needs_baseline", None, 0),
        (asked(K.growth, 100, **OPERATIONAL), DURING, {"f2018": -1, "f2020": 8}, "needs_baseline", None, 0),
        (asked(K.growth, 100, **OPERATIONAL), DURING, {"f2018": 2, "f2020": -8}, "no_data", None, 0),
        (
            asked(K.growth, 100, base_year=2019, **OPERATIONAL),
            FIRST_YEAR,
            {"f2019": 2},
            "needs_baseline",
            None,
            0,
        ),
    ],
)
def test_operational_indicators_are_summed_from_facts(
    *, one: Asked, on: date, facts: dict[str, int], status: str, value: int | None, counted: int
) -> None:
    """ST-06: totals from the plan's start, stocks from the first fact on; a year without facts is zero."""
    finding = found(one, on, {}, **facts)
    expected = None if value is None else value * 10**6
    assert (finding.status, finding.value and finding.value.micro, finding.facts) == (
        status,
        expected,
        counted,
    )


def test_a_reported_base_comes_before_the_facts_of_its_year() -> None:
    """ST-02, ST-03: and the path is the base grown at the target's rate, year by year."""
    one = asked(K.growth, 30, unit="万元", **OPERATIONAL)
    finding = found(one, DURING, reports({2018: 100}), f2018=7, f2019=50, f2020=170, f2021=10)
    assert finding.base is not None
    assert (finding.status, finding.base.value.micro, finding.base.source) == (
        "ahead",
        100_000_000,
        "observation",
    )
    assert [
        (one.year, one.value.micro // 10**6, one.path and words.decimal(one.path.micro), one.closed)
        for one in finding.years
    ] == [
        (2018, 100, "100", True),
        (2019, 50, "130", True),
        (2020, 170, "169", True),
        (2021, 10, "219.7", False),
    ]
    assert finding.path is not None
    assert words.path(one, finding.path) == "169.00 万元 (30.00 %)"
    without = found(one, DURING, {}, f2018=7, f2020=170)
    assert without.base is not None
    assert (without.base.value.micro, without.base.source) == (7_000_000, "facts")


def test_objects_count_when_every_component_reaches_its_threshold() -> None:
    """DL-01, BH-14: in the latest closed year that has reports; a component not reported is not reached."""
    one = asked(
        K.qualified_count,
        2,
        components=("applications", "grants"),
        thresholds={"applications": Fraction(2000), "grants": Fraction(2000)},
    )
    known: dict[Any, Fraction] = {}
    for subject, applications, grants in (("甲", 2000, 2000), ("乙", 1999, 9000), ("丙", 2500, 2001)):
        known |= reports({2020: applications, 2021: 1}, "applications", subject)
        known |= reports({2020: grants}, "grants", subject)
    known |= reports({2020: 9000}, "applications", "丁")
    for on, status in ((DURING, "ahead"), (date(2022, 6, 30), "behind"), (date(2019, 6, 30), "no_data")):
        assert found(one, on, known).status == status
    finding = found(one, DURING, known)
    assert finding.subjects == ("丙", "甲")
    older = {place: value for place, value in known.items() if place[2] == 2020}
    late = found(one, date(2022, 6, 30), older)
    assert (late.status, late.reason and late.reason.zh) == ("ahead", "按最近填报的 2020 年数据")


@pytest.mark.parametrize(
    ("on", "year", "status", "value"),
    [
        (date(2022, 12, 30), 2019, "ahead", 1),
        (AFTER, 2019, "no_data", None),
        (AFTER, 2021, "no_data", None),
        (AFTER, 2022, "met", 1),
        (date(2026, 1, 1), 2021, "no_data", None),
    ],
)
def test_at_the_end_objects_are_judged_by_the_plans_last_year(
    on: date, year: int, status: str, value: int | None
) -> None:
    """DL-01, decisions §10: the latest closed year; without a report of it nothing is met."""
    one = asked(K.qualified_count, 1, components=("rev",), thresholds={"rev": Fraction(1000)})
    finding = found(one, on, reports({year: 1000}, "rev", "甲"))
    shown = None if finding.value is None else finding.value.micro // 10**6
    assert (finding.status, shown) == (status, value)
    if status == "no_data":
        assert finding.reason is not None
        assert (finding.reason.zh, [one.year for one in finding.years]) == (
            "缺少 2022 年已审核的数据",
            [year],
        )


@pytest.mark.parametrize(
    ("kind", "on", "values", "status"),
    [
        (K.every_year, DURING, {2019: 1, 2020: 2}, "on_track"),
        (K.every_year, DURING, {2019: 2, 2020: 2}, "missed"),
        (K.every_year, DURING, {2020: 2}, "no_data"),
        (K.every_year, FIRST_YEAR, {2019: 2}, "no_data"),
        (K.stock, AFTER, {2019: 1, 2020: 2, 2021: 3, 2022: 4}, "met"),
        (K.stock, AFTER, {2019: 1, 2020: 3, 2021: 2, 2022: 4}, "missed"),
        (K.stock, AFTER, {2019: 1, 2020: 2, 2022: 4}, "no_data"),
        (K.score, DURING, {2019: 98, 2020: 98}, "on_track"),
        (K.score, DURING, {2019: 98, 2020: 97}, "behind"),
        (K.score, AFTER, {2019: 98, 2020: 97, 2022: 98}, "met"),
        (K.score, AFTER, {2019: 98, 2022: 97}, "missed"),
    ],
)
def test_trends_grow_every_year_or_keep_their_level(
    *, kind: IndicatorKind, on: date, values: dict[int, object], status: str
) -> None:
    """Domain §8.3: 逐年增长 and 持续增长 from the base year on; 保持高位 is a level."""
    one = asked(kind, category=Category.trend, base_year=2019)
    assert found(one, on, reports(values)).status == status


@pytest.mark.parametrize(
    ("on", "values", "status"),
    [
        (DURING, {}, "no_data"),
        (DURING, {2020: 0}, "behind"),
        (DURING, {2019: 1, 2020: 0}, "met"),
        (DURING, {2022: 1}, "no_data"),
        (AFTER, {2020: 0}, "missed"),
    ],
)
def test_a_milestone_is_reached_once_one_is_reported(
    on: date, values: dict[int, object], status: str
) -> None:
    """Domain §8.2: milestones are reported."""
    assert found(asked(K.stock, category=Category.milestone), on, reports(values)).status == status


def test_nothing_is_judged_before_the_plan_starts() -> None:
    """STA-05."""
    for kind in K:
        one = asked(kind, 1, **(BOTH if kind in {K.flow_ratio, K.comparison} else {}))
        assert found(one, EVE, {}).status == "no_data"


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (asked(K.growth, 30, unit="万元"), "≥ 30.00 %"),
        (asked(K.stock, 85_000, unit="件", **ABOVE), "> 85000 件"),
        (asked(K.cumulative, 3, **RANGE), "≥ 3 家 (3–5 家)"),
        (asked(K.comparison, 0, **BOTH, **ABOVE), "> theirs"),
    ],
)
def test_targets_are_shown_as_the_plan_words_them(one: Asked, text: str) -> None:
    """STA-02."""
    assert words.target(one) == text


def test_figures_are_shown_so_that_what_fails_never_shows_as_passing() -> None:
    """ST-01: values are rounded down and paths up in the last of six decimals; two decimals are for reading."""
    dice = random.Random(3)
    for _ in range(200):
        value = Fraction(dice.randrange(-(10**6), 10**9), dice.randrange(1, 10**4))
        target = Fraction(dice.randrange(10**12), 10**6)
        assert (Figure.of(value).micro >= target * 10**6) == (value >= target)
        assert (Figure.path(value).micro <= target * 10**6) == (value <= target)
        assert abs(Fraction(Figure.of(value).cents, 100) - value) <= Fraction(1, 200)
    assert words.shown(Figure.of(Fraction("29.998862")), "%") == "30.00 %"
    assert words.shown(Figure.of(Fraction("-0.671")), "%") == "-0.67 %"
    assert (words.shown(Figure.of(Fraction(12)), "家"), words.shown(Figure.of(Fraction(12)), "万元")) == (
        "12 家",
        "12.00 万元",
    )


def test_a_growth_is_met_exactly_when_multiplying_out_says_so() -> None:
    """ST-01, STA-06: statuses of random growths, near the limit too, against fractions multiplied out."""
    dice = random.Random(4)
    statuses = set()
    for _ in range(300):
        rate, base = dice.randrange(1, 60), dice.randrange(1, 10**9)
        limit = (
            Fraction(base) * (1 + Fraction(rate, 100)) * (1 + Fraction(rate, 100)) * (1 + Fraction(rate, 100))
        )
        limit *= 1 + Fraction(rate, 100)
        current = max(0, dice.choice([dice.randrange(8 * base), int(limit) + dice.randrange(-2, 3)]))
        finding = found(asked(K.growth, rate), AFTER, reports({2018: base, 2022: current}))
        assert finding.status == (IndicatorStatus.met if current >= limit else IndicatorStatus.missed)
        assert finding.value is not None
        assert (finding.value.micro >= rate * 10**6) == (current >= limit)
        statuses.add(finding.status)
    assert statuses == {IndicatorStatus.met, IndicatorStatus.missed}
