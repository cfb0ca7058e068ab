"""`/v1/plans`: government plans as data, their dictionary of indicators and their tasks (STA-01, STA-02)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from sqlalchemy import select
from starlette.responses import Response

from app.domain.fact import DEFINITIONS, Measure
from app.domain.indicator import format_value
from app.domain.permission import Permission
from app.domain.plan_entry import read_plan
from app.models.plan import Plan, Target, Task, TaskReport
from app.queries import plans as queries, tasks as task_queries
from app.queries.paging import page
from app.queries.plans import Counts, Measured
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.plan import (
    AssignmentIn,
    CountedOut,
    DepartmentOut,
    IndicatorOut,
    IndicatorsOut,
    PlanDetailOut,
    PlanIn,
    PlanOut,
    TargetOut,
)
from app.schemas.statistic import DefinitionOut
from app.schemas.task import TaskOut, TasksOut, TaskStandingOut
from app.services import plans

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/plans", tags=["plans"])

Writing = Annotated[WriteUnit, writes(Permission.plan_write)]
Reading = Annotated[ReadUnit, reads(Permission.plan_read)]


def _shown(plan: Plan, counts: Mapping[uuid.UUID, Counts]) -> dict[str, Any]:
    return {
        "id": plan.id,
        "code": plan.code,
        "name_zh": plan.name_zh,
        "name_en": plan.name_en,
        "basis": plan.basis,
        "district_code": plan.district_code,
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "task_count": counts[plan.id].tasks,
        "indicator_count": counts[plan.id].indicators,
        "version": plan.version,
    }


async def _detail(session: AsyncSession, plan: Plan) -> PlanDetailOut:
    counts = await queries.counts(session, [plan.id])
    departments = await queries.departments(session, plan.id)
    return PlanDetailOut(
        **_shown(plan, counts), departments=[DepartmentOut.model_validate(one) for one in departments]
    )


async def _answer(unit: WriteUnit, plan: Plan, status_code: int = 200) -> Response:
    headers = {"ETag": etag(plan.version)}
    return await unit.reply(status_code, await _detail(unit.session, plan), headers=headers)


@router.post("", status_code=201, response_model=PlanDetailOut)
async def create(body: PlanIn, unit: Writing) -> Response:
    """Enter a plan with its departments, tasks and indicators, or say everything that is wrong with it."""
    new = read_plan(body.model_dump(mode="json", exclude_none=True))
    plan = await plans.create(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, plan, 201)


@router.post("/{plan_id}/departments/assignment", response_model=PlanDetailOut)
async def assign(plan_id: uuid.UUID, body: AssignmentIn, unit: Writing) -> Response:
    """Say which organisation answers for a department of the plan."""
    plan = await plans.assign(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        plan_id=plan_id,
        answering={body.name: body.organisation_id},
    )
    return await _answer(unit, plan)


@router.get("")
async def search(unit: Reading, paging: PageDep) -> Page[PlanOut]:
    """List the plans."""
    found = await page(unit.session, select(Plan), Plan.id, paging.wanted)
    counts = await queries.counts(unit.session, [plan.id for plan in found.rows])
    return paging.answer(found, [PlanOut(**_shown(plan, counts)) for plan in found.rows])


@router.get("/{plan_id}")
async def get(plan_id: uuid.UUID, unit: Reading, response: Response) -> PlanDetailOut:
    """One plan with its departments."""
    plan = await queries.get(unit.session, plan_id)
    response.headers["ETag"] = etag(plan.version)
    return await _detail(unit.session, plan)


@router.get("/{plan_id}/indicators")
async def indicators(plan_id: uuid.UUID, unit: Reading) -> IndicatorsOut:
    """The dictionary of the plan's indicators: what each means, sums, asks and who answers for it."""
    plan = await queries.get(unit.session, plan_id)
    return IndicatorsOut(items=[_entry(one) for one in await queries.indicators(unit.session, plan.id)])


@router.get("/{plan_id}/tasks")
async def tasks(plan_id: uuid.UUID, unit: Reading) -> TasksOut:
    """The plan's tasks, and where each stands by its last report."""
    plan = await queries.get(unit.session, plan_id)
    last = await task_queries.last_reports(unit.session, plan.id)
    found = await task_queries.of_plan(unit.session, plan.id)
    return TasksOut(items=[_task(task, last.get(task.id)) for task in found])


def _entry(measured: Measured) -> IndicatorOut:
    indicator = measured.indicator
    return IndicatorOut(
        id=indicator.id,
        code=indicator.code,
        category=indicator.category,
        kind=indicator.kind,
        source=indicator.source,
        name_zh=indicator.name_zh,
        name_en=indicator.name_en,
        wording=indicator.wording,
        unit=indicator.unit,
        base_year=indicator.base_year,
        measures=_counted(indicator.measures),
        components=indicator.components,
        departments=indicator.departments,
        rules=indicator.rules,
        tasks=indicator.task_numbers,
        definition_version=indicator.definition_version,
        target=_target(measured.target),
    )


def _counted(names: Iterable[str]) -> list[CountedOut]:
    measures = [Measure(name) for name in names]
    return [
        CountedOut(
            measure=one.value, unit=one.unit, definition=DefinitionOut.model_validate(DEFINITIONS[one])
        )
        for one in measures
    ]


def _target(target: Target | None) -> TargetOut | None:
    if target is None:
        return None
    return TargetOut(
        comparator=target.comparator,
        value=format_value(target.value_micro),
        upper=None if target.upper_micro is None else format_value(target.upper_micro),
        thresholds={name: format_value(micro) for name, micro in target.thresholds.items()},
    )


def _task(task: Task, report: TaskReport | None) -> TaskOut:
    return TaskOut(
        id=task.id,
        number=task.number,
        section=task.section,
        name_zh=task.name_zh,
        name_en=task.name_en,
        lead=task.lead,
        supporting=task.supporting,
        last_report=None if report is None else _standing(report),
    )


def _standing(report: TaskReport) -> TaskStandingOut:
    return TaskStandingOut(
        progress=report.progress,
        percent=report.percent,
        note=report.note,
        reported_on=report.occurred_on,
        organisation_id=report.organisation_id,
    )
