"""Reads of holds."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import Range

from app.domain.hold import ENCUMBRANCES, LICENCE_KINDS, HoldKind, Scope, lane_range
from app.domain.identifiers import new_id
from app.models.hold import Hold

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


async def live(
    session: AsyncSession, asset_ids: Collection[uuid.UUID], kinds: Collection[HoldKind] = tuple(HoldKind)
) -> dict[uuid.UUID, list[Hold]]:
    """Live holds of rights by asset, by kind, day and rank, in one statement."""
    found: dict[uuid.UUID, list[Hold]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(Hold)
        .where(Hold.asset_id.in_(asset_ids), Hold.kind.in_(kinds), Hold.ended_at.is_(None))
        .order_by(Hold.kind, Hold.placed_on, Hold.rank, Hold.serial)
        .execution_options(populate_existing=True)
    )
    for hold in await session.scalars(statement):
        found[hold.asset_id].append(hold)
    return found


async def encumbering(
    session: AsyncSession, asset_ids: Collection[uuid.UUID], on: date
) -> dict[uuid.UUID, list[Hold]]:
    """Liens, licences and stays that ran on a day, as known now, by right and in the order of `live`.

    What ended on an unknown day had ended.
    """
    found: dict[uuid.UUID, list[Hold]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(Hold)
        .where(
            Hold.asset_id.in_(asset_ids),
            Hold.kind.in_(ENCUMBRANCES),
            or_(Hold.placed_on.is_(None), Hold.placed_on <= on),
            or_(Hold.ended_at.is_(None), Hold.ended_on > on),
            or_(Hold.period.is_(None), Hold.period.contains(on)),
        )
        .order_by(Hold.kind, Hold.placed_on, Hold.rank, Hold.serial)
    )
    for hold in await session.scalars(statement):
        found[hold.asset_id].append(hold)
    return found


def lapsed(today: date) -> ColumnElement[bool]:
    """Reservations that nobody has ended although their time is over (DEA-03)."""
    return and_(Hold.kind == HoldKind.reservation, Hold.ended_at.is_(None), func.upper(Hold.period) <= today)


async def lapsed_assets(session: AsyncSession, today: date) -> list[uuid.UUID]:
    """The rights with such a reservation."""
    return list(await session.scalars(select(Hold.asset_id).where(lapsed(today)).distinct()))


async def licence_conflicts(
    session: AsyncSession,
    asset_ids: Collection[uuid.UUID],
    *,
    kind: HoldKind,
    scope: Scope,
    period: tuple[date, date],
) -> set[uuid.UUID]:
    """Rights on which a live licence conflicts with a new one of `kind` (TR-14).

    The same overlaps as the exclusion constraint, so that the answer can name the rights.
    """
    first, last = period
    statement = select(Hold.asset_id).where(
        Hold.asset_id.in_(asset_ids),
        Hold.kind.in_(LICENCE_KINDS),
        Hold.ended_at.is_(None),
        Hold.territory.overlaps(Range(*scope.territory)),
        Hold.field.overlaps(Range(*scope.field)),
        Hold.period.overlaps(Range(first, last + timedelta(days=1))),
        Hold.lane.overlaps(Range(*lane_range(kind, new_id()))),
    )
    return set(await session.scalars(statement))
