"""Reads and locks of stays. Whether dispositions of a right are stayed is public."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import stay as rules
from app.domain.stay import StayStatus
from app.models.stay import Stay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


def of_right(asset_id: uuid.UUID, *, status: StayStatus | None = None) -> Select[Stay]:
    """The stays of a right, in one state if given."""
    statement = select(Stay).where(Stay.asset_id == asset_id)
    return statement if status is None else statement.where(Stay.status == status.value)


async def lock(session: AsyncSession, asset_id: uuid.UUID, stay_id: uuid.UUID, *, pointer: str) -> Stay:
    """A stay of a locked right, locked and fresh. Raises: `stay.not_found` at `pointer`."""
    statement = of_right(asset_id).where(Stay.id == stay_id).with_for_update(key_share=True)
    stay = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if stay is None:
        raise rules.NOT_FOUND.error(pointer, stay_id=stay_id)
    return stay


async def over(session: AsyncSession, today: date) -> Sequence[uuid.UUID]:
    """The rights with a stay in force whose last day is over."""
    statement = (
        select(Stay.asset_id)
        .where(Stay.status == StayStatus.in_force.value, Stay.ends_on < today)
        .distinct()
        .order_by(Stay.asset_id)
    )
    return (await session.scalars(statement)).all()


async def lock_over(session: AsyncSession, asset_ids: Sequence[uuid.UUID], today: date) -> list[Stay]:
    """The stays of locked rights that are over, locked in the order of their ids."""
    statement = (
        select(Stay)
        .where(
            Stay.asset_id.in_(asset_ids),
            Stay.status == StayStatus.in_force.value,
            Stay.ends_on < today,
        )
        .order_by(Stay.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))
