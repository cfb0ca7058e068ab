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
from app.domain.notice import NoticeKind
from app.domain.patent_number import PatentType
from app.domain.request import ExpectVersion, date_faults
from app.domain.term import ExtensionKind, extension_faults
from app.models.asset import Asset, AssetStatusChange
from app.queries import assets as queries, concerned, terms as term_queries
from app.services import events, notices
from app.services.assets.common import event as asset_event, lock_one
from app.services.events import NewEvent
from app.services.notices import NewNotice

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

    The current status is the one in force today: news of an earlier day may leave it as it is. A right that
    was restored (恢复权利, LS-07) is granted again from the day the office says.
    Raises: `asset.not_found`, `request.version_…`, `asset.status_not_of_kind`, `request.date_in_future`.
    """
    asset = await lock_one(session, asset_id, expect_version)
    _check_status(asset, new, moment.today)
    payload = {"status": new.status, "effective_on": new.effective_on, "before": asset.status}
    event = asset_event("asset.status_changed", asset.id, payload, new.effective_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await take(session, asset, new, moment=moment, event_id=event.id)
    _begin_right(asset, new)
    asset.version += 1
    await session.flush()
    if asset.status in rules.ENDED and asset.status == new.status:
        kind = NoticeKind.pledged_right_ended
        await _warn(session, moment, asset, event, kind=kind, effective_on=new.effective_on)
    return asset


async def _warn(
    session: AsyncSession, moment: Moment, asset: Asset, event: NewEvent, *, kind: NoticeKind, **facts: object
) -> None:
    """Tell the banks to which a right is pledged what has become of it (PL-12)."""
    told = [
        NewNotice(
            bank.organisation_id,
            bank.district_code,
            kind,
            "asset",
            asset.id,
            {"asset_id": asset.id, "number": asset.number, **facts},
        )
        for bank in await concerned.pledgees(session, asset.id)
    ]
    if told:
        await notices.send_each(session, moment=moment, event_id=event.id, notices=told)


async def take(
    session: AsyncSession, asset: Asset, new: NewStatus, *, moment: Moment, event_id: uuid.UUID
) -> None:
    """Add a status to the history of a locked right, and give it the one that is in force today.

    An end that takes back what was known to come after it (`asset.TAKES_BACK`) is told of those days too.
    """
    known = await queries.status_changes(session, asset.id)
    days = [new.effective_on, *rules.taken_back(new.status, new.effective_on, known)]
    changes = [
        AssetStatusChange(
            id=new_id(),
            asset_id=asset.id,
            status=new.status,
            effective_on=day,
            source=new.source,
            event_id=event_id,
            recorded_at=moment.now,
        )
        for day in days
    ]
    session.add_all(changes)
    if rules.status_in_force([*known, *changes], moment.today) in changes:
        asset.come_into(new.status, as_of=new.as_of, source=new.source)


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
        asset.last_day_in_force = term_of(asset)


def term_of(asset: Asset) -> date | None:
    """The last day of a right's term by its dates, its extension and its renewals (LS-02, LS-03, LS-12)."""
    return rules.last_day_in_force(
        AssetKind(asset.kind),
        asset.office,
        patent_type=PatentType(asset.patent_type) if asset.patent_type else None,
        filed_on=asset.filed_on,
        registered_on=asset.registered_on,
        renewals=asset.renewals,
        extension_days=asset.term_extension_days,
    )


@dataclass(frozen=True, slots=True)
class NewExtension:
    """Days the office added to an invention's term; `approved_on`: the approval of the drug it is for."""

    days: int
    kind: ExtensionKind
    decided_on: date
    source: str
    approved_on: date | None = None


async def extend_term(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    new: NewExtension,
    expect_version: ExpectVersion,
) -> Asset:
    """Add days to the term of an invention (LS-03); its last day in force follows.

    Raises: `asset.not_found`, `request.version_…`; then all that apply: `term.extension`,
    `.approval_missing`, `.extension_too_long`, `request.date_…`.
    """
    asset = await lock_one(session, asset_id, expect_version)
    refuse_if(
        [
            *extension_faults(
                new.kind,
                patent_type=PatentType(asset.patent_type) if asset.patent_type else None,
                days=new.days,
                last_day=term_of(asset),
                approved_on=new.approved_on,
                drug_days=await term_queries.drug_days(session, asset_id),
            ),
            *date_faults("/decided_on", new.decided_on, today=moment.today, first=asset.filed_on),
        ]
    )
    asset.term_extension_days += new.days
    payload = {
        "kind": new.kind,
        "days": new.days,
        "approved_on": new.approved_on,
        "source": new.source,
        "before": asset.last_day_in_force,
        "last_day_in_force": term_of(asset),
    }
    event = asset_event("asset.term_extended", asset.id, payload, new.decided_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    asset.last_day_in_force = term_of(asset)
    asset.version += 1
    await session.flush()
    return asset


async def set_flags(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    invalidation_pending: bool,
    expect_version: ExpectVersion,
) -> Asset:
    """Say whether the invalidation of a right is pending.

    Saying what already holds changes nothing. Raises: `asset.not_found`, `request.version_…`.
    """
    asset = await lock_one(session, asset_id, expect_version)
    if asset.invalidation_pending == invalidation_pending:
        return asset
    payload = {"invalidation_pending": invalidation_pending}
    event = asset_event("asset.flags_changed", asset.id, payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    asset.invalidation_pending = invalidation_pending
    asset.version += 1
    await session.flush()
    if invalidation_pending:
        await _warn(session, moment, asset, event, kind=NoticeKind.invalidation_requested)
    return asset
