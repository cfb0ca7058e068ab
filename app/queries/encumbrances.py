"""Searches for encumbrances of a right or of a party's rights, as known at a moment (PLG-11).

Nothing is ever deleted: what was discharged is found by its days. The rules are those of `asset_history`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.domain import asset as asset_rules, party as party_rules
from app.domain.encumbrance import SEARCHED_KINDS, VOID
from app.domain.hold import HoldKind
from app.domain.party import IdentifierScheme
from app.models.asset import Asset, AssetIdentifier, Title
from app.models.hold import Hold
from app.models.party import Party
from app.models.pledge import Pledge, PledgeItem
from app.queries import parties as party_queries, pledges as pledge_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


Rights = ColumnElement[bool]
"""Which rights are searched, as a condition on their holds."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days asked for, each end None: without bound; as known at a moment. A single day has both the same.

    `discharged`: what has ended by what was known then is told too, what was void from its beginning with it.
    """

    first: date | None
    last: date | None
    known_at: datetime
    discharged: bool


async def of_number(session: AsyncSession, keys: Iterable[str]) -> Rights:
    """The rights that bear one of the number's keys. Raises: `asset.not_found`."""
    statement = select(AssetIdentifier.asset_id).where(AssetIdentifier.key.in_(list(keys)))
    found = set(await session.scalars(statement))
    if not found:
        raise asset_rules.NOT_FOUND.error("query:number")
    return Hold.asset_id.in_(found)


async def of_right(session: AsyncSession, asset_id: uuid.UUID) -> Rights:
    """One right. Raises: `asset.not_found`."""
    if await session.get(Asset, asset_id) is None:
        raise asset_rules.NOT_FOUND.error("query:asset_id", asset_id=asset_id)
    return Hold.asset_id == asset_id


async def of_party(session: AsyncSession, party_id: uuid.UUID, window: Window) -> Rights:
    """The rights a party owned on a day of the window. Raises: `party.not_found`."""
    if await session.get(Party, party_id) is None:
        raise party_rules.NOT_FOUND.error("query:party_id", party_id=party_id)
    return while_owned(party_id, window)


async def of_uscc(session: AsyncSession, uscc: str, window: Window) -> Rights:
    """The rights of the firm of that 统一社会信用代码. Raises: `party.not_found`."""
    party = await party_queries.bearing(session, IdentifierScheme.uscc, uscc.strip().upper())
    if party is None:
        raise party_rules.NOT_FOUND.error("query:uscc")
    return while_owned(party.id, window)


def owned(party_id: uuid.UUID, window: Window) -> Select[uuid.UUID]:
    """The rights that a party owned on a day of the window, by what was known."""
    known_end = and_(Title.ceased_at.is_not(None), Title.ceased_at <= window.known_at)
    conditions = [
        Title.party_id == party_id,
        Title.recorded_at <= window.known_at,
        or_(Title.superseded_at.is_(None), Title.superseded_at > window.known_at),
    ]
    if window.last is not None:
        conditions.append(or_(Title.acquired_on.is_(None), Title.acquired_on <= window.last))
    if window.first is not None:
        conditions.append(or_(~known_end, Title.ceased_on > window.first))
    return select(Title.asset_id).where(*conditions)


def while_owned(party_id: uuid.UUID, window: Window) -> Rights:
    """The rights of a party, each in the time in which it was the party's.

    What was laid on a right before the party had it and ended before is not its own, nor what came after.
    """
    known_end = and_(Hold.ended_at.is_not(None), Hold.ended_at <= window.known_at)
    until = and_(known_end, Hold.ended_on.is_not(None), Hold.ended_on <= Title.acquired_on)
    sold = and_(
        Title.ceased_at.is_not(None), Title.ceased_at <= window.known_at, Title.ceased_on <= _FIRST_DAY
    )
    his = owned(party_id, window).where(
        Title.asset_id == Hold.asset_id, ~func.coalesce(until, False), ~func.coalesce(sold, False)
    )
    return and_(Hold.asset_id.in_(owned(party_id, window)), his.exists())


_FIRST_DAY = func.coalesce(func.lower(Hold.period), Hold.placed_on)
"""The first day of a hold, as far as known."""


def matching(
    rights: Rights, window: Window, kinds: Collection[HoldKind] = tuple(SEARCHED_KINDS)
) -> Select[Hold]:
    """What of these kinds lay on the rights on a day of the window, by what was known at the moment."""
    first_day = _FIRST_DAY
    known_end = and_(Hold.ended_at.is_not(None), Hold.ended_at <= window.known_at)
    conditions = [
        rights,
        Hold.kind.in_(kinds),
        or_(Hold.kind != HoldKind.reservation, Hold.source_noun == "reservation"),
        Hold.recorded_at <= window.known_at,
    ]
    if window.last is not None:
        conditions.append(or_(first_day.is_(None), first_day <= window.last))
    if window.first is not None:
        runs_on = or_(
            Hold.period.is_(None), func.upper_inf(Hold.period), func.upper(Hold.period) > window.first
        )
        ended_on = Hold.ended_on > window.first
        if window.discharged:
            # What is void ended on its first day.
            undone = and_(Hold.end_reason.in_(VOID), Hold.ended_on == window.first)
            ended_on = or_(Hold.ended_on.is_(None), ended_on, undone)
        conditions += [runs_on, or_(~known_end, ended_on)]
    if not window.discharged:
        conditions.append(~and_(known_end, Hold.end_reason.in_(VOID)))
    return select(Hold).where(*conditions)


@dataclass(frozen=True, slots=True)
class Registration:
    """What the office has of a lien, as it stands now; number and lender for those who may know."""

    status: str
    registered_on: date | None
    expires_on: date | None
    pledge_id: uuid.UUID
    pledge_number: str | None
    pledgee: str | None


async def registrations(
    session: AsyncSession, actor: Actor, holds: Sequence[Hold], *, names_open: bool
) -> dict[uuid.UUID, Registration]:
    """The registrations behind liens, by hold, in one statement.

    A pledge shows its number and its lender to whom it shows itself; `names_open`: the lender to everybody.
    """
    own = pledge_queries.visible(actor).with_only_columns(Pledge.id)
    shown = Pledge.id.in_(own).label("shown")
    statement = (
        select(PledgeItem, Pledge.id, Pledge.number, Party.name, shown)
        .join(Pledge, Pledge.id == PledgeItem.pledge_id)
        .outerjoin(Party, Party.id == Pledge.pledgee_id)
        .where(PledgeItem.hold_id.in_([hold.id for hold in holds if hold.kind == HoldKind.lien]))
    )
    return {
        item.hold_id: Registration(
            status=item.status,
            registered_on=item.registered_on,
            expires_on=item.expires_on,
            pledge_id=pledge_id,
            pledge_number=number if mine else None,
            pledgee=name if mine or names_open else None,
        )
        for item, pledge_id, number, name, mine in await session.execute(statement)
    }


async def numbers(session: AsyncSession, asset_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Number and name of rights."""
    statement = select(Asset.id, Asset.number, Asset.name).where(Asset.id.in_(set(asset_ids)))
    return {asset_id: (number, name) for asset_id, number, name in await session.execute(statement)}
