"""Title that passes otherwise than by a deal: inheritance, merger, ruling, auction, division of shares."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import title as rules
from app.domain.errors import refuse_if
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.recordal import RecordalKind, RecordalRole
from app.domain.title import NewTitles, Owned, Share
from app.models.asset import Asset, Title
from app.models.recordal import Recordal, RecordalAsset, RecordalParty
from app.queries import (
    assets as queries,
    concerned,
    documents as document_queries,
    listings as listing_queries,
    parties as party_queries,
)
from app.services import events, listings, notices
from app.services.assets.common import event as asset_event
from app.services.notices import NewNotice

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.request import ExpectVersion
    from app.models.listing import Listing


async def pass_title(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    new: NewTitles,
    expect_version: ExpectVersion,
    trace_id: uuid.UUID | None = None,
) -> Asset:
    """Record that a right has other owners, or its owners other shares, by a document shown (TR-02).

    The titles that go on stay as they are; the others end on the day and those of the new owners begin. A
    lien stays on the right, and whoever has an interest in it is told, its pledgees among them. What those
    who own it no more offered on the market is closed. `trace_id`: the enforcement by which it was sold.

    Raises: `asset.not_found`, `request.version_…`, `document.not_found`; then all of
    `domain.title.passing_faults`. A reference used before comes as the database's `recordal.duplicate`.
    """
    (right,) = await queries.lock_rights(session, [asset_id], pointer="path:asset_id")
    expect_version(right.asset.version)
    await document_queries.require(session, actor, new.document_id)
    live = (await queries.live_titles(session, [asset_id]))[asset_id]
    named = {owner.party_id for owner in new.owners if owner.party_id is not None}
    owned = Owned(
        owners=[Share(title.party_id, title.share_ppm) for title in live],
        since=max((title.acquired_on for title in live if title.acquired_on), default=None),
        encumbered=right.held(HoldKind.lien),
        stayed=right.stayed(moment.today),
    )
    known = await party_queries.existing(session, named)
    refuse_if(rules.passing_faults(new, owned, known=known, today=moment.today))
    begun, gone = _changes(new, live)
    offers = await _lock_offers(session, asset_id, {title.party_id for title in gone} - named)
    event = _event(asset_id, new, owned, trace_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    recordal = await _record(session, moment, asset=right.asset, new=new, live=live, event_id=event.id)
    await _tell(session, moment, asset=right.asset, new=new, event_id=event.id)
    await _replace(session, moment, asset_id=asset_id, new=new, gone=gone, begun=begun, recordal=recordal)
    right.asset.version += 1
    await listings.rights_passed(session, actor=actor, moment=moment, listings=offers, asset_ids=[asset_id])
    await session.flush()
    return right.asset


@dataclass(frozen=True, slots=True)
class Begun:
    """A title that begins, with the owner's place among the owners."""

    owner: Share
    ordinal: int


def _changes(new: NewTitles, live: Sequence[Title]) -> tuple[list[Begun], list[Title]]:
    """The titles that begin and those that end.

    Where owners only leave, those left begin anew as the whole. Else a title stays as it is if it keeps
    its place: the owners are in the order in which the office names them, the first patentee first.
    """
    held = {Share(title.party_id, title.share_ppm): title for title in live}
    if set(new.owners) <= held.keys():
        return [Begun(owner, place) for place, owner in enumerate(new.owners, start=1)], list(live)
    begun, kept, place = [], [], 0
    for owner in new.owners:
        title = held.get(owner)
        if title is not None and title.ordinal > place:
            place = title.ordinal
            kept.append(title)
        else:
            place += 1
            begun.append(Begun(owner, place))
    return begun, [title for title in live if title not in kept]


def _event(asset_id: uuid.UUID, new: NewTitles, owned: Owned, trace_id: uuid.UUID | None) -> events.NewEvent:
    payload: dict[str, object] = {
        "kind": new.kind,
        "from_party_ids": [owner.party_id for owner in owned.owners],
        "to_party_ids": [owner.party_id for owner in new.owners],
        "reference": new.reference,
    }
    if trace_id is not None:
        payload["trace_id"] = trace_id
    return asset_event("asset.title_passed", asset_id, payload, new.acquired_on)


async def _record(
    session: AsyncSession,
    moment: Moment,
    *,
    asset: Asset,
    new: NewTitles,
    live: Sequence[Title],
    event_id: uuid.UUID,
) -> Recordal:
    """The document, with who gives and who receives."""
    recordal = Recordal(
        id=new_id(),
        office=asset.office,
        kind=RecordalKind(new.kind.value),
        reference=new.reference,
        recorded_on=new.acquired_on,
        executed_on=new.executed_on,
        conveyance=rules.ZH[new.kind],
        partial=False,
        document_id=new.document_id,
        source=new.source,
        event_id=event_id,
        recorded_at=moment.now,
    )
    session.add(recordal)
    await session.flush()
    sides = (
        (RecordalRole.assignor, [title.party_id for title in live]),
        (RecordalRole.assignee, [owner.party_id for owner in new.owners]),
    )
    session.add(RecordalAsset(id=new_id(), recordal_id=recordal.id, asset_id=asset.id))
    session.add_all(
        RecordalParty(id=new_id(), recordal_id=recordal.id, party_id=party_id, role=role, ordinal=ordinal)
        for role, parties in sides
        for ordinal, party_id in enumerate(dict.fromkeys(filter(None, parties)), start=1)
    )
    await session.flush()
    return recordal


async def _replace(
    session: AsyncSession,
    moment: Moment,
    *,
    asset_id: uuid.UUID,
    new: NewTitles,
    gone: Sequence[Title],
    begun: Sequence[Begun],
    recordal: Recordal,
) -> None:
    for title in gone:
        title.ceased_on = new.acquired_on
        title.ceased_at = moment.now
        title.ceased_event_id = recordal.event_id
    await session.flush()  # the ends first: a party has one live title of a right
    session.add_all(
        Title(
            id=new_id(),
            asset_id=asset_id,
            party_id=one.owner.party_id,
            share_ppm=one.owner.share_ppm,
            ordinal=one.ordinal,
            acquired_on=new.acquired_on,
            recordal_id=recordal.id,
            event_id=recordal.event_id,
            recorded_at=moment.now,
        )
        for one in begun
    )
    await session.flush()


async def _lock_offers(
    session: AsyncSession, asset_id: uuid.UUID, former: set[uuid.UUID | None]
) -> list[Listing]:
    """What those who own the right no more still offer of it, locked."""
    owners = {owner for owner in former if owner is not None}
    if not owners:
        return []
    offering = await listing_queries.offering(session, [asset_id], owners)
    locked = await listing_queries.lock(session, offering)
    return [locked[key] for key in offering]


async def _tell(
    session: AsyncSession, moment: Moment, *, asset: Asset, new: NewTitles, event_id: uuid.UUID
) -> None:
    """Tell whoever has had an interest in the right: its owners, their trustees, pledgees, licensees."""
    interested = await concerned.of_rights(session, [asset.id], on=moment.today)
    facts = {"number": asset.number, "kind": new.kind.value, "acquired_on": new.acquired_on}
    told = [
        NewNotice(one.organisation_id, one.district_code, NoticeKind.title_passed, "asset", asset.id, facts)
        for one in interested[asset.id]
    ]
    await notices.send_each(session, moment=moment, event_id=event_id, notices=told)
