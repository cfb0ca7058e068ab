"""The scoreboard of a plan on the wire. Values are decimal strings with at most six decimals."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from app.schemas.common import ResponseModel


class PlanNameOut(ResponseModel):
    """Which plan is judged."""

    id: uuid.UUID
    code: str
    name_zh: str
    name_en: str
    district_code: str
    starts_on: date
    ends_on: date


class GoalOut(ResponseModel):
    """What an indicator asks, in its `value_unit`."""

    comparator: str
    value: str
    upper: str | None = Field(description="The end of the plan's range; more is met too.")
    thresholds: dict[str, str] = Field(description="What each counted object must reach, by component.")
    text: str


class BaseOut(ResponseModel):
    """The figure growth is reckoned from (ST-02)."""

    year: int
    value: str
    source: str


class YearFigureOut(ResponseModel):
    """The figure of a year in the indicator's unit; of one still running, up to the day."""

    year: int
    value: str
    path: str | None
    closed: bool


class StandingOut(ResponseModel):
    """Where an indicator, trend or milestone stands."""

    id: uuid.UUID
    code: str
    name_zh: str
    name_en: str
    wording: str
    unit: str
    value_unit: str = Field(description="Unit of value and target: % for a growth, else the indicator's.")
    category: str
    kind: str
    source: str
    value: str | None = Field(
        description="Null without a baseline or data. Growth: percent a year; every_year: the least year's; "
        "comparison: the first component's, its path being the second's."
    )
    display: str | None
    target: GoalOut | None
    path: str | None = Field(description="Where the path stands at the end of the judged year.")
    path_display: str | None
    status: str
    reason_zh: str | None
    reason_en: str | None
    base: BaseOut | None
    years: list[YearFigureOut]
    facts: int = Field(description="Number of facts summed in the value.")
    drill: list[str] = Field(description="Per measure, the rows that sum to it; shown as the caller may see.")
    subjects: list[str] | None = Field(description="Objects that qualify; told to the district's regulators.")
    definition_version: int
    rules: list[str]
    departments: list[str]


class ScoreboardOut(ResponseModel):
    """Every indicator of a plan on a day, by what was known at an instant."""

    plan: PlanNameOut
    on: date
    as_of: datetime | None
    judged_year: int | None = Field(description="The latest closed year; null before the first has closed.")
    ended: bool
    indicators: list[StandingOut]
    trends: list[StandingOut]
    milestones: list[StandingOut]
    summary: dict[str, int] = Field(description="Number of indicators by status, every status named.")
    known_through: dict[str, int] = Field(description="Per stream the number of the last seal included.")
    settled: bool = Field(description="Whether the same question will always have this answer.")
    computed_at: datetime
