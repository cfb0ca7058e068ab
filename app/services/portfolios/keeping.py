"""Keeping: a portfolio is opened, rights join and leave it, and it is closed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import asset as asset_rules, portfolio as rules
from app.domain.asset import AssetKind
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.mandate import MandatePower
from app.domain.permission import Role
from app.domain.portfolio import PortfolioStatus
from app.domain.request import asset_twice_faults, date_faults
from app.models.portfolio import Portfolio
from app.queries import parties as party_queries, party_histories, portfolios as queries
from app.queries.driver import driver
from app.queries.serials import next_number
from app.services import mandates
from app.services.portfolios.counting import settle, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

KEEPERS = frozenset({Role.agency, Role.operator, Role.ip_office})
"""Roles that keep portfolios for others: in their own district, elsewhere with the owner's mandate."""


@dataclass(frozen=True, slots=True)
class NewPortfolio:
    """A portfolio as it is entered, its first members having joined on `joined_on` (None: today).

    `owner_id` None: the caller's own party.
    """

    name: str
    industry: str | None = None
    owner_id: uuid.UUID | None = None
    asset_ids: Sequence[uuid.UUID] = ()
    joined_on: date | None = None


async def open_(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewPortfolio) -> Portfolio:
    """Enter a portfolio in its owner's district, with its first members.

    Raises: `portfolio.owner_foreign`, `party.not_found`; then all that apply, as in `add`. The owner's
    district on the day the first members joined is where it counts (ID-18).
    """
    owner_id = new.owner_id or actor.party_id
    if owner_id != actor.party_id and KEEPERS.isdisjoint(actor.roles):
        raise rules.OWNER_FOREIGN.error("/owner_id")
    await party_queries.require(session, {"/owner_id": owner_id})
    joined_on = new.joined_on or moment.today
    district_code = (await party_histories.districts_on(session, [owner_id], joined_on))[owner_id]
    portfolio = Portfolio(
        id=new_id(),
        district_code=district_code,
        number=await next_number(session, "portfolio", district_code, moment.today),
        name=new.name,
        industry=new.industry,
        organisation_id=actor.organisation_id,
        owner_id=owner_id,
        status=PortfolioStatus.active.value,
        qualified_on=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    refuse_if(
        [
            *await _keeping_faults(session, actor, moment, portfolio, new.asset_ids, pointer="/owner_id"),
            *await _joining_faults(session, portfolio, new.asset_ids, joined_on, moment.today),
        ]
    )
    more = {"joined_on": joined_on, "asset_ids": list(new.asset_ids)}
    await tell(session, actor, moment, portfolio, "opened", event_id=portfolio.event_id, more=more)
    session.add(portfolio)
    await session.flush()
    await _release(session, actor, moment, portfolio, new.asset_ids)
    await _insert(session, moment, portfolio, new.asset_ids, joined_on=joined_on, event_id=portfolio.event_id)
    await settle(session, actor, moment, [portfolio])
    return portfolio


async def add(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    portfolio_id: uuid.UUID,
    asset_ids: Sequence[uuid.UUID],
    joined_on: date,
) -> Portfolio:
    """Let rights of the portfolio's owner join, on any day up to today.

    Raises: `portfolio.not_found`, `.not_keeper`, `.closed`; then all that apply: `mandate.missing`,
    `portfolio.asset_twice`, `asset.not_found`, `portfolio.not_patent`, `.not_owner`, `.already_member`,
    `.member_elsewhere`, `request.date_in_future`.
    """
    portfolio = await _lock(session, actor, portfolio_id)
    refuse_if(
        [
            *await _keeping_faults(session, actor, moment, portfolio, asset_ids),
            *await _joining_faults(session, portfolio, asset_ids, joined_on, moment.today),
        ]
    )
    portfolio.version += 1
    more = {"joined_on": joined_on, "asset_ids": list(asset_ids)}
    event = await tell(session, actor, moment, portfolio, "extended", occurred_on=joined_on, more=more)
    await _release(session, actor, moment, portfolio, asset_ids)
    await _insert(session, moment, portfolio, asset_ids, joined_on=joined_on, event_id=event.id)
    await settle(session, actor, moment, [portfolio])
    return portfolio


async def remove(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    portfolio_id: uuid.UUID,
    asset_ids: Sequence[uuid.UUID],
    left_on: date,
) -> Portfolio:
    """Let rights leave: from `left_on` they are members no more.

    Raises: `portfolio.not_found`, `.not_keeper`, `.closed`; then all that apply: `portfolio.asset_twice`,
    `.not_member`, `.left_before_joined`, `request.date_in_future`.
    """
    portfolio = await _lock(session, actor, portfolio_id)
    refuse_if(await _leaving_faults(session, portfolio, asset_ids, left_on, moment.today))
    portfolio.version += 1
    more = {"left_on": left_on, "asset_ids": list(asset_ids)}
    event = await tell(session, actor, moment, portfolio, "reduced", occurred_on=left_on, more=more)
    await _end(session, moment, portfolio, asset_ids, left_on=left_on, event_id=event.id)
    await settle(session, actor, moment, [portfolio])
    return portfolio


async def close(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    portfolio_id: uuid.UUID,
    reason: str | None = None,
) -> Portfolio:
    """Close a portfolio: all its rights leave today, free to join another, and it counts no more.

    Raises: `portfolio.not_found`, `.not_keeper`, `.closed`.
    """
    portfolio = await _lock(session, actor, portfolio_id)
    portfolio.close()
    more = {"reason": reason} if reason else {}
    event = await tell(session, actor, moment, portfolio, "closed", more=more)
    leaving = list(await queries.live(session, portfolio.id))
    await _end(session, moment, portfolio, leaving, left_on=moment.today, event_id=event.id)
    await settle(session, actor, moment, [portfolio])
    return portfolio


_INSERT = """
INSERT INTO portfolio_members (id, district_code, portfolio_id, asset_id, joined_on, event_id, recorded_at)
SELECT id, $3, $4, asset_id, $5, $6, $7 FROM unnest($1::uuid[], $2::uuid[]) AS r(id, asset_id)
"""


_END = """
UPDATE portfolio_members SET left_on = $3, left_event_id = $4, left_at = $5
WHERE portfolio_id = $1 AND asset_id = ANY($2::uuid[]) AND left_at IS NULL
"""


async def _insert(
    session: AsyncSession,
    moment: Moment,
    portfolio: Portfolio,
    asset_ids: Sequence[uuid.UUID],
    *,
    joined_on: date,
    event_id: uuid.UUID,
) -> None:
    connection = await driver(session)
    await connection.execute(
        _INSERT,
        [new_id() for _ in asset_ids],
        list(asset_ids),
        portfolio.district_code,
        portfolio.id,
        joined_on,
        event_id,
        moment.now,
    )


async def _end(
    session: AsyncSession,
    moment: Moment,
    portfolio: Portfolio,
    asset_ids: Collection[uuid.UUID],
    *,
    left_on: date,
    event_id: uuid.UUID,
) -> None:
    connection = await driver(session)
    await connection.execute(_END, portfolio.id, list(asset_ids), left_on, event_id, moment.now)


async def _release(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    portfolio: Portfolio,
    asset_ids: Collection[uuid.UUID],
) -> None:
    """Let rights leave those portfolios whose owners hold them no more, from the day these ceased to.

    They have counted for nothing there since, so nothing is counted anew.
    """
    stale: defaultdict[tuple[uuid.UUID, date], list[uuid.UUID]] = defaultdict(list)
    for one in await queries.elsewhere(session, portfolio.id, asset_ids):
        if one.open and one.until is not None:
            stale[one.portfolio_id, one.until].append(one.asset_id)
    others = {other.id: other for other in await queries.lock(session, {place for place, _ in stale})}
    for (place, left_on), leaving in stale.items():
        other = others[place]
        other.version += 1
        more = {"left_on": left_on, "asset_ids": leaving}
        event = await tell(session, actor, moment, other, "reduced", occurred_on=left_on, more=more)
        await _end(session, moment, other, leaving, left_on=left_on, event_id=event.id)


async def _lock(session: AsyncSession, actor: Actor, portfolio_id: uuid.UUID) -> Portfolio:
    """The portfolio, locked, open, and for those who keep it."""
    portfolio = await queries.get(session, actor, portfolio_id, lock=True)
    if actor.organisation_id != portfolio.organisation_id and actor.party_id != portfolio.owner_id:
        raise rules.NOT_KEEPER.error()
    if portfolio.status == PortfolioStatus.closed:
        raise rules.CLOSED.error()
    return portfolio


async def _keeping_faults(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    portfolio: Portfolio,
    asset_ids: Collection[uuid.UUID],
    *,
    pointer: str | None = None,
) -> list[Violation]:
    """Objections to keeping rights for another district's owner: none to itself or with its mandate."""
    if portfolio.district_code == actor.district_code or actor.oversees(portfolio.district_code):
        return []
    return await mandates.faults(
        session,
        actor=actor,
        moment=moment,
        party_id=portfolio.owner_id,
        asset_ids=asset_ids,
        power=MandatePower.list,
        pointer=pointer,
    )


async def _joining_faults(
    session: AsyncSession, portfolio: Portfolio, asset_ids: Sequence[uuid.UUID], joined_on: date, today: date
) -> list[Violation]:
    found = date_faults("/joined_on", joined_on, today=today)
    found += asset_twice_faults(rules.ASSET_TWICE, asset_ids)
    known = await queries.candidates(session, portfolio, asset_ids)
    taken = {
        one.asset_id
        for one in await queries.elsewhere(session, portfolio.id, asset_ids)
        if one.until is None or one.until > joined_on
    }
    for position, asset_id in enumerate(asset_ids):
        pointer = f"/asset_ids/{position}"
        candidate = known.get(asset_id)
        if candidate is None:
            found.append(asset_rules.NOT_FOUND.violation(pointer, asset_id=asset_id))
            continue
        if candidate.kind is not AssetKind.patent:
            found.append(rules.NOT_PATENT.violation(pointer, number=candidate.number))
        if not candidate.owned:
            found.append(rules.NOT_OWNER.violation(pointer, number=candidate.number))
        if candidate.member:
            found.append(rules.ALREADY_MEMBER.violation(pointer, number=candidate.number))
        if asset_id in taken:
            found.append(rules.MEMBER_ELSEWHERE.violation(pointer, number=candidate.number))
    return found


async def _leaving_faults(
    session: AsyncSession, portfolio: Portfolio, asset_ids: Sequence[uuid.UUID], left_on: date, today: date
) -> list[Violation]:
    found = date_faults("/left_on", left_on, today=today)
    found += asset_twice_faults(rules.ASSET_TWICE, asset_ids)
    joined = await queries.live(session, portfolio.id)
    for position, asset_id in enumerate(asset_ids):
        pointer, since = f"/asset_ids/{position}", joined.get(asset_id)
        if since is None:
            found.append(rules.NOT_MEMBER.violation(pointer, asset_id=asset_id))
        elif left_on < since:
            found.append(rules.LEFT_BEFORE_JOINED.violation(pointer, asset_id=asset_id, joined_on=since))
    return found
