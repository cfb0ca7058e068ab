"""Reads of tasks and the reports on them. Both are public to every caller, as plans are."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain import task as rules
from app.models.plan import Task, TaskReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def get(session: AsyncSession, task_id: uuid.UUID) -> Task:
    """One task. Raises: `task.not_found`."""
    task = await session.get(Task, task_id)
    if task is None:
        raise rules.NOT_FOUND.error(task_id=task_id)
    return task


async def of_plan(session: AsyncSession, plan_id: uuid.UUID) -> Sequence[Task]:
    """The tasks of a plan by their numbers."""
    return (await session.scalars(select(Task).where(Task.plan_id == plan_id).order_by(Task.number))).all()


async def last_reports(session: AsyncSession, plan_id: uuid.UUID) -> dict[uuid.UUID, TaskReport]:
    """By task, the report of the latest day, the latest of that day: where the task stands."""
    statement = (
        select(TaskReport)
        .join(Task, Task.id == TaskReport.task_id)
        .where(Task.plan_id == plan_id)
        .ext(distinct_on(TaskReport.task_id))
        .order_by(TaskReport.task_id, TaskReport.occurred_on.desc(), TaskReport.id.desc())
    )
    return {report.task_id: report for report in await session.scalars(statement)}


def reports(task_id: uuid.UUID) -> Select[TaskReport]:
    """All reports on a task."""
    return select(TaskReport).where(TaskReport.task_id == task_id)
