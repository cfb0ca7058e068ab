"""Counting: which portfolios qualify since when, and what follows from that in the figures (DL-04)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.portfolio import Verdict, judge
from app.models.portfolio import Portfolio
from app.queries import portfolios as queries
from app.services import events
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def requalify(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Look again at all portfolios, whose rights may have ended or passed to others; how many changed.

    One statement reads all of them; locks are taken and rows written only where something has changed.
    Doing it again changes nothing, nor does doing it late for a day after which others have been counted.
    Closed ones are among them: what comes to light of the days before their closing corrects these.
    """
    standing = await queries.standing(session)
    if not standing:
        return 0
    spans = await queries.spans(session, standing)
    counted = await queries.counted(session, standing)
    changed = [
        portfolio_id
        for portfolio_id, since in standing.items()
        if judge(spans[portfolio_id], counted[portfolio_id], moment.today).differs(since)
    ]
    if not changed:
        return 0
    return await settle(session, actor, moment, await queries.lock(session, changed), told=True)


async def settle(
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
        verdict = judge(spans[portfolio.id], counted[portfolio.id], moment.today)
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


async def _requalified(session: AsyncSession, portfolio: Portfolio, verdict: Verdict) -> NewEvent:
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


async def tell(
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
    """Record the event `portfolio.{what}`."""
    event = await _event(session, portfolio, what, event_id=event_id, occurred_on=occurred_on, more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event


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
