"""Reads and locks of programmes. What a district buys is public to every authenticated caller."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import plan as plan_rules, programme as rules
from app.domain.programme import ProgrammeStatus
from app.models.plan import Plan
from app.models.programme import Programme

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


def visible() -> Select[Programme]:
    """All programmes."""
    return select(Programme)


def matching(
    *,
    plan_id: uuid.UUID | None = None,
    district_code: str | None = None,
    status: ProgrammeStatus | None = None,
) -> Select[Programme]:
    """Programmes narrowed by what is given."""
    statement = visible()
    given = (
        (Programme.plan_id, plan_id),
        (Programme.district_code, district_code),
        (Programme.status, status),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(
    session: AsyncSession, programme_id: uuid.UUID, *, pointer: str | None = None, lock: bool = False
) -> Programme:
    """One programme, locked for a change if asked. Raises: `programme.not_found` at `pointer`."""
    statement = visible().where(Programme.id == programme_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return _found((await session.scalars(statement)).one_or_none(), programme_id, pointer)


async def hold(session: AsyncSession, programme_id: uuid.UUID, *, pointer: str | None = None) -> Programme:
    """One programme that does not change until the transaction ends; others may hold it too.

    Raises: `programme.not_found` at `pointer`.
    """
    statement = visible().where(Programme.id == programme_id).with_for_update(read=True)
    statement = statement.execution_options(populate_existing=True)
    return _found((await session.scalars(statement)).one_or_none(), programme_id, pointer)


def _found(programme: Programme | None, programme_id: uuid.UUID, pointer: str | None) -> Programme:
    if programme is None:
        raise rules.NOT_FOUND.error(pointer, programme_id=programme_id)
    return programme


async def plan(session: AsyncSession, plan_id: uuid.UUID) -> Plan:
    """The plan a programme is to belong to. Raises: `plan.not_found` at `/plan_id`."""
    found = await session.get(Plan, plan_id)
    if found is None:
        raise plan_rules.NOT_FOUND.error("/plan_id", plan_id=plan_id)
    return found
