"""What all of the office's results do to a pledge: rights let go, filings settled, those concerned told."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import filing as filing_rules, pledge as rules
from app.domain.amendment import OF_AMENDMENT
from app.domain.asset import AssetKind
from app.domain.errors import refuse_if
from app.domain.filing import FilingAction
from app.domain.notice import NoticeKind
from app.domain.pledge import PledgeStatus
from app.domain.pledge_life import UNDECIDED
from app.models.pledge import Pledge, PledgeItem
from app.queries import pledges as queries, pools as pool_queries
from app.services import commitments, events, filings, holds, notices, pool_breakers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Ending:
    """What ended, why, on which day, and the rights it ended for.

    `incoming`: rights that an amendment was to add and that are withdrawn with it. `void`: from the
    beginning (PL-08). `unsecures`: money was lent on it that is still owed.
    """

    event_type: str
    reason: str
    on: date
    items: Sequence[PledgeItem]
    incoming: Sequence[PledgeItem] = ()
    void: bool = False
    unsecures: bool = False


def chosen(
    items: Sequence[PledgeItem],
    asset_ids: Collection[uuid.UUID] | None,
    needed: Collection[PledgeStatus],
) -> list[PledgeItem]:
    """The rights a result is of: those named, else all in one of the states it can be of.

    Where none is, all of them: their state says why not. Raises: `pledge.item_not_found`,
    `amendment.right_of_amendment`.
    """
    if asset_ids is None:
        own = [item for item in items if not _of_amendment(item)]
        return [item for item in own if item.status in needed] or own
    by_asset = {item.asset_id: item for item in items}
    found = []
    for position, asset_id in enumerate(asset_ids):
        if asset_id not in by_asset:
            found.append(rules.ITEM_NOT_FOUND.violation(f"/asset_ids/{position}"))
        elif _of_amendment(by_asset[asset_id]):
            found.append(OF_AMENDMENT.violation(f"/asset_ids/{position}"))
    refuse_if(found)
    return [by_asset[asset_id] for asset_id in dict.fromkeys(asset_ids)]


def _of_amendment(item: PledgeItem) -> bool:
    """Whether the office's word on a right is recorded with the amendment that is to add it."""
    return item.amendment_id is not None and item.status in UNDECIDED


async def settle_filings(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    items: Sequence[PledgeItem],
    kinds: Iterable[str],
    announced_on: date | None = None,
    reason: str | None = None,
    grounds: Sequence[str] | None = None,
) -> None:
    """Close what is open at the office for registration of these kinds, once it has decided on all rights.

    Rights that an amendment added are another filing's.
    """
    for kind in sorted({AssetKind(kind) for kind in kinds}):
        filed = [item for item in items if item.asset_kind == kind and item.amendment_id is None]
        event = filing_rules.outcome([PledgeStatus(item.status) for item in filed])
        days = [day for item in filed if (day := item.registered_on or item.ended_on) is not None]
        if event is None or not days:
            continue
        verdict = filings.Verdict(event, max(days), announced_on, reason, grounds)
        await filings.settle(
            session,
            actor=actor,
            moment=moment,
            pledge=pledge,
            action=FilingAction.registration,
            verdict=verdict,
            asset_kind=kind,
        )


async def let_go(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    ending: Ending,
    *,
    facts: Sequence[events.NewFact] = (),
    **more: object,
) -> events.NewEvent:
    """Record that registrations ended, free their rights, and tell those concerned."""
    ended = [item.asset_id for item in ending.items]
    incoming = [item.asset_id for item in ending.incoming]
    event = await happened(
        session,
        actor,
        pledge,
        ending.event_type,
        facts=facts,
        reason=ending.reason,
        ended_on=ending.on,
        asset_ids=ended,
        **({"withdrawn": incoming} if incoming else {}),
        **more,
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await holds.end(
        session,
        moment=moment,
        source_noun="pledge",
        source_ids=[pledge.id],
        asset_ids=ended,
        reason=ending.event_type,
        ended_on=ending.on,
        void=ending.void,
    )
    if incoming:
        await holds.end(
            session,
            moment=moment,
            source_noun="pledge",
            source_ids=[pledge.id],
            asset_ids=incoming,
            reason="pledge.withdrawn",
            ended_on=ending.on,
        )
    alarmed = (
        await _lose_security(session, actor, moment, pledge, ending, event=event) if ending.unsecures else ()
    )
    await tell(session, actor, moment, pledge, event, rights=len(ended), alarmed=alarmed)
    return event


async def release_cover(
    session: AsyncSession, actor: Actor, moment: Moment, pledge: Pledge, *, event_id: uuid.UUID, on: date
) -> None:
    """Give the pool's capacity back with the end of the pledge; its breaker is evaluated anew."""
    if pledge.ended_on is None:
        return
    await commitments.release(session, moment=moment, pledge_id=pledge.id, event_id=event_id, released_on=on)
    if pledge.pool_id is not None:
        pool = await pool_queries.lock(session, pledge.pool_id)
        await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    await session.flush()


async def _lose_security(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    ending: Ending,
    *,
    event: events.NewEvent,
) -> list[uuid.UUID]:
    """A right that money was lent on secures it no more: bank and pool learn it, the cover is in doubt.

    Returns who was told.
    """
    pledge.unsecured_since = pledge.unsecured_since or ending.on
    await session.flush()
    await commitments.doubt(
        session, actor=actor, moment=moment, pledge_id=pledge.id, reason=ending.event_type
    )
    pool = await pool_queries.lock(session, pledge.pool_id) if pledge.pool_id is not None else None
    named = [pledge.organisation_id, pool.manager_id if pool is not None else None]
    recipients = [one for one in named if one is not None]
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.pledge_unsecured,
        recipients=recipients,
        facts={
            "number": pledge.number,
            "outcome": ending.event_type.removeprefix("pledge."),
            "on": ending.on,
        },
    )
    return recipients


async def tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    event: events.NewEvent,
    *,
    rights: int,
    alarmed: Collection[uuid.UUID] = (),
) -> None:
    """Pledgors, borrower and bank learn the office's result in the transaction that records it (PLG-10).

    `alarmed` know it already, with what it means to them.
    """
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.pledge_decided,
        recipients=[one for one in event.audience if one not in {actor.organisation_id, *alarmed}],
        facts={
            "number": pledge.number,
            "rights": rights,
            "outcome": event.type.removeprefix("pledge."),
            "status": pledge.status,
        },
    )


async def happened(
    session: AsyncSession,
    actor: Actor,
    pledge: Pledge,
    event_type: str,
    *,
    facts: Sequence[events.NewFact] = (),
    **payload: object,
) -> events.NewEvent:
    """An event of the pledge for all whom it concerns, with what it counts for."""
    return events.NewEvent(
        type=event_type,
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        audience=sorted({actor.organisation_id, *await queries.audience(session, pledge)}),
        payload={"number": pledge.number, "status": pledge.status, **payload},
        facts=facts,
    )
