"""Plans: entering one from its document, and saying who answers for its departments (STA-01, STA-02)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from app.domain import plan as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.permission import Permission, Role, permissions_of
from app.models.plan import Indicator, Plan, PlanDepartment, Target, Task
from app.queries import organisations as organisation_queries, plans as queries
from app.services import events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.errors import Violation
    from app.domain.indicator import NewIndicator
    from app.domain.permission import Actor
    from app.domain.plan import NewPlan
    from app.domain.task import NewTask
    from app.models.base import Base


async def create(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewPlan) -> Plan:
    """Enter a plan with its departments, tasks, indicators and targets.

    Raises: `plan.district_foreign`, `plan.code_taken`; what `app.domain.plan.faults` finds.
    """
    _require_keeper(actor, new.district_code)
    refuse_if(rules.faults(new))
    if await queries.with_code(session, new.code) is not None:
        raise rules.CODE_TAKEN.error("/code", code=new.code)
    plan = Plan(
        id=new_id(),
        district_code=new.district_code,
        code=new.code,
        name_zh=new.name_zh,
        name_en=new.name_en,
        basis=new.basis,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    counts = {"tasks": len(new.tasks), "indicators": len(new.indicators)}
    event = told(plan, "created", event_id=plan.event_id, audience=[actor.organisation_id], **counts)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(plan)
    await session.flush()
    owned = {"district_code": plan.district_code, "plan_id": plan.id}
    indicators = [(new_id(), indicator) for indicator in new.indicators]
    await _insert(session, PlanDepartment, [owned | _department(name) for name in new.departments])
    await _insert(session, Task, [owned | _task(task) for task in new.tasks])
    await _insert(
        session,
        Indicator,
        [owned | _indicator(key, ordinal, one) for ordinal, (key, one) in enumerate(indicators, start=1)],
    )
    await _insert(session, Target, _targets(plan.district_code, indicators))
    return plan


async def assign(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    plan_id: uuid.UUID,
    answering: Mapping[str, uuid.UUID | None],
) -> Plan:
    """Say which organisations answer for departments of the plan from now on; None: nobody does.

    Raises: `plan.not_found`, `plan.district_foreign`, `organisation.not_found`; `plan.department_unknown`
    and `plan.organisation_unfit`, all at once.
    """
    plan = await queries.get(session, plan_id, lock=True)
    _require_keeper(actor, plan.district_code)
    departments = {department.name: department for department in await queries.departments(session, plan.id)}
    found: list[Violation] = []
    told_of: list[events.NewEvent] = []
    for name, organisation_id in answering.items():
        if name not in departments:
            found.append(rules.DEPARTMENT_UNKNOWN.violation("/name", name=name))
        if organisation_id is not None and not await _fit(session, plan, organisation_id):
            found.append(rules.ORGANISATION_UNFIT.violation("/organisation_id"))
        if not found:
            told_of.append(_assigned(plan, departments[name], organisation_id))
            departments[name].organisation_id = organisation_id
    refuse_if(found)
    plan.version += 1
    await events.record(session, actor=actor, moment=moment, events=told_of)
    await session.flush()
    return plan


async def _fit(session: AsyncSession, plan: Plan, organisation_id: uuid.UUID) -> bool:
    """Whether an organisation is of the plan's district and may report values there."""
    organisation = await organisation_queries.get(session, organisation_id)
    roles = frozenset(Role(role) for role in organisation.roles)
    return (
        organisation.district_code == plan.district_code
        and Permission.observation_write in permissions_of(roles)
    )


def _assigned(plan: Plan, department: PlanDepartment, organisation_id: uuid.UUID | None) -> events.NewEvent:
    concerned = [one for one in (department.organisation_id, organisation_id) if one is not None]
    answering = None if organisation_id is None else str(organisation_id)
    return told(
        plan,
        "department_assigned",
        audience=concerned,
        department=department.name,
        organisation_id=answering,
    )


def told(
    plan: Plan,
    what: str,
    *,
    audience: Sequence[uuid.UUID] = (),
    event_id: uuid.UUID | None = None,
    **more: object,
) -> events.NewEvent:
    """The event `plan.{what}`; plans are public."""
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"plan.{what}",
        noun="plan",
        subject_id=plan.id,
        stream=plan.district_code,
        audience=audience,
        public=True,
        payload={"code": plan.code, **more},
    )


def _require_keeper(actor: Actor, district_code: str) -> None:
    if not actor.oversees(district_code):
        raise rules.DISTRICT_FOREIGN.error("/district_code", district_code=district_code)


async def _insert(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(table), rows)


def _department(name: str) -> dict[str, Any]:
    return {"id": new_id(), "name": name, "organisation_id": None}


def _task(new: NewTask) -> dict[str, Any]:
    return {
        "id": new_id(),
        "number": new.number,
        "section": new.section,
        "name_zh": new.name_zh,
        "name_en": new.name_en,
        "lead": list(new.lead),
        "supporting": list(new.supporting),
    }


def _indicator(key: uuid.UUID, ordinal: int, new: NewIndicator) -> dict[str, Any]:
    return {
        "id": key,
        "code": new.code,
        "ordinal": ordinal,
        "category": new.category.value,
        "kind": new.kind.value,
        "source": new.source.value,
        "name_zh": new.name_zh,
        "name_en": new.name_en,
        "wording": new.wording,
        "unit": new.unit,
        "base_year": new.base_year,
        "measures": [measure.value for measure in new.measures],
        "components": list(new.components),
        "departments": list(new.departments),
        "rules": list(new.rules),
        "task_numbers": list(new.task_numbers),
        "definition_version": new.definition_version,
    }


def _targets(
    district_code: str, indicators: Sequence[tuple[uuid.UUID, NewIndicator]]
) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "district_code": district_code,
            "indicator_id": key,
            "comparator": one.target.comparator.value,
            "value_micro": one.target.value_micro,
            "upper_micro": one.target.upper_micro,
            "thresholds": dict(one.target.thresholds_micro),
        }
        for key, one in indicators
        if one.target is not None
    ]
