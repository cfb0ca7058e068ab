"""Assets: entering rights into the national register and recording what becomes of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import asset as rules
from app.domain.asset import AssetKind, AssetStatus, LinkKind
from app.domain.asset_entry import Entry, NewAsset, read_entry
from app.domain.asset_number import Numbers, pointer
from app.domain.district import NATIONAL
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.patent_number import PatentType
from app.domain.request import ExpectVersion, date_faults
from app.domain.text import normalise
from app.models.asset import Asset, AssetClass, AssetIdentifier, AssetLink, AssetStatusChange, Title
from app.queries import assets as queries, parties as party_queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.base import Base


@dataclass(frozen=True, slots=True)
class Registered:
    """The right that was entered, and what the caller should look at again."""

    asset: Asset
    warnings: list[Violation]


@dataclass(frozen=True, slots=True)
class NewStatus:
    """A legal status with the day it took effect, and the source that showed it on `as_of` (LS-11)."""

    status: AssetStatus
    effective_on: date
    source: str
    as_of: date


async def register(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewAsset) -> Registered:
    """Enter a right with its numbers, classes, owners and first status.

    Raises every objection at once: those of `read_entry`, `asset.owner_unknown`, `asset.number_taken`.
    """
    entry = read_entry(new, today=moment.today)
    unknown = await _unknown_owners(session, new)
    taken = await _taken_numbers(session, new, entry.numbers)
    refuse_if([*entry.violations, *unknown, *taken])
    payload = {
        "office": new.office,
        "kind": new.kind,
        "number": entry.numbers.quoted,
        "name": normalise(new.name),
        "status": new.status,
    }
    event = _event("asset.registered", new_id(), payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    asset = Asset(
        id=event.subject_id,
        office=new.office,
        kind=new.kind,
        patent_type=entry.patent_type,
        regime=rules.regime_of(new.office),
        number=entry.numbers.quoted,
        name=normalise(new.name),
        ipc=entry.ipc,
        filed_on=new.filed_on,
        granted_on=new.granted_on,
        registered_on=new.registered_on,
        last_day_in_force=entry.last_day_in_force,
        status=new.status,
        status_as_of=new.status_as_of,
        status_source=new.status_source,
        suspended=False,
        invalidation_pending=False,
        imported=False,
        event_id=event.id,
        recorded_at=moment.now,
        version=1,
    )
    session.add(asset)
    await session.flush()
    session.add_all(_parts(asset, new, entry))
    await session.flush()
    return Registered(asset, entry.warnings)


def _parts(asset: Asset, new: NewAsset, entry: Entry) -> Iterator[Base]:
    """The rows that belong to a right just entered."""
    for number in entry.numbers.numbers:
        yield AssetIdentifier(
            id=new_id(),
            asset_id=asset.id,
            office=asset.office,
            kind=asset.kind,
            scheme=number.scheme,
            value=number.value,
            key=number.key,
        )
    for given in entry.classes:
        yield AssetClass(id=new_id(), asset_id=asset.id, nice_class=given.nice_class, goods=given.goods)
    owners = [(owner.party_id, owner.share_ppm, owner.acquired_on) for owner in new.owners]
    for ordinal, (party_id, share_ppm, acquired_on) in enumerate(owners or [(None, None, None)], start=1):
        yield Title(
            id=new_id(),
            asset_id=asset.id,
            party_id=party_id,
            share_ppm=share_ppm,
            ordinal=ordinal,
            acquired_on=acquired_on,
            event_id=asset.event_id,
            recorded_at=asset.recorded_at,
        )
    yield AssetStatusChange(
        id=new_id(),
        asset_id=asset.id,
        status=new.status,
        effective_on=new.status_since,
        source=new.status_source,
        event_id=asset.event_id,
        recorded_at=asset.recorded_at,
    )


async def _unknown_owners(session: AsyncSession, new: NewAsset) -> list[Violation]:
    if not new.owners:
        return []
    known = await party_queries.existing(session, {owner.party_id for owner in new.owners})
    return [
        rules.OWNER_UNKNOWN.violation(f"/owners/{position}/party_id", party_id=owner.party_id)
        for position, owner in enumerate(new.owners)
        if owner.party_id not in known
    ]


async def _taken_numbers(session: AsyncSession, new: NewAsset, numbers: Numbers) -> list[Violation]:
    if not numbers.numbers:
        return []
    taken = await queries.taken(session, office=new.office, kind=new.kind, numbers=numbers.numbers)
    return [
        rules.NUMBER_TAKEN.violation(pointer(number.scheme), value=number.value, asset_id=asset_id)
        for number in numbers.numbers
        if (asset_id := taken.get((number.scheme, number.key))) is not None
    ]


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
    asset = await _lock_one(session, asset_id, expect_version)
    _check_status(asset, new, moment.today)
    payload = {"status": new.status, "effective_on": new.effective_on, "before": asset.status}
    event = _event("asset.status_changed", asset.id, payload, new.effective_on)
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
    asset = await _lock_one(session, asset_id, expect_version)
    if (asset.suspended, asset.invalidation_pending) == (suspended, invalidation_pending):
        return asset
    payload = {"suspended": suspended, "invalidation_pending": invalidation_pending}
    event = _event("asset.flags_changed", asset.id, payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    asset.suspended = suspended
    asset.invalidation_pending = invalidation_pending
    asset.version += 1
    await session.flush()
    return asset


async def link(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    other_asset_id: uuid.UUID,
    kind: LinkKind,
) -> AssetLink:
    """Record that two rights belong together, once whichever is named first.

    Raises: `asset.not_found`, `asset.link_to_itself`, `asset.link_exists`, `asset.link_unfit`,
    `asset.twins_not_same_day`.
    """
    await queries.get(session, asset_id)
    if asset_id == other_asset_id:
        raise rules.LINK_TO_ITSELF.error("/other_asset_id")
    one, other = await queries.lock(session, [asset_id, other_asset_id], pointer="/other_asset_id")
    refuse_if(rules.check_link(kind, one, other))
    if await queries.linked(session, asset_id, other_asset_id, kind) is not None:
        raise rules.LINK_EXISTS.error()
    event = _event("asset.linked", asset_id, {"other_asset_id": other_asset_id, "kind": kind})
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = AssetLink(
        id=new_id(),
        asset_id=asset_id,
        other_asset_id=other_asset_id,
        kind=kind,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    return made


async def _lock_one(session: AsyncSession, asset_id: uuid.UUID, expect_version: ExpectVersion) -> Asset:
    (asset,) = await queries.lock(session, [asset_id], pointer="path:asset_id")
    expect_version(asset.version)
    return asset


def _event(
    happened: str, asset_id: uuid.UUID, payload: Mapping[str, Any], occurred_on: date | None = None
) -> events.NewEvent:
    """A public event of the national register."""
    return events.NewEvent(
        type=happened,
        noun="asset",
        subject_id=asset_id,
        stream=NATIONAL,
        public=True,
        payload=payload,
        occurred_on=occurred_on,
    )
