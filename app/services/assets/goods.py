"""Goods and services of marks: entering items, and striking them out when a mark is cancelled in part."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from app.domain import asset_goods as rules
from app.domain.asset import NOT_OF_KIND, ZH, AssetKind
from app.domain.asset_goods import NewItem, read_items
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.request import date_faults
from app.models.asset import Asset, AssetGood
from app.queries import asset_goods as queries, assets as asset_queries
from app.services import events
from app.services.assets.common import event as asset_event

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


def rows(
    asset_id: uuid.UUID, items: Iterable[NewItem], event_id: uuid.UUID, recorded_at: datetime
) -> list[AssetGood]:
    """Items as rows of a mark."""
    return [
        AssetGood(
            id=new_id(),
            asset_id=asset_id,
            nice_class=given.nice_class,
            similar_group=given.similar_group,
            item=given.item,
            event_id=event_id,
            recorded_at=recorded_at,
        )
        for given in items
    ]


async def enter_goods(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    items: Sequence[NewItem],
) -> list[AssetGood]:
    """Say item by item what a mark is registered for; its classes are those it has.

    Raises: `asset.not_found`; then all that apply: `asset.not_of_kind`, `similar_group.format`,
    `asset.group_of_other_class`, `asset.item_twice`, `asset.class_not_registered`, `asset.item_exists`.
    """
    asset = await _lock_mark(session, asset_id)
    found: list[Violation] = []
    read = read_items([(f"/items/{place}", item) for place, item in enumerate(items)], found)
    classes = await queries.classes(session, asset_id)
    live = {(row.nice_class, row.item) for row in await queries.of_mark(session, asset_id, live=True)}
    for place, item in enumerate(read):
        if item.nice_class not in classes:
            facts = {"number": asset.number, "nice_class": item.nice_class}
            found.append(rules.CLASS_NOT_REGISTERED.violation(f"/items/{place}/nice_class", **facts))
        if (item.nice_class, item.item) in live:
            found.append(rules.ITEM_EXISTS.violation(f"/items/{place}/item", item=item.item))
    refuse_if(found)
    payload = {"items": [_told(item) for item in read]}
    event = asset_event("asset.goods_entered", asset_id, payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = rows(asset_id, read, event.id, moment.now)
    session.add_all(made)
    await session.flush()
    return made


async def remove_goods(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    item_ids: Sequence[uuid.UUID],
    removed_on: date,
    reason: str,
) -> list[AssetGood]:
    """Strike items out: a partial cancellation or invalidation (商标法第49条). The mark lives on.

    What is struck out stays in the list of what was protected. A status of the whole mark is news of its
    own. Raises: `asset.not_found`; then all that apply: `asset.not_of_kind`, `asset.item_not_found`,
    `asset.item_removed`, `request.date_in_future`, `request.date_too_early` (before the registration).
    """
    asset = await _lock_mark(session, asset_id)
    known = {row.id: row for row in await queries.of_mark(session, asset_id)}
    found = date_faults("/removed_on", removed_on, today=moment.today, first=asset.registered_on)
    chosen: list[AssetGood] = []
    for place, item_id in enumerate(item_ids):
        row = known.get(item_id)
        if row is None:
            found.append(rules.ITEM_NOT_FOUND.violation(f"/item_ids/{place}"))
        elif row.removed_at is not None:
            facts = {"item": row.item, "removed_on": row.removed_on}
            found.append(rules.ITEM_REMOVED.violation(f"/item_ids/{place}", **facts))
        else:
            chosen.append(row)
    refuse_if(found)
    payload = {"items": [_told(row) for row in chosen], "removed_on": removed_on, "reason": reason}
    event = asset_event("asset.goods_removed", asset_id, payload, removed_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    for row in chosen:
        row.removed_on = removed_on
        row.removed_at = moment.now
        row.removed_event_id = event.id
    await session.flush()
    return chosen


async def _lock_mark(session: AsyncSession, asset_id: uuid.UUID) -> Asset:
    """The mark, locked. Raises: `asset.not_found`, `asset.not_of_kind`."""
    [asset] = await asset_queries.lock(session, [asset_id], pointer="path:asset_id")
    if asset.kind != AssetKind.trademark:
        raise NOT_OF_KIND.error("path:asset_id", kind=asset.kind, kind_zh=ZH[asset.kind], field="goods")
    return asset


def _told(item: NewItem | AssetGood) -> dict[str, object]:
    return {"nice_class": item.nice_class, "similar_group": item.similar_group, "item": item.item}
