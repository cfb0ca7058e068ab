"""Plans on the wire: their documents as they come in, their dictionary of indicators as it goes out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.fact import Measure
from app.domain.indicator import Category, Comparator, IndicatorKind, SourceKind
from app.schemas.common import Day, DistrictCode, Id, Name, RequestModel, ResponseModel, Text
from app.schemas.statistic import DefinitionOut
from app.schemas.task import TaskIn

Value = Annotated[str, StringConstraints(max_length=40), Field(examples=["1250.5"])]
"""A number of at most six decimals, as a string: JSON numbers are refused."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{0,19}$")]
Component = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Year = Annotated[int, Field(ge=1985, le=2200)]
Names = Annotated[list[Name], Field(max_length=50)]


class TargetIn(RequestModel):
    """What an indicator is to reach, in its unit; a growth's is percent a year.

    `upper` closes a range such as 3–5. `thresholds`: what each counted object must reach, by component.
    """

    comparator: Annotated[Comparator, Field(strict=False)]
    value: Value
    upper: Value | None = None
    thresholds: Annotated[dict[Component, Value], Field(max_length=10)] = Field(default_factory=dict)


class IndicatorIn(RequestModel):
    """An indicator as the plan states it; `wording` quotes the plan, `tasks` are numbers of its tasks."""

    code: Code
    category: Annotated[Category, Field(strict=False)]
    kind: Annotated[IndicatorKind, Field(strict=False)]
    source: Annotated[SourceKind, Field(strict=False)]
    name_zh: Name
    name_en: Name
    wording: Text
    unit: Name
    base_year: Year | None = None
    measures: Annotated[list[Annotated[Measure, Field(strict=False)]], Field(max_length=10)] = Field(
        default_factory=list
    )
    components: Annotated[list[Component], Field(min_length=1, max_length=10)]
    departments: Annotated[list[Name], Field(min_length=1, max_length=50)]
    rules: Names = Field(default_factory=list)
    tasks: Annotated[list[Annotated[int, Field(ge=1, le=999)]], Field(max_length=50)] = Field(
        default_factory=list
    )
    definition_version: Annotated[int, Field(ge=1, le=999)] = 1
    target: TargetIn | None = None


class PlanIn(RequestModel):
    """A government plan over whole calendar years, with its departments, tasks and indicators."""

    code: Code
    name_zh: Name
    name_en: Name
    basis: Name
    district_code: DistrictCode
    starts_on: Day
    ends_on: Day
    departments: Annotated[list[Name], Field(min_length=1, max_length=200)]
    tasks: Annotated[list[TaskIn], Field(max_length=200)]
    indicators: Annotated[list[IndicatorIn], Field(max_length=300)]


class AssignmentIn(RequestModel):
    """Which organisation answers for the department of that name from now on; null: nobody."""

    name: Name
    organisation_id: Id | None


class DepartmentOut(ResponseModel):
    """A department of a plan, and the organisation that answers for it."""

    name: str
    organisation_id: uuid.UUID | None


class PlanOut(ResponseModel):
    """A plan in short."""

    id: uuid.UUID
    code: str
    name_zh: str
    name_en: str
    basis: str
    district_code: str
    starts_on: date
    ends_on: date
    task_count: int
    indicator_count: int = Field(description="Indicators, trends and milestones.")
    version: int


class PlanDetailOut(PlanOut):
    """A plan with its departments."""

    departments: list[DepartmentOut]


class TargetOut(ResponseModel):
    """What an indicator is to reach."""

    comparator: str
    value: str
    upper: str | None
    thresholds: dict[str, str]


class CountedOut(ResponseModel):
    """A measure that an indicator sums, and what it means."""

    measure: str
    unit: str = Field(description="`1` for counts, `fen` for amounts.")
    definition: DefinitionOut


class IndicatorOut(ResponseModel):
    """An entry of the dictionary of indicators (STA-01)."""

    id: uuid.UUID
    code: str
    category: str
    kind: str
    source: str
    name_zh: str
    name_en: str
    wording: str
    unit: str
    base_year: int | None
    measures: list[CountedOut]
    components: list[str]
    departments: list[str]
    rules: list[str]
    tasks: list[int]
    definition_version: int
    target: TargetOut | None


class IndicatorsOut(ResponseModel):
    """The dictionary of a plan's indicators, in the plan's order."""

    items: list[IndicatorOut]
