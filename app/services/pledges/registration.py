"""After filing: the office's results per right, refusal, and deregistration.

The platform records what the office registers. Each registration counts once; the financing counts at
its first effective registration and as mixed once, when its second kind becomes effective.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pledge as rules
from app.domain.asset import AssetKind
from app.domain.counting import Counted, counted
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.pledge import DeregistrationReason, PledgeEvent, PledgeStatus
from app.domain.request import date_faults
from app.models.pledge import Pledge, PledgeItem
from app.queries import parties as party_queries, pledges as queries
from app.services import events, holds, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

EFFECTIVE = (PledgeStatus.registered, PledgeStatus.deregistered)


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

    Raises: `pledge.not_found`, `pledge.item_not_found`, `request.date_in_future`,
    `request.date_too_early`, `pledge.expiry_missing`, `state.illegal_transition`,
    `pledge.registration_no_taken`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    by_asset = {item.asset_id: item for item in items}
    refuse_if(_faults(registrations, by_asset, pledge, moment))
    before = _counted(items)
    for given in registrations:
        item = by_asset[given.asset_id]
        item.advance(PledgeEvent.register)
        item.registration_no = given.registration_no
        item.registered_on = given.registered_on
        item.expires_on = given.expires_on
    after = _counted(items)
    if all(item.status != PledgeStatus.filed for item in items):
        pledge.advance(PledgeEvent.register)
    else:
        pledge.version += 1
    pledge.registered_on, pledge.mixed_on = after.financing_on, after.mixed_on
    event = _event(
        actor,
        pledge,
        "pledge.registered",
        registrations=[
            {
                "asset_id": str(r.asset_id),
                "registration_no": r.registration_no,
                "registered_on": str(r.registered_on),
            }
            for r in registrations
        ],
    )
    district = await _pledgor_district(session, items)
    touched = [by_asset[given.asset_id] for given in registrations]
    facts = [
        *_registration_facts(pledge, district, touched),
        *_counting_facts(pledge, district, items, before, after),
    ]
    event = events.with_facts(event, facts)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return pledge


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: str,
    refused_on: date,
) -> Pledge:
    """Record that the office refused the filing: liens end and the pool's capacity comes back.

    Raises: `pledge.not_found`, `state.illegal_transition`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    refuse_if(date_faults("/refused_on", refused_on, today=moment.today, first=pledge.filed_on))
    pledge.advance(PledgeEvent.refuse)
    for item in items:
        item.advance(PledgeEvent.refuse)
        item.ended_on = refused_on
    return await _end(
        session,
        actor=actor,
        moment=moment,
        pledge=pledge,
        event_type="pledge.refused",
        reason=reason,
        ended_on=refused_on,
    )


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

    Raises: `pledge.not_found`, `state.illegal_transition`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    registered = max((item.registered_on for item in items if item.registered_on), default=None)
    refuse_if(date_faults("/deregistered_on", deregistered_on, today=moment.today, first=registered))
    pledge.advance(PledgeEvent.deregister)
    for item in items:
        item.advance(PledgeEvent.deregister)
        item.ended_on = deregistered_on
    return await _end(
        session,
        actor=actor,
        moment=moment,
        pledge=pledge,
        event_type="pledge.deregistered",
        reason=reason.value,
        ended_on=deregistered_on,
    )


async def _end(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    event_type: str,
    reason: str,
    ended_on: date,
) -> Pledge:
    pledge.ended_on = ended_on
    event = _event(actor, pledge, event_type, reason=reason, ended_on=str(ended_on))
    await events.record(session, actor=actor, moment=moment, events=[event])
    await holds.end(
        session,
        moment=moment,
        source_noun="pledge",
        source_ids=[pledge.id],
        reason=event_type,
        ended_on=ended_on,
    )
    await pools.release(session, moment=moment, pledge_id=pledge.id, event_id=event.id, released_on=ended_on)
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
    return found


def _counted(items: Iterable[PledgeItem]) -> Counted:
    return counted(
        (AssetKind(item.asset_kind), item.registered_on)
        for item in items
        if item.registered_on is not None and item.status in EFFECTIVE
    )


def _registration_facts(pledge: Pledge, district: str, items: Sequence[PledgeItem]) -> list[events.NewFact]:
    measure = Measure.pledge_registration_count
    return [
        _fact(pledge, district, measure, (1, item.registered_on), item.asset_kind)
        for item in items
        if item.registered_on is not None
    ]


def _counting_facts(
    pledge: Pledge, district: str, items: Sequence[PledgeItem], before: Counted, after: Counted
) -> list[events.NewFact]:
    """What changes in the counts; an earlier registration entered late moves the financing to its day."""
    kinds = {item.asset_kind for item in items}
    asset_kind = kinds.pop() if len(kinds) == 1 else "mixed"
    facts: list[events.NewFact] = []
    for sign, on in _moved(before.financing_on, after.financing_on):
        amount = sign * (pledge.principal_fen or 0)
        facts.append(_fact(pledge, district, Measure.pledge_financing_count, (sign, on), asset_kind))
        facts.append(_fact(pledge, district, Measure.pledge_financing_amount, (amount, on), asset_kind))
    for sign, on in _moved(before.mixed_on, after.mixed_on):
        facts.append(_fact(pledge, district, Measure.pledge_mixed_count, (sign, on), "mixed"))
    return facts


def _moved(before: date | None, after: date | None) -> list[tuple[int, date]]:
    """What takes a count from one day to another: minus one where it stood, plus one where it stands."""
    if before == after:
        return []
    return [(sign, on) for sign, on in ((-1, before), (1, after)) if on is not None]


def _fact(
    pledge: Pledge, district: str, measure: Measure, counts: tuple[int, date], asset_kind: str
) -> events.NewFact:
    value, on = counts
    return events.NewFact(
        measure=measure,
        district_code=district,
        role=FactRole.internal,
        value=value,
        occurred_on=on,
        source_noun="pledge",
        source_id=pledge.id,
        dimensions={
            "asset_kind": asset_kind,
            "pledgee_id": str(pledge.pledgee_id),
            "pool_id": str(pledge.pool_id or ""),
        },
    )


async def _pledgor_district(session: AsyncSession, items: Sequence[PledgeItem]) -> str:
    """The district a pledge counts in: that of the first right's pledgor (ST-08)."""
    pledgor_id = items[0].pledgor_id
    if pledgor_id is None:
        raise RuntimeError("a filed pledge has a pledgor of the register")
    return (await party_queries.districts(session, [pledgor_id]))[pledgor_id]


def _event(actor: Actor, pledge: Pledge, event_type: str, **payload: object) -> events.NewEvent:
    audience = {actor.organisation_id}
    if pledge.organisation_id is not None:
        audience.add(pledge.organisation_id)
    return events.NewEvent(
        type=event_type,
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        audience=sorted(audience),
        payload={"number": pledge.number, "status": pledge.status, **payload},
    )
