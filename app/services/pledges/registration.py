"""After filing: the office's results per right, refusal, and deregistration.

The platform records what the office registers. Each registration counts once; the financing counts at
its first effective registration and as mixed once, when its second kind becomes effective.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pledge as rules
from app.domain.asset import AssetKind
from app.domain.errors import Violation, refuse_if
from app.domain.pledge import DeregistrationReason, PledgeEvent, PledgeStatus
from app.domain.request import date_faults
from app.models.pledge import Pledge, PledgeItem
from app.queries import claims as claim_queries, pledges as queries, pools as pool_queries
from app.services import commitments, events, holds, pool_breakers
from app.services.pledges import figures

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Registration:
    """The office's registration of one right. `expires_on` is set for trademarks (PL-19)."""

    asset_id: uuid.UUID
    registration_no: str
    registered_on: date
    expires_on: date | None = None


async def register(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    registrations: Sequence[Registration],
) -> Pledge:
    """Record official registrations; the pledge is registered once all its rights are.

    Raises: `pledge.not_found`, `pledge.not_yours`, `pledge.item_not_found`, `request.date_in_future`,
    `request.date_too_early`, `pledge.expiry_missing`, `state.illegal_transition`,
    `pledge.registration_no_taken`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    by_asset = {item.asset_id: item for item in items}
    refuse_if(_faults(registrations, by_asset, pledge, moment))
    before = figures.counted_days(items)
    for given in registrations:
        item = by_asset[given.asset_id]
        item.advance(PledgeEvent.register)
        item.registration_no = given.registration_no
        item.registered_on = given.registered_on
        item.expires_on = given.expires_on
    after = figures.counted_days(items)
    _settle(pledge, items)
    pledge.registered_on, pledge.mixed_on = after.financing_on, after.mixed_on
    heading = await figures.heading_of(session, pledge, items)
    facts = [
        *figures.registration_facts(pledge, heading, [by_asset[given.asset_id] for given in registrations]),
        *figures.counting_facts(pledge, heading, items, before, after),
    ]
    shown = [asdict(given) for given in registrations]
    event = await _event(session, actor, pledge, "pledge.registered", registrations=shown)
    await events.record(session, actor=actor, moment=moment, events=[replace(event, facts=facts)])
    await session.flush()
    return pledge


def _settle(pledge: Pledge, items: Sequence[PledgeItem]) -> None:
    """Move the pledge on once the office has decided on every right: registered if any right is."""
    states = {item.status for item in items}
    if PledgeStatus.filed in states:
        pledge.version += 1
    elif PledgeStatus.registered in states:
        pledge.advance(PledgeEvent.register)
    else:
        pledge.advance(PledgeEvent.refuse)


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: str,
    refused_on: date,
    asset_ids: Collection[uuid.UUID] | None = None,
) -> Pledge:
    """Record that the office refused rights of a filing, all that are still filed if none are named.

    Their liens end. When no right is left, the pledge is refused and the pool's capacity comes back.

    Raises: `pledge.not_found`, `pledge.not_yours`, `pledge.item_not_found`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    refuse_if(date_faults("/refused_on", refused_on, today=moment.today, first=pledge.filed_on))
    chosen = _chosen(items, asset_ids)
    for item in chosen:
        item.advance(PledgeEvent.refuse)
        item.ended_on = refused_on
    _settle(pledge, items)
    if pledge.status == PledgeStatus.refused:
        pledge.ended_on = refused_on
    ending = Ending("pledge.refused", reason, refused_on, chosen)
    return await _end(session, actor, moment, pledge, ending)


async def deregister(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: DeregistrationReason,
    deregistered_on: date,
) -> Pledge:
    """Record the cancellation of all registrations (PL-10): liens end, the commitment is released.

    Not while a claim on the loan is open: it stands on the pledge and its cover (RP-04).

    Raises: `pledge.not_found`, `pledge.not_yours`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`, `pledge.claimed`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    registered = [item for item in items if item.status == PledgeStatus.registered]
    first = max((item.registered_on for item in registered if item.registered_on), default=None)
    found = date_faults("/deregistered_on", deregistered_on, today=moment.today, first=first)
    claim = await claim_queries.unsettled(session, pledge.id)
    if claim is not None:
        found.append(rules.CLAIMED.violation(claim=claim.number))
    refuse_if(found)
    pledge.advance(PledgeEvent.deregister)
    pledge.ended_on = deregistered_on
    for item in registered:
        item.advance(PledgeEvent.deregister)
        item.ended_on = deregistered_on
    ending = Ending("pledge.deregistered", reason.value, deregistered_on, registered)
    return await _end(session, actor, moment, pledge, ending)


@dataclass(frozen=True, slots=True)
class Ending:
    """What ended, why, on which day, and the rights it ended for."""

    event_type: str
    reason: str
    on: date
    items: Sequence[PledgeItem]


def _chosen(items: Sequence[PledgeItem], asset_ids: Collection[uuid.UUID] | None) -> list[PledgeItem]:
    if asset_ids is None:
        filed = [item for item in items if item.status == PledgeStatus.filed]
        return filed or list(items)
    by_asset = {item.asset_id: item for item in items}
    refuse_if(
        [
            rules.ITEM_NOT_FOUND.violation(f"/asset_ids/{position}")
            for position, asset_id in enumerate(asset_ids)
            if asset_id not in by_asset
        ]
    )
    return [by_asset[asset_id] for asset_id in dict.fromkeys(asset_ids)]


async def _end(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    ending: Ending,
) -> Pledge:
    """Let go of the rights that ended, and of the pool's capacity with the last of them."""
    ended = [item.asset_id for item in ending.items]
    event = await _event(
        session, actor, pledge, ending.event_type, reason=ending.reason, ended_on=ending.on, asset_ids=ended
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await holds.end(
        session,
        moment=moment,
        source_noun="pledge",
        source_ids=[pledge.id],
        asset_ids=ended,
        reason=ending.event_type,
        ended_on=ending.on,
    )
    if pledge.ended_on is not None:
        await commitments.release(
            session, moment=moment, pledge_id=pledge.id, event_id=event.id, released_on=ending.on
        )
    if pledge.ended_on is not None and pledge.pool_id is not None:
        pool = await pool_queries.lock(session, pledge.pool_id)
        await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    await session.flush()
    return pledge


def _faults(
    registrations: Sequence[Registration],
    by_asset: dict[uuid.UUID, PledgeItem],
    pledge: Pledge,
    moment: Moment,
) -> list[Violation]:
    found: list[Violation] = []
    seen: set[uuid.UUID] = set()
    for position, given in enumerate(registrations):
        pointer = f"/registrations/{position}"
        item = by_asset.get(given.asset_id)
        if item is None:
            found.append(rules.ITEM_NOT_FOUND.violation(f"{pointer}/asset_id"))
            continue
        if given.asset_id in seen:
            found.append(rules.ITEM_TWICE.violation(f"{pointer}/asset_id"))
        seen.add(given.asset_id)
        found += date_faults(
            f"{pointer}/registered_on", given.registered_on, today=moment.today, first=pledge.filed_on
        )
        if item.asset_kind == AssetKind.trademark and given.expires_on is None:
            found.append(rules.EXPIRY_MISSING.violation(f"{pointer}/expires_on"))
        if given.expires_on is not None and given.expires_on <= given.registered_on:
            found.append(rules.EXPIRES_TOO_EARLY.violation(f"{pointer}/expires_on"))
    return found


async def _event(
    session: AsyncSession, actor: Actor, pledge: Pledge, event_type: str, **payload: object
) -> events.NewEvent:
    return events.NewEvent(
        type=event_type,
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        audience=sorted({actor.organisation_id, *await queries.audience(session, pledge)}),
        payload={"number": pledge.number, "status": pledge.status, **payload},
    )
