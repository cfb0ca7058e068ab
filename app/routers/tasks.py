"""`/v1/tasks`: the progress that departments report on a plan's tasks."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.plan import TaskReport
from app.queries import tasks as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.task import TaskReportIn, TaskReportOut
from app.services import tasks

router = APIRouter(prefix="/v1/tasks", tags=["plans"])

Writing = Annotated[WriteUnit, writes(Permission.task_report)]
Reading = Annotated[ReadUnit, reads(Permission.plan_read)]


@router.post("/{task_id}/reports", status_code=201, response_model=TaskReportOut)
async def report(task_id: uuid.UUID, body: TaskReportIn, unit: Writing) -> Response:
    """Report where a task stands, as a department that answers for it."""
    new = tasks.NewReport(
        progress=body.progress,
        percent=body.percent,
        note=body.note,
        occurred_on=body.occurred_on,
        document_id=body.document_id,
    )
    made = await tasks.report(unit.session, actor=unit.actor, moment=unit.moment, task_id=task_id, new=new)
    return await unit.reply(201, TaskReportOut.model_validate(made))


@router.get("/{task_id}/reports")
async def reports(task_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[TaskReportOut]:
    """List what has been reported on a task."""
    task = await queries.get(unit.session, task_id)
    found = await page(unit.session, queries.reports(task.id), TaskReport.id, paging.wanted)
    return paging.answer(found, [TaskReportOut.model_validate(one) for one in found.rows])
