"""What becomes of a right: its legal statuses, as they took effect and became known."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import asset as rules
from app.domain.asset import AssetKind, AssetStatus
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.patent_number import PatentType
from app.domain.request import ExpectVersion, date_faults
from app.models.asset import Asset, AssetStatusChange
from app.queries import assets as queries
from app.services import events
from app.services.assets.common import event as asset_event, lock_one

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewStatus:
    """A legal status with the day it took effect, and the source that showed it on `as_of` (LS-11)."""

    status: AssetStatus
    effective_on: date
    source: str
    as_of: date


async def change_status(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    new: NewStatus,
    expect_version: ExpectVersion,
) -> Asset:
    """Record that a right took a legal status on a day; what was known before stays (AST-04).

    The current status is the one in force today: news of an earlier day may leave it as it is.
    Raises: `asset.not_found`, `request.version_…`, `asset.status_not_of_kind`, `request.date_in_future`.
    """
    asset = await lock_one(session, asset_id, expect_version)
    _check_status(asset, new, moment.today)
    payload = {"status": new.status, "effective_on": new.effective_on, "before": asset.status}
    event = asset_event("asset.status_changed", asset.id, payload, new.effective_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    change = AssetStatusChange(
        id=new_id(),
        asset_id=asset.id,
        status=new.status,
        effective_on=new.effective_on,
        source=new.source,
        event_id=event.id,
        recorded_at=moment.now,
    )
    known = await queries.status_changes(session, asset.id)
    session.add(change)
    if rules.status_in_force([*known, change], moment.today) is change:
        asset.come_into(new.status, as_of=new.as_of, source=new.source)
    _begin_right(asset, new)
    asset.version += 1
    await session.flush()
    return asset


def _check_status(asset: Asset, new: NewStatus, today: date) -> None:
    kind = AssetKind(asset.kind)
    violations = [
        *date_faults("/effective_on", new.effective_on, today=today),
        *date_faults("/as_of", new.as_of, today=today),
    ]
    if new.status not in rules.STATUSES[kind]:
        kind_zh = rules.ZH[kind]
        violations.append(
            rules.STATUS_NOT_OF_KIND.violation("/status", kind=kind, kind_zh=kind_zh, status=new.status)
        )
    if asset.filed_on is not None and new.effective_on < asset.filed_on:
        day, filed_on = new.effective_on, asset.filed_on
        violations.append(rules.DATES_OUT_OF_ORDER.violation("/effective_on", date=day, filed_on=filed_on))
    refuse_if(violations)


def _begin_right(asset: Asset, new: NewStatus) -> None:
    """Grant or registration of an application dates the right and gives a mark its term (LS-04, LS-12)."""
    if new.status is AssetStatus.granted and asset.granted_on is None:
        asset.granted_on = new.effective_on
    if new.status is AssetStatus.registered and asset.registered_on is None:
        asset.registered_on = new.effective_on
        asset.last_day_in_force = rules.last_day_in_force(
            AssetKind(asset.kind),
            asset.office,
            patent_type=PatentType(asset.patent_type) if asset.patent_type else None,
            filed_on=asset.filed_on,
            registered_on=asset.registered_on,
        )


async def set_flags(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    suspended: bool,
    invalidation_pending: bool,
    expect_version: ExpectVersion,
) -> Asset:
    """Say whether procedures of a right are suspended (LS-10) and whether its invalidation is pending.

    Saying what already holds changes nothing. Raises: `asset.not_found`, `request.version_…`.
    """
    asset = await lock_one(session, asset_id, expect_version)
    if (asset.suspended, asset.invalidation_pending) == (suspended, invalidation_pending):
        return asset
    payload = {"suspended": suspended, "invalidation_pending": invalidation_pending}
    event = asset_event("asset.flags_changed", asset.id, payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    asset.suspended = suspended
    asset.invalidation_pending = invalidation_pending
    asset.version += 1
    await session.flush()
    return asset
