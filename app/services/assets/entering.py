"""Entering rights into the national register."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import asset as rules
from app.domain.asset_entry import Entry, NewAsset, read_entry
from app.domain.asset_number import Numbers, pointer
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.tag import TagScheme
from app.domain.text import normalise
from app.domain.title import unrecorded_before
from app.models.asset import Asset, AssetClass, AssetIdentifier, AssetStatusChange, AssetTag, Title
from app.queries import assets as queries, parties as party_queries
from app.services import events
from app.services.assets import goods
from app.services.assets.common import event as asset_event

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


async def register(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewAsset) -> Registered:
    """Enter a right with its numbers, classes, main class, owners and first status.

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
    event = asset_event("asset.registered", new_id(), payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    asset = Asset(
        id=event.subject_id,
        office=new.office,
        kind=new.kind,
        patent_type=entry.patent_type,
        regime=rules.regime_of(new.office),
        number=entry.numbers.quoted,
        name=normalise(new.name),
        sign_key=entry.sign_key,
        mark_kind=entry.mark_kind,
        ipc=entry.ipc,
        filed_on=new.filed_on,
        granted_on=new.granted_on,
        registered_on=new.registered_on,
        renewals=new.renewals,
        last_day_in_force=entry.last_day_in_force,
        status=new.status,
        status_as_of=new.status_as_of,
        status_source=new.status_source,
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
    if entry.ipc is not None:
        yield AssetTag(
            id=new_id(),
            asset_id=asset.id,
            scheme=TagScheme.locarno if "-" in entry.ipc else TagScheme.ipc,
            code=entry.ipc,
            main=True,
            source=new.status_source,
            event_id=asset.event_id,
            recorded_at=asset.recorded_at,
        )
    yield from _classes(asset, entry)
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
    for earlier in unrecorded_before([(owner.share_ppm, owner.acquired_on) for owner in new.owners]):
        yield Title(
            id=new_id(),
            asset_id=asset.id,
            party_id=None,
            share_ppm=earlier.share_ppm,
            ordinal=len(owners) + 1,
            acquired_on=earlier.acquired_on,
            ceased_on=earlier.ceased_on,
            event_id=asset.event_id,
            recorded_at=asset.recorded_at,
            ceased_event_id=asset.event_id,
            ceased_at=asset.recorded_at,
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


def _classes(asset: Asset, entry: Entry) -> Iterator[Base]:
    """The classes of a mark with their items."""
    for given in entry.classes:
        yield AssetClass(id=new_id(), asset_id=asset.id, nice_class=given.nice_class, goods=given.goods)
        yield from goods.rows(asset.id, given.items, asset.event_id, asset.recorded_at)


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
