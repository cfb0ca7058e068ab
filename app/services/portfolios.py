"""Portfolios: keeping rights together, and counting those portfolios that qualify (DL-04, BH-06).

Every change of members works out anew, from the whole history, on which days the portfolio should have
begun and ceased to count, and writes the difference to what has been counted: entries may come late and
in any order.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import asset as asset_rules, portfolio as rules
from app.domain.asset import AssetKind
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import business_number, new_id
from app.domain.permission import Role
from app.domain.portfolio import PortfolioStatus, Span, corrections, qualified_on, qualifying
from app.domain.request import date_faults
from app.models.portfolio import Portfolio
from app.queries import parties as party_queries, portfolios as queries
from app.queries.driver import driver
from app.queries.serials import next_serial
from app.services import events
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

KEEPERS = frozenset({Role.agency, Role.operator, Role.ip_office})
"""Roles that keep portfolios for others."""


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

    Raises: `portfolio.owner_foreign`, `party.not_found`; then all that apply, as in `add`.
    """
    owner_id = new.owner_id or actor.party_id
    if owner_id != actor.party_id and KEEPERS.isdisjoint(actor.roles):
        raise rules.OWNER_FOREIGN.error("/owner_id")
    await party_queries.require(session, {"/owner_id": owner_id})
    district_code = (await party_queries.districts(session, [owner_id]))[owner_id]
    serial = await next_serial(session, "portfolio")
    portfolio = Portfolio(
        id=new_id(),
        district_code=district_code,
        number=business_number("PF", district_code[:6], moment.today.year, serial),
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
    joined_on = new.joined_on or moment.today
    refuse_if(await _joining_faults(session, portfolio, new.asset_ids, joined_on, moment.today))
    more = {"joined_on": joined_on, "asset_ids": list(new.asset_ids)}
    await _tell(session, actor, moment, portfolio, "opened", event_id=portfolio.event_id, more=more)
    session.add(portfolio)
    await session.flush()
    await _insert(session, moment, portfolio, new.asset_ids, joined_on=joined_on, event_id=portfolio.event_id)
    await _settle(session, actor, moment, [portfolio])
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

    Raises: `portfolio.not_found`, `.not_keeper`, `.closed`; then all that apply: `portfolio.asset_twice`,
    `asset.not_found`, `portfolio.not_patent`, `.not_owner`, `.already_member`, `request.date_in_future`.
    """
    portfolio = await _lock(session, actor, portfolio_id)
    refuse_if(await _joining_faults(session, portfolio, asset_ids, joined_on, moment.today))
    portfolio.version += 1
    more = {"joined_on": joined_on, "asset_ids": list(asset_ids)}
    event = await _tell(session, actor, moment, portfolio, "extended", occurred_on=joined_on, more=more)
    await _insert(session, moment, portfolio, asset_ids, joined_on=joined_on, event_id=event.id)
    await _settle(session, actor, moment, [portfolio])
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
    event = await _tell(session, actor, moment, portfolio, "reduced", occurred_on=left_on, more=more)
    await _end(session, moment, portfolio, asset_ids, left_on=left_on, event_id=event.id)
    await _settle(session, actor, moment, [portfolio])
    return portfolio


async def close(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    portfolio_id: uuid.UUID,
    reason: str | None = None,
) -> Portfolio:
    """Close a portfolio: all its rights leave today, and it counts no more.

    Raises: `portfolio.not_found`, `.not_keeper`, `.closed`.
    """
    portfolio = await _lock(session, actor, portfolio_id)
    portfolio.close()
    more = {"reason": reason} if reason else {}
    event = await _tell(session, actor, moment, portfolio, "closed", more=more)
    leaving = list(await queries.live(session, portfolio.id))
    await _end(session, moment, portfolio, leaving, left_on=moment.today, event_id=event.id)
    await _settle(session, actor, moment, [portfolio])
    return portfolio


async def requalify(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Look again at the active portfolios, whose rights may have ended or passed to others; how many changed.

    One statement reads all of them; locks are taken and rows written only where something has changed.
    Doing it again changes nothing.
    """
    standing = await queries.active(session)
    spans = await queries.spans(session, standing)
    counted = await queries.counted(session, standing)
    changed = [
        portfolio_id
        for portfolio_id, since in standing.items()
        if _judge(spans[portfolio_id], counted[portfolio_id], moment.today).differs(since)
    ]
    locked = await queries.lock(session, changed)
    active = [portfolio for portfolio in locked if portfolio.status == PortfolioStatus.active]
    return await _settle(session, actor, moment, active, told=True)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to be counted for a portfolio yet, and since when it qualifies."""

    changes: Mapping[date, int]
    qualified_on: date | None

    def differs(self, since: date | None) -> bool:
        return bool(self.changes) or self.qualified_on != since


def _judge(spans: Sequence[Span], counted: Mapping[date, int], today: date) -> _Verdict:
    periods = qualifying(spans, today)
    return _Verdict(corrections(periods, counted), qualified_on(periods))


async def _settle(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    portfolios: Sequence[Portfolio],
    *,
    told: bool = False,
) -> int:
    """Bring locked portfolios and their facts to what the history says; how many changed.

    `told`: nothing else has changed their version.
    """
    await session.flush()
    ids = [portfolio.id for portfolio in portfolios]
    spans, counted = await queries.spans(session, ids), await queries.counted(session, ids)
    happened: list[NewEvent] = []
    for portfolio in portfolios:
        verdict = _judge(spans[portfolio.id], counted[portfolio.id], moment.today)
        if not verdict.differs(portfolio.qualified_on):
            continue
        portfolio.qualified_on = verdict.qualified_on
        if told:
            portfolio.version += 1
        happened.append(await _requalified(session, portfolio, verdict))
    if happened:
        await events.record(session, actor=actor, moment=moment, events=happened)
        await session.flush()
    return len(happened)


async def _requalified(session: AsyncSession, portfolio: Portfolio, verdict: _Verdict) -> NewEvent:
    return await _event(
        session,
        portfolio,
        "requalified",
        facts=[
            NewFact(
                measure=Measure.portfolio_qualified_count,
                district_code=portfolio.district_code,
                role=FactRole.internal,
                value=value,
                occurred_on=day,
                source_noun="portfolio",
                source_id=portfolio.id,
                dimensions={"portfolio_id": str(portfolio.id)},
            )
            for day, value in verdict.changes.items()
        ],
    )


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


async def _lock(session: AsyncSession, actor: Actor, portfolio_id: uuid.UUID) -> Portfolio:
    """The portfolio, locked, open, and for those who keep it."""
    portfolio = await queries.get(session, actor, portfolio_id, lock=True)
    if actor.organisation_id != portfolio.organisation_id and actor.party_id != portfolio.owner_id:
        raise rules.NOT_KEEPER.error()
    if portfolio.status == PortfolioStatus.closed:
        raise rules.CLOSED.error()
    return portfolio


async def _joining_faults(
    session: AsyncSession, portfolio: Portfolio, asset_ids: Sequence[uuid.UUID], joined_on: date, today: date
) -> list[Violation]:
    found = date_faults("/joined_on", joined_on, today=today)
    if len(set(asset_ids)) < len(asset_ids):
        found.append(rules.ASSET_TWICE.violation("/asset_ids"))
    known = await queries.candidates(session, portfolio, asset_ids)
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
    return found


async def _leaving_faults(
    session: AsyncSession, portfolio: Portfolio, asset_ids: Sequence[uuid.UUID], left_on: date, today: date
) -> list[Violation]:
    found = date_faults("/left_on", left_on, today=today)
    if len(set(asset_ids)) < len(asset_ids):
        found.append(rules.ASSET_TWICE.violation("/asset_ids"))
    joined = await queries.live(session, portfolio.id)
    for position, asset_id in enumerate(asset_ids):
        pointer, since = f"/asset_ids/{position}", joined.get(asset_id)
        if since is None:
            found.append(rules.NOT_MEMBER.violation(pointer, asset_id=asset_id))
        elif left_on < since:
            found.append(rules.LEFT_BEFORE_JOINED.violation(pointer, asset_id=asset_id, joined_on=since))
    return found


async def _event(
    session: AsyncSession,
    portfolio: Portfolio,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    facts: Sequence[NewFact] = (),
    more: Mapping[str, object] = MappingProxyType({}),
) -> NewEvent:
    """The event `portfolio.{what}`, for its keeper, its owner and the district."""
    return NewEvent(
        id=event_id or new_id(),
        type=f"portfolio.{what}",
        noun="portfolio",
        subject_id=portfolio.id,
        stream=portfolio.district_code,
        audience=await queries.audience(session, portfolio),
        occurred_on=occurred_on,
        payload={
            "number": portfolio.number,
            "status": portfolio.status,
            "qualified_on": portfolio.qualified_on,
            **more,
        },
        facts=facts,
    )


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    portfolio: Portfolio,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> NewEvent:
    event = await _event(session, portfolio, what, event_id=event_id, occurred_on=occurred_on, more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event
