"""Reads of tags: those of a right, and the industry rights are counted under."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

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
    """The industry that rights are counted under on a day, as it is known now (AST-11).

    Of main tags of GB/T 4754 that hold on that day; see `domain.tag.one_industry`.
    """
    return (await industries(session, [(asset_ids, on)]))[0]


async def industries(session: AsyncSession, asked: Sequence[tuple[Collection[uuid.UUID], date]]) -> list[str]:
    """As `industry`, of many groups of rights each on a day of its own, in one statement."""
    statement = select(
        AssetTag.asset_id, AssetTag.code, AssetTag.valid_from, AssetTag.valid_to, AssetTag.ended_at
    ).where(
        AssetTag.asset_id.in_({asset_id for asset_ids, _ in asked for asset_id in asset_ids}),
        AssetTag.scheme == TagScheme.gbt4754,
        AssetTag.main,
    )
    known: defaultdict[uuid.UUID, list[_Tagged]] = defaultdict(list)
    for asset_id, code, first, beyond, ended_at in await session.execute(
        statement.order_by(AssetTag.recorded_at)
    ):
        known[asset_id].append(_Tagged(code, first, beyond, ended_at))
    return [
        rules.one_industry({asset_id: _main_code(known[asset_id], on) for asset_id in asset_ids})
        for asset_ids, on in asked
    ]


class _Tagged(NamedTuple):
    code: str
    valid_from: date | None
    valid_to: date | None
    ended_at: datetime | None


def _main_code(tags: Iterable[_Tagged], on: date) -> str | None:
    """The code that holds on a day, the last told where several do."""
    code = None
    for tag in tags:
        begun = tag.valid_from is None or tag.valid_from <= on
        if begun and (tag.ended_at is None or (tag.valid_to is not None and tag.valid_to > on)):
            code = tag.code
    return code
