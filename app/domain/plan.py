"""Plans (实施方案): the government plan that a district answers for, as data (STA-01, STA-02)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.errors import ErrorKind, Violation, define
from app.domain.indicator import RATIOS, Category, IndicatorKind, NewIndicator, SourceKind
from app.domain.task import NewTask

NOT_FOUND = define("plan.not_found", ErrorKind.not_found, "未找到该方案", "No such plan.")
CODE_TAKEN = define(
    "plan.code_taken", ErrorKind.conflict, "方案代码 {code} 已存在", "There is a plan with the code {code}."
)
DISTRICT_FOREIGN = define(
    "plan.district_foreign",
    ErrorKind.denied,
    "方案由其所在区（{district_code}）的知识产权局管理",
    "A plan is kept by the IP office of its own district, {district_code}.",
)
ORGANISATION_UNFIT = define(
    "plan.organisation_unfit",
    ErrorKind.invalid,
    "只有本区可以填报数据的机构才能承担方案中的部门职责",
    "Only an organisation of the district that may report values can answer for a department.",
)
YEARS_NOT_WHOLE = define(
    "plan.years_not_whole",
    ErrorKind.invalid,
    "方案期间须为完整的日历年度",
    "A plan runs over whole calendar years.",
)
NAMED_TWICE = define("plan.named_twice", ErrorKind.invalid, "“{name}”重复", "“{name}” is given twice.")
DEPARTMENT_UNKNOWN = define(
    "plan.department_unknown",
    ErrorKind.invalid,
    "方案没有名为“{name}”的部门",
    "The plan names no department “{name}”.",
)
TASK_UNKNOWN = define(
    "plan.task_unknown", ErrorKind.invalid, "方案没有第 {number} 项任务", "The plan has no task {number}."
)
BASE_YEAR_MISSING = define(
    "plan.base_year_missing",
    ErrorKind.invalid,
    "增幅类指标须写明基期年份",
    "A growth is reckoned from a base year.",
    basis="ST-02",
)
BASE_YEAR_LATE = define(
    "plan.base_year_late",
    ErrorKind.invalid,
    "基期 {base_year} 年须早于方案末年 {end_year}",
    "The base year {base_year} is not before the last year {end_year} of the plan.",
    basis="ST-02",
)
TARGET_MISSING = define(
    "plan.target_missing", ErrorKind.invalid, "指标须有目标值", "An indicator has a target."
)
TARGET_UNEXPECTED = define(
    "plan.target_unexpected",
    ErrorKind.invalid,
    "趋势与里程碑没有目标值",
    "Trends and milestones have no target.",
)
TARGET_RANGE = define(
    "plan.target_range",
    ErrorKind.invalid,
    "目标上限低于目标值",
    "The upper end of the target is below its value.",
)
THRESHOLDS_MISMATCH = define(
    "plan.thresholds_mismatch",
    ErrorKind.invalid,
    "达标计数类指标的每个填报项（{components}）须有且仅有一个门槛值，其他指标没有门槛值",
    "Objects that qualify have a threshold for each component ({components}); other indicators have none.",
    basis="ST-06",
)
COMPONENTS_MISMATCH = define(
    "plan.components_mismatch",
    ErrorKind.invalid,
    "比率和比较类指标须有两个填报项",
    "Ratios and comparisons have two components.",
    basis="ST-06",
)
MEASURE_MISSING = define(
    "plan.measure_missing",
    ErrorKind.invalid,
    "来源为平台业务的指标须写明统计项",
    "An operational indicator names what it counts.",
)
MEASURES_MIXED = define(
    "plan.measures_mixed",
    ErrorKind.invalid,
    "金额与数量不能相加",
    "Amounts and counts do not add up.",
)


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan with its departments, tasks and indicators, as its document states them."""

    code: str
    name_zh: str
    name_en: str
    basis: str
    district_code: str
    starts_on: date
    ends_on: date
    departments: Sequence[str]
    tasks: Sequence[NewTask]
    indicators: Sequence[NewIndicator]


def faults(plan: NewPlan) -> list[Violation]:
    """All that is wrong with a plan in itself, each at its place in the document."""
    return [
        *_term_faults(plan),
        *_twice("/departments/{}", plan.departments),
        *_twice("/tasks/{}/number", [task.number for task in plan.tasks]),
        *_twice("/indicators/{}/code", [indicator.code for indicator in plan.indicators]),
        *(fault for n, task in enumerate(plan.tasks) for fault in _task_faults(f"/tasks/{n}", task, plan)),
        *(
            fault
            for n, indicator in enumerate(plan.indicators)
            for fault in _indicator_faults(f"/indicators/{n}", indicator, plan)
        ),
    ]


def _term_faults(plan: NewPlan) -> Iterator[Violation]:
    whole = (plan.starts_on.month, plan.starts_on.day, plan.ends_on.month, plan.ends_on.day) == (1, 1, 12, 31)
    if not whole or plan.ends_on < plan.starts_on:
        yield YEARS_NOT_WHOLE.violation("/ends_on")


def _twice(pointer: str, names: Sequence[Hashable]) -> Iterator[Violation]:
    """Every name but the first of its kind."""
    seen: Counter[Hashable] = Counter()
    for position, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            yield NAMED_TWICE.violation(pointer.format(position), name=name)


def _departments_faults(pointer: str, names: Iterable[str], plan: NewPlan) -> Iterator[Violation]:
    for position, name in enumerate(names):
        if name not in plan.departments:
            yield DEPARTMENT_UNKNOWN.violation(f"{pointer}/{position}", name=name)


def _task_faults(pointer: str, task: NewTask, plan: NewPlan) -> Iterator[Violation]:
    yield from _departments_faults(f"{pointer}/lead", task.lead, plan)
    yield from _departments_faults(f"{pointer}/supporting", task.supporting, plan)
    both = [*task.lead, *task.supporting]
    yield from (NAMED_TWICE.violation(pointer, name=name) for name, n in Counter(both).items() if n > 1)


def _indicator_faults(pointer: str, new: NewIndicator, plan: NewPlan) -> Iterator[Violation]:
    yield from _departments_faults(f"{pointer}/departments", new.departments, plan)
    yield from _twice(f"{pointer}/departments/{{}}", new.departments)
    yield from _twice(f"{pointer}/components/{{}}", new.components)
    yield from _twice(f"{pointer}/measures/{{}}", new.measures)
    known = {task.number for task in plan.tasks}
    for position, number in enumerate(new.task_numbers):
        if number not in known:
            yield TASK_UNKNOWN.violation(f"{pointer}/tasks/{position}", number=number)
    if new.kind is IndicatorKind.growth and new.base_year is None:
        yield BASE_YEAR_MISSING.violation(f"{pointer}/base_year")
    if new.base_year is not None and new.base_year >= plan.ends_on.year:
        end_year = plan.ends_on.year
        yield BASE_YEAR_LATE.violation(f"{pointer}/base_year", base_year=new.base_year, end_year=end_year)
    if new.kind in RATIOS and len(new.components) != 2:
        yield COMPONENTS_MISMATCH.violation(f"{pointer}/components")
    if new.source is SourceKind.operational and not new.measures:
        yield MEASURE_MISSING.violation(f"{pointer}/measures")
    if len({measure.unit for measure in new.measures}) > 1:
        yield MEASURES_MIXED.violation(f"{pointer}/measures")
    yield from _target_faults(f"{pointer}/target", new)


def _target_faults(pointer: str, new: NewIndicator) -> Iterator[Violation]:
    target = new.target
    if target is None:
        if new.category is Category.indicator:
            yield TARGET_MISSING.violation(pointer)
        return
    if new.category is not Category.indicator:
        yield TARGET_UNEXPECTED.violation(pointer)
    if target.upper_micro is not None and target.upper_micro < target.value_micro:
        yield TARGET_RANGE.violation(f"{pointer}/upper")
    qualified = new.components if new.kind is IndicatorKind.qualified_count else ()
    if set(target.thresholds_micro) != set(qualified):
        yield THRESHOLDS_MISMATCH.violation(f"{pointer}/thresholds", components=list(new.components))
