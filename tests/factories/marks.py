"""Registered marks with their words, classes and items, entered through the register's own service."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind, AssetStatus, LinkKind, MarkKind, NumberScheme
from app.domain.asset_entry import NewAsset, NewClass, NewOwner
from app.domain.asset_goods import NewItem
from app.domain.permission import system_actor
from app.models.asset import Asset
from app.services import assets
from tests.factories.clock import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_numbers = itertools.count(70_000_001)


async def make_mark(
    session: AsyncSession,
    *,
    owners: Sequence[uuid.UUID],
    name: str = "示例星河",
    classes: Mapping[int, Sequence[str]] | None = None,
    status: AssetStatus = AssetStatus.registered,
    mark_kind: MarkKind | None = None,
) -> Asset:
    """A mark of 2021. `classes`: the similarity groups of each class, one item a group; none: not known."""
    new = NewAsset(
        kind=AssetKind.trademark,
        numbers={NumberScheme.registration: str(next(_numbers))},
        name=name,
        status=status,
        status_source="商标档案",
        status_as_of=now().today,
        mark_kind=mark_kind,
        classes=[
            NewClass(number, None, [NewItem(number, f"商品 {group}", group) for group in groups])
            for number, groups in (classes or {9: ()}).items()
        ],
        filed_on=date(2020, 3, 2),
        registered_on=date(2021, 3, 21) if status is not AssetStatus.applied else None,
        owners=[NewOwner(owner) for owner in owners],
    )
    moment = now()
    return (await assets.register(session, actor=system_actor("test"), moment=moment, new=new)).asset


async def similar(session: AsyncSession, one: Asset, other: Asset) -> uuid.UUID:
    """An office holds the two marks to be similar; the link's id."""
    made = await assets.link(
        session,
        actor=system_actor("test"),
        moment=now(),
        asset_id=one.id,
        other_asset_id=other.id,
        kind=LinkKind.similar_mark,
    )
    return made.id
