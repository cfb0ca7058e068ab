"""Reads of holds, and the lock under which everything about a right is decided."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.domain import asset as asset_rules
from app.domain.errors import refuse_if
from app.domain.hold import LICENCE_KINDS, HoldKind, Scope, lane_range
from app.domain.identifiers import new_id
from app.models.asset import Asset, Title
from app.models.hold import Hold
from app.queries import assets as asset_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Right:
    """A locked right with its live owners (None: unrecorded) and its live holds."""

    asset: Asset
    owner_ids: tuple[uuid.UUID | None, ...]
    holds: tuple[Hold, ...]

    def held(self, kind: HoldKind) -> bool:
        """Whether a live hold of that kind is on the right."""
        return any(hold.kind == kind for hold in self.holds)

    def stayed(self, today: date) -> bool:
        """Whether dispositions are stayed: suspended by the office, or preserved by a court (LS-09, LS-10).

        A preservation lapses by itself when its period is over.
        """
        return self.asset.suspended or any(
            hold.kind == HoldKind.preservation and _runs(hold, today) for hold in self.holds
        )

    def reserved(self, today: date, *, but_for: uuid.UUID) -> bool:
        """Whether another than `but_for` has the right reserved today (DEA-03)."""
        return any(
            hold.kind == HoldKind.reservation and hold.source_id != but_for and _runs(hold, today)
            for hold in self.holds
        )


def _runs(hold: Hold, today: date) -> bool:
    """Whether the hold's period, if it has one, is not over."""
    return hold.period is None or hold.period.upper is None or hold.period.upper > today


async def lock_rights(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> list[Right]:
    """Lock rights in the order of their ids and read what bears on them, in the caller's order.

    Raises: `asset.not_found` for each right that is not in the register, at `/asset_ids/{n}`.
    """
    assets = {asset.id: asset for asset in await asset_queries.lock(session, asset_ids)}
    owners: dict[uuid.UUID, list[uuid.UUID | None]] = {asset_id: [] for asset_id in asset_ids}
    titles = (
        select(Title.asset_id, Title.party_id)
        .where(Title.asset_id.in_(asset_ids), Title.ceased_at.is_(None))
        .order_by(Title.ordinal)
    )
    for asset_id, party_id in (await session.execute(titles)).all():
        owners[asset_id].append(party_id)
    holds = await live(session, asset_ids)
    return [Right(assets[key], tuple(owners[key]), tuple(holds[key])) for key in asset_ids]


async def require_assets(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> None:
    """Raises: `asset.not_found` for each right that is not in the register, at `/asset_ids/{n}`."""
    known = set(await session.scalars(select(Asset.id).where(Asset.id.in_(asset_ids))))
    refuse_if(
        [
            asset_rules.NOT_FOUND.violation(f"/asset_ids/{position}", asset_id=asset_id)
            for position, asset_id in enumerate(asset_ids)
            if asset_id not in known
        ]
    )


async def live(
    session: AsyncSession, asset_ids: Collection[uuid.UUID], kinds: Collection[HoldKind] = tuple(HoldKind)
) -> dict[uuid.UUID, list[Hold]]:
    """Live holds of rights by asset, in the order in which they were placed."""
    found: dict[uuid.UUID, list[Hold]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(Hold)
        .where(Hold.asset_id.in_(asset_ids), Hold.kind.in_(kinds), Hold.ended_at.is_(None))
        .order_by(Hold.serial)
        .execution_options(populate_existing=True)
    )
    for hold in await session.scalars(statement):
        found[hold.asset_id].append(hold)
    return found


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
