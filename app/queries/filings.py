"""Reads and locks of filings. Who sees a pledge sees what was filed for it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, select

from app.domain import filing as rules
from app.domain.filing import OPEN, FilingAction, FilingStatus
from app.models.event import Event
from app.models.filing import Filing
from app.models.pledge import Pledge
from app.queries import pledges as pledge_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.asset import AssetKind
    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Filing]:
    """Filings of the pledges the caller may see."""
    seen = pledge_queries.visible(actor).with_only_columns(Pledge.id)
    return select(Filing).where(Filing.pledge_id.in_(seen))


def matching(
    statement: Select[Filing],
    *,
    pledge_id: uuid.UUID | None = None,
    status: FilingStatus | None = None,
    due_before: date | None = None,
) -> Select[Filing]:
    """`statement` narrowed by what is given; `due_before`: the office has not decided, its day is earlier."""
    if pledge_id is not None:
        statement = statement.where(Filing.pledge_id == pledge_id)
    if status is not None:
        statement = statement.where(Filing.status == status)
    if due_before is not None:
        statement = statement.where(Filing.status == FilingStatus.submitted, Filing.due_on < due_before)
    return statement


async def get(session: AsyncSession, actor: Actor, filing_id: uuid.UUID) -> Filing:
    """One filing the caller may see. Raises: `filing.not_found`."""
    found = (await session.scalars(visible(actor).where(Filing.id == filing_id))).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error(filing_id=filing_id)
    return found


async def fresh(session: AsyncSession, filing_id: uuid.UUID) -> Filing:
    """A filing that is known to exist, as it is now; the caller holds the lock of its pledge."""
    statement = select(Filing).where(Filing.id == filing_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def open_of(
    session: AsyncSession, pledge_id: uuid.UUID, action: FilingAction, asset_kind: AssetKind | None = None
) -> Sequence[Filing]:
    """What the office has not decided yet of a pledge, fresh; the caller holds the lock of the pledge."""
    statement = select(Filing).where(
        Filing.pledge_id == pledge_id, Filing.action == action, Filing.status.in_(OPEN)
    )
    if asset_kind is not None:
        statement = statement.where(Filing.asset_kind == asset_kind)
    ordered = statement.order_by(Filing.id).execution_options(populate_existing=True)
    return (await session.scalars(ordered)).all()


async def newly_overdue(session: AsyncSession, today: date) -> Sequence[tuple[Filing, Pledge]]:
    """What the office should have decided before `today` and nobody has been told of since it fell due."""
    told = exists().where(
        Event.noun == "filing",
        Event.subject_id == Filing.id,
        Event.type == "filing.overdue",
        Event.occurred_on > Filing.due_on,
    )
    statement = (
        select(Filing, Pledge)
        .join(Pledge, Pledge.id == Filing.pledge_id)
        .where(Filing.status == FilingStatus.submitted, Filing.due_on < today, ~told)
        .order_by(Filing.id)
    )
    return [(filing, pledge) for filing, pledge in await session.execute(statement)]
