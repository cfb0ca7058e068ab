"""Tasks and the reports on them on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.task import TaskProgress
from app.schemas.common import Day, Id, Name, RequestModel, ResponseModel, Text


class TaskIn(RequestModel):
    """A task of a plan: `lead` (牵头单位) and `supporting` (责任单位) are departments of the plan."""

    number: Annotated[int, Field(ge=1, le=999)]
    section: Name
    name_zh: Name
    name_en: Name
    lead: Annotated[list[Name], Field(min_length=1, max_length=50)]
    supporting: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)


class TaskReportIn(RequestModel):
    """Where a task stands on a day: done is 100 %, not started 0 %."""

    progress: Annotated[TaskProgress, Field(strict=False)]
    percent: Annotated[int, Field(ge=0, le=100)]
    note: Text
    occurred_on: Day
    document_id: Id | None = None


class TaskReportOut(ResponseModel):
    """A report on a task."""

    id: uuid.UUID
    task_id: uuid.UUID
    organisation_id: uuid.UUID
    progress: str
    percent: int
    note: str
    document_id: uuid.UUID | None
    occurred_on: date


class TaskStandingOut(ResponseModel):
    """Where a task stands by its last report."""

    progress: str
    percent: int
    note: str
    reported_on: date
    organisation_id: uuid.UUID


class TaskOut(ResponseModel):
    """A task of a plan; `last_report` is null until a department reports."""

    id: uuid.UUID
    number: int
    section: str
    name_zh: str
    name_en: str
    lead: list[str]
    supporting: list[str]
    last_report: TaskStandingOut | None


class TasksOut(ResponseModel):
    """The tasks of a plan by number."""

    items: list[TaskOut]
