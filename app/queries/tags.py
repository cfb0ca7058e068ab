"""Reads of tags: those of a right, and the industry rights are counted under."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from app.domain import tag as rules
from app.domain.tag import TagScheme
from app.models.asset import AssetTag

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def of_right(
    session: AsyncSession, asset_id: uuid.UUID, *, known_at: datetime | None = None
) -> Sequence[AssetTag]:
    """Every tag of a right, ended ones too, by scheme, start and code; those known by `known_at` if given."""
    statement = select(AssetTag).where(AssetTag.asset_id == asset_id)
    if known_at is not None:
        statement = statement.where(AssetTag.recorded_at <= known_at)
    in_order = statement.order_by(
        AssetTag.scheme, AssetTag.valid_from.nulls_first(), AssetTag.code, AssetTag.id
    )
    return (await session.scalars(in_order)).all()


async def get(session: AsyncSession, asset_id: uuid.UUID, tag_id: uuid.UUID) -> AssetTag:
    """One tag of a right. Raises: `tag.not_found`."""
    tag = await session.get(AssetTag, tag_id, populate_existing=True)
    if tag is None or tag.asset_id != asset_id:
        raise rules.NOT_FOUND.error("path:tag_id")
    return tag


async def live(session: AsyncSession, asset_id: uuid.UUID, scheme: TagScheme) -> Sequence[AssetTag]:
    """The tags of a scheme that have not been ended."""
    statement = select(AssetTag).where(
        AssetTag.asset_id == asset_id, AssetTag.scheme == scheme, AssetTag.ended_at.is_(None)
    )
    return (await session.scalars(statement)).all()


async def industry(session: AsyncSession, asset_ids: Collection[uuid.UUID], *, on: date) -> str:
    """The industry that rights are counted under on a day, as it is known now, in one statement (AST-11).

    Of main tags of GB/T 4754 that hold on that day; see `domain.tag.one_industry`.
    """
    statement = select(AssetTag.asset_id, AssetTag.code).where(
        AssetTag.asset_id.in_(asset_ids),
        AssetTag.scheme == TagScheme.gbt4754,
        AssetTag.main,
        or_(AssetTag.valid_from.is_(None), AssetTag.valid_from <= on),
        or_(AssetTag.ended_at.is_(None), AssetTag.valid_to > on),
    )
    found = (await session.execute(statement.order_by(AssetTag.recorded_at))).all()
    codes: dict[object, str | None] = dict.fromkeys(asset_ids)
    codes.update((asset_id, code) for asset_id, code in found)
    return rules.one_industry(codes)
