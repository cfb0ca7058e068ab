"""Reads and locks of plans, their departments and indicators. Plans are public to every caller."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, tuple_

from app.domain import plan as rules
from app.models.plan import Indicator, Plan, PlanDepartment, Target, Task

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator and what it is to reach; trends and milestones have no target."""

    indicator: Indicator
    target: Target | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a plan holds."""

    tasks: int
    indicators: int


async def get(session: AsyncSession, plan_id: uuid.UUID, *, lock: bool = False) -> Plan:
    """One plan, locked and fresh if asked. Raises: `plan.not_found`."""
    statement = select(Plan).where(Plan.id == plan_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    plan = (await session.scalars(statement)).one_or_none()
    if plan is None:
        raise rules.NOT_FOUND.error(plan_id=plan_id)
    return plan


async def with_code(session: AsyncSession, code: str) -> Plan | None:
    """The plan of that code, if there is one."""
    return (await session.scalars(select(Plan).where(Plan.code == code))).one_or_none()


async def departments(session: AsyncSession, plan_id: uuid.UUID) -> Sequence[PlanDepartment]:
    """The departments a plan names, in its order."""
    statement = select(PlanDepartment).where(PlanDepartment.plan_id == plan_id).order_by(PlanDepartment.id)
    return (await session.scalars(statement)).all()


async def departments_of(session: AsyncSession, organisation_id: uuid.UUID) -> set[tuple[uuid.UUID, str]]:
    """Plan and name of every department that an organisation answers for."""
    statement = select(PlanDepartment.plan_id, PlanDepartment.name).where(
        PlanDepartment.organisation_id == organisation_id
    )
    return {(plan_id, name) for plan_id, name in (await session.execute(statement)).all()}


async def counts(session: AsyncSession, plan_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    """How many tasks and indicators each plan has."""
    tasks = select(func.count()).where(Task.plan_id == Plan.id).scalar_subquery()
    indicators = select(func.count()).where(Indicator.plan_id == Plan.id).scalar_subquery()
    rows = await session.execute(select(Plan.id, tasks, indicators).where(Plan.id.in_(plan_ids)))
    return {row[0]: Counts(row[1], row[2]) for row in rows.all()}


async def indicators(session: AsyncSession, plan_id: uuid.UUID) -> list[Measured]:
    """The indicators of a plan with their targets, in its order."""
    statement = (
        select(Indicator, Target)
        .outerjoin(Target, Target.indicator_id == Indicator.id)
        .where(Indicator.plan_id == plan_id)
        .order_by(Indicator.ordinal)
    )
    return [Measured(indicator, target) for indicator, target in (await session.execute(statement)).all()]


@dataclass(frozen=True, slots=True)
class Place:
    """An indicator and the plan it stands in."""

    indicator: Indicator
    plan: Plan


async def find_indicators(
    session: AsyncSession, *, ids: Collection[uuid.UUID] = (), codes: Collection[tuple[str, str]] = ()
) -> list[Place]:
    """Indicators by their ids or by the codes of plan and indicator; what is not found is left out."""
    statement = (
        select(Indicator, Plan)
        .join(Plan, Plan.id == Indicator.plan_id)
        .where(Indicator.id.in_(ids) | tuple_(Plan.code, Indicator.code).in_(codes))
    )
    return [Place(indicator, plan) for indicator, plan in (await session.execute(statement)).all()]


async def lock_indicators(session: AsyncSession, ids: Collection[uuid.UUID]) -> None:
    """Hold indicators, in the order of their ids, so that one caller at a time reports or decides."""
    statement = select(Indicator.id).where(Indicator.id.in_(ids)).order_by(Indicator.id)
    await session.execute(statement.with_for_update(key_share=True))
