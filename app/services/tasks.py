"""Tasks: what the departments report on them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import task as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.request import date_faults
from app.domain.task import TaskProgress
from app.models.plan import TaskReport
from app.queries import documents as document_queries, plans as plan_queries, tasks as queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewReport:
    """Where a task stands on a day, as a department tells it."""

    progress: TaskProgress
    percent: int
    note: str
    occurred_on: date
    document_id: uuid.UUID | None = None


async def report(
    session: AsyncSession, *, actor: Actor, moment: Moment, task_id: uuid.UUID, new: NewReport
) -> TaskReport:
    """Add a report to a task; the one of the latest day is where the task stands.

    Raises: `task.not_found`, `task.not_responsible`; `task.percent_mismatch` and `request.date_…`, both
    at once; `document.not_found`.
    """
    task = await queries.get(session, task_id)
    plan = await plan_queries.get(session, task.plan_id)
    answered = await plan_queries.departments_of(session, actor.organisation_id)
    departments = [*task.lead, *task.supporting]
    if not any((task.plan_id, name) in answered for name in departments):
        raise rules.NOT_RESPONSIBLE.error(departments="、".join(departments))
    refuse_if(
        [
            *rules.progress_faults(new.progress, new.percent),
            *date_faults("/occurred_on", new.occurred_on, today=moment.today, first=plan.starts_on),
        ]
    )
    await document_queries.require(session, actor, new.document_id)
    event = events.NewEvent(
        type="task.reported",
        noun="task",
        subject_id=task.id,
        stream=task.district_code,
        audience=[actor.organisation_id],
        public=True,
        occurred_on=new.occurred_on,
        payload={
            "plan": plan.code,
            "number": task.number,
            "progress": new.progress.value,
            "percent": new.percent,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = TaskReport(
        id=new_id(),
        district_code=task.district_code,
        task_id=task.id,
        organisation_id=actor.organisation_id,
        progress=new.progress.value,
        percent=new.percent,
        note=new.note,
        document_id=new.document_id,
        occurred_on=new.occurred_on,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    return made
