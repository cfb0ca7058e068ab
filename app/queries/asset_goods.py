"""Reads of the goods and services of marks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.models.asset import AssetClass, AssetGood

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def of_mark(session: AsyncSession, asset_id: uuid.UUID, *, live: bool = False) -> Sequence[AssetGood]:
    """The items of a mark, fresh, by class, group and words; without those struck out if `live`."""
    statement = select(AssetGood).where(AssetGood.asset_id == asset_id)
    if live:
        statement = statement.where(AssetGood.removed_at.is_(None))
    in_order = statement.order_by(
        AssetGood.nice_class, AssetGood.similar_group, AssetGood.item, AssetGood.recorded_at, AssetGood.id
    )
    return (await session.scalars(in_order, execution_options={"populate_existing": True})).all()


async def classes(session: AsyncSession, asset_id: uuid.UUID) -> set[int]:
    """The Nice classes of a mark."""
    return set(await session.scalars(select(AssetClass.nice_class).where(AssetClass.asset_id == asset_id)))
