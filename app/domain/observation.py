"""Observations (填报数据): a yearly value a department reports, with evidence and a checker (STA-16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.indicator import MICRO, Category, IndicatorKind
from app.domain.state_machine import StateMachine


class ObservationStatus(StrEnum):
    """Only an approved observation counts; a later approved one supersedes it."""

    submitted = "submitted"
    approved = "approved"
    rejected = "rejected"
    superseded = "superseded"


class ObservationEvent(StrEnum):
    """What moves an observation from state to state."""

    approve = "approve"
    reject = "reject"
    supersede = "supersede"


_S, _E = ObservationStatus, ObservationEvent

OBSERVATION = StateMachine[ObservationStatus, ObservationEvent](
    noun="observation",
    noun_zh="填报数据",
    initial=_S.submitted,
    transitions={
        (_S.submitted, _E.approve): _S.approved,
        (_S.submitted, _E.reject): _S.rejected,
        (_S.approved, _E.supersede): _S.superseded,
    },
)

PUBLIC = frozenset({_S.approved, _S.superseded})
"""What counted once is seen by every caller; the rest is between the reporter and the district."""

NOT_FOUND = define("observation.not_found", ErrorKind.not_found, "未找到该填报数据", "No such observation.")
INDICATOR_UNNAMED = define(
    "observation.indicator_unnamed",
    ErrorKind.invalid,
    "请以 indicator_id，或以 plan 与 indicator 两个代码指明指标，二者择一",
    "Name the indicator by indicator_id, or by the codes plan and indicator: one of the two.",
)
NOT_RESPONSIBLE = define(
    "observation.not_responsible",
    ErrorKind.denied,
    "仅负责指标 {code} 的部门（{departments}）及方案所在区知识产权局可以填报",
    "Only a department that answers for {code} ({departments}) or the district's IP office may report it.",
    basis="ST-07",
)
NOT_CHECKER = define(
    "observation.not_checker",
    ErrorKind.denied,
    "填报数据由方案所在区知识产权局审核",
    "Reported values are checked by the IP office of the plan's district.",
    basis="ST-07",
)
COMPONENT_UNKNOWN = define(
    "observation.component_unknown",
    ErrorKind.invalid,
    "指标 {code} 没有填报项“{component}”；可填：{components}",
    "Indicator {code} has no component “{component}”; it has: {components}.",
)
SUBJECT_MISSING = define(
    "observation.subject_missing",
    ErrorKind.invalid,
    "指标 {code} 按对象计数，须写明对象名称",
    "Indicator {code} counts objects: name the object.",
    basis="ST-06",
)
SUBJECT_UNEXPECTED = define(
    "observation.subject_unexpected",
    ErrorKind.invalid,
    "指标 {code} 不按对象计数，不填对象名称",
    "Indicator {code} does not count objects: name none.",
    basis="ST-06",
)
YEAR_OUTSIDE = define(
    "observation.year_outside",
    ErrorKind.invalid,
    "{year} 年不在指标 {code} 的填报年份 {first} 至 {last} 之内",
    "Year {year} is outside the years {first} to {last} of indicator {code}.",
    basis="ST-02",
)
FROM_OPERATIONS = define(
    "observation.from_operations",
    ErrorKind.invalid,
    "指标 {code} 由平台业务数据计算，不填报",
    "Indicator {code} is computed from operations; nothing is reported for it.",
    basis="ST-06",
)
YEAR_NOT_BEGUN = define(
    "observation.year_not_begun",
    ErrorKind.invalid,
    "{year} 年尚未开始",
    "The year {year} has not begun.",
)
FLAG_EXPECTED = define(
    "observation.flag_expected",
    ErrorKind.invalid,
    "里程碑 {code} 只填 1（已达成）或 0（未达成）",
    "Milestone {code} is 1 when reached and 0 when not.",
)
PLACE_TWICE = define(
    "observation.place_twice",
    ErrorKind.invalid,
    "同一指标、填报项、对象、年份重复",
    "The same indicator, component, subject and year is given twice.",
)
EVIDENCE_MISSING = define(
    "observation.evidence_missing",
    ErrorKind.conflict,
    "填报数据没有佐证文件，不能通过审核",
    "A value without evidence cannot be approved.",
    basis="ST-07",
)
REASON_MISSING = define(
    "observation.reason_missing", ErrorKind.invalid, "退回须说明理由", "A rejection states its reason."
)
OUTDATED = define(
    "observation.outdated",
    ErrorKind.conflict,
    "较新的第 {revision} 版已通过审核",
    "The later revision {revision} has been approved.",
)


@dataclass(frozen=True, slots=True)
class Reportable:
    """What of an indicator decides which values may be reported for it."""

    code: str
    category: Category
    kind: IndicatorKind
    operational: bool
    components: Sequence[str]
    base_year: int | None
    first_year: int
    last_year: int

    @property
    def years(self) -> range:
        """The years that are reported: the plan's, and back to the base year (ST-02).

        Of a growth that operations tell, the base year alone: it may lie before the platform's time. Of
        anything else that operations tell, none.
        """
        if not self.operational:
            return range(min(self.base_year or self.first_year, self.first_year), self.last_year + 1)
        if self.kind is IndicatorKind.growth and self.base_year is not None:
            return range(self.base_year, self.base_year + 1)
        return range(0)


@dataclass(frozen=True, slots=True)
class Told:
    """A value as it is reported; `subject` is empty where no objects are counted."""

    component: str
    subject: str
    year: int
    value_micro: int


def faults(of: Reportable, told: Told, *, this_year: int, pointer: str = "") -> list[Violation]:
    """Objections to a value: none is reported, or it is of the wrong year, part or kind (ST-02, ST-06)."""
    code, found = of.code, _year_faults(of, told.year, this_year, pointer)
    if told.component not in of.components:
        facts = {"code": code, "component": told.component, "components": list(of.components)}
        found.append(COMPONENT_UNKNOWN.violation(f"{pointer}/component", **facts))
    counted = of.kind is IndicatorKind.qualified_count
    if counted and not told.subject:
        found.append(SUBJECT_MISSING.violation(f"{pointer}/subject", code=code))
    if told.subject and not counted:
        found.append(SUBJECT_UNEXPECTED.violation(f"{pointer}/subject", code=code))
    if of.category is Category.milestone and told.value_micro not in {0, MICRO}:
        found.append(FLAG_EXPECTED.violation(f"{pointer}/value", code=code))
    return found


def _year_faults(of: Reportable, year: int, this_year: int, pointer: str) -> list[Violation]:
    if not of.years:
        return [FROM_OPERATIONS.violation(pointer, code=of.code)]
    found: list[Violation] = []
    if year not in of.years:
        facts = {"code": of.code, "year": year, "first": of.years[0], "last": of.years[-1]}
        found.append(YEAR_OUTSIDE.violation(f"{pointer}/year", **facts))
    if year > this_year:
        found.append(YEAR_NOT_BEGUN.violation(f"{pointer}/year", year=year))
    return found
