"""What a search certificate certifies: the rights searched and what lay on them, as known at a moment."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import (
    asset as asset_rules,
    certificate as certificate_rules,
    certificate_search as rules,
    party as party_rules,
)
from app.domain.certificate import CERTIFIED_KINDS, instant
from app.domain.certificate_search import MAX_RIGHTS, Lain, Search, SearchedRight
from app.domain.encumbrance import VOID
from app.domain.hold import HoldKind
from app.models.asset import Asset, Title
from app.models.hold import Hold
from app.models.party import Party
from app.queries import encumbrances
from app.queries.driver import driver
from app.queries.encumbrances import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_NEWS = """
SELECT DISTINCT moment FROM (
  SELECT unnest(ARRAY[recorded_at, ceased_at, superseded_at]) AS moment FROM titles WHERE party_id = $1
  UNION ALL
  SELECT unnest(ARRAY[h.recorded_at, h.ended_at]) FROM holds h
  WHERE h.kind = ANY($3::text[])
    AND (h.asset_id = $5 OR h.asset_id IN (SELECT t.asset_id FROM titles t WHERE t.party_id = $1))
) AS news WHERE moment > $2 ORDER BY moment LIMIT $4
"""


async def hold_still(session: AsyncSession, party_id: uuid.UUID) -> None:
    """Wait for changes under way of a party's rights, and keep others off. Raises: `party.not_found`."""
    if await session.get(Party, party_id) is None:
        raise party_rules.NOT_FOUND.error("/party_id", party_id=party_id)
    owned = select(Title.asset_id).where(Title.party_id == party_id, Title.ceased_at.is_(None))
    statement = select(Asset.id).where(Asset.id.in_(owned)).order_by(Asset.id).with_for_update(read=True)
    await session.execute(statement)


async def search_at(
    session: AsyncSession,
    *,
    asset_id: uuid.UUID | None,
    party_id: uuid.UUID | None,
    on: date,
    known_at: datetime,
    discharged: bool,
) -> Search:
    """What a search for the right or the party finds on a day, as known at a moment.

    Of a party's rights one more than a certificate holds is read: enough to tell it from any certificate.
    Raises: `asset.not_found`, `party.not_found`, `certificate.right_not_yet_known`, `.party_not_yet_known`.
    """
    window = Window(None if discharged else on, on, known_at, discharged)
    if asset_id is not None:
        name, rights = await _of_right(session, asset_id, known_at)
        which = Hold.asset_id == asset_id
    elif party_id is not None:
        name, rights = await _of_party(session, party_id, window)
        which = encumbrances.while_owned(party_id, window)
    else:
        raise ValueError("a search has a subject")
    found = await session.scalars(encumbrances.matching(which, window, CERTIFIED_KINDS))
    return Search(
        asset_id=asset_id,
        party_id=party_id,
        subject_name=name,
        on=on,
        known_at=known_at,
        discharged=discharged,
        rights=tuple(rights),
        encumbrances=tuple(_lain(hold, on, known_at) for hold in found),
    )


async def news(session: AsyncSession, search: Search, *, after: datetime, limit: int) -> Sequence[datetime]:
    """The first moments after one at which something was entered that may bear on the search."""
    connection = await driver(session)
    kinds = [kind.value for kind in CERTIFIED_KINDS]
    rows = await connection.fetch(_NEWS, search.party_id, after, kinds, limit, search.asset_id)
    return [row["moment"] for row in rows]


async def _of_right(
    session: AsyncSession, asset_id: uuid.UUID, known_at: datetime
) -> tuple[str, list[SearchedRight]]:
    asset = await session.get(Asset, asset_id)
    if asset is None:
        raise asset_rules.NOT_FOUND.error("/asset_id", asset_id=asset_id)
    if asset.recorded_at > known_at:
        raise certificate_rules.RIGHT_NOT_YET_KNOWN.error(
            "/known_at", number=asset.number, known_at=instant(known_at)
        )
    return asset.name, [_searched(asset)]


async def _of_party(
    session: AsyncSession, party_id: uuid.UUID, window: Window
) -> tuple[str, list[SearchedRight]]:
    party = await session.get(Party, party_id)
    if party is None:
        raise party_rules.NOT_FOUND.error("/party_id", party_id=party_id)
    if party.recorded_at > window.known_at:
        raise rules.PARTY_NOT_YET_KNOWN.error("/known_at", known_at=instant(window.known_at))
    statement = (
        select(Asset)
        .where(Asset.id.in_(encumbrances.owned(party_id, window)))
        .order_by(Asset.id)
        .limit(MAX_RIGHTS + 1)
    )
    return party.name, [_searched(asset) for asset in await session.scalars(statement)]


def _searched(asset: Asset) -> SearchedRight:
    return SearchedRight(asset.id, asset.office, asset.number, asset.name)


def _lain(hold: Hold, on: date, known_at: datetime) -> Lain:
    """A hold as the search tells of it: an end after the day is none of the day's, unless it undid it all."""
    ended = hold.ended_at is not None and hold.ended_at <= known_at
    void = ended and hold.end_reason in VOID
    told = ended and (void or hold.ended_on is None or hold.ended_on <= on)
    return Lain(
        asset_id=hold.asset_id,
        kind=HoldKind(hold.kind),
        rank=hold.rank,
        placed_on=hold.placed_on,
        since=hold.since,
        last_day=hold.last_day,
        ended_on=hold.ended_on if told else None,
        end_reason=hold.end_reason if told else None,
        void=void,
    )
