"""The office's decision on what was filed, per right: registered, refused, or taken back before.

The platform records what the office registers. Each registration counts once; the financing counts at
its first effective registration and as mixed once, when its second kind becomes effective.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pledge as rules
from app.domain.amendment import OF_AMENDMENT
from app.domain.errors import Violation, refuse_if
from app.domain.filing import FILING, FilingAction, FilingEvent, FilingStatus
from app.domain.pledge import PledgeEvent
from app.domain.pledge_count import Counted, earliest
from app.domain.pledge_life import UNDECIDED
from app.domain.request import date_faults
from app.models.filing import Filing
from app.models.pledge import Pledge, PledgeItem
from app.queries import filings as filing_queries, loans as loan_queries, pledges as queries
from app.services import events, filings
from app.services.pledges import figures
from app.services.pledges.outcome import (
    Ending,
    chosen,
    happened,
    let_go,
    release_cover,
    settle_filings,
    tell,
)

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
    announced_on: date | None = None,
) -> Pledge:
    """Record official registrations; the pledge is registered once the office has decided on all its rights.

    It is effective from the office's day, whatever day the contract bears (PLG-17). What is open at the
    office for a kind is settled with the last right of that kind.

    Raises: `pledge.not_found`, `pledge.not_yours`, `pledge.item_not_found`, `request.date_in_future`,
    `request.date_too_early`, `pledge.asset_twice`, `pledge.expiry_missing`, `pledge.expiry_of_patent`,
    `pledge.expires_too_early`, `amendment.right_of_amendment`, `state.illegal_transition`,
    `pledge.registration_no_taken`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    by_asset = {item.asset_id: item for item in items}
    found = _faults(registrations, by_asset, pledge, moment)
    if announced_on is not None:
        first = min((given.registered_on for given in registrations), default=None)
        found += date_faults("/announced_on", announced_on, today=moment.today, first=first)
    refuse_if(found)
    before = earliest(Counted(pledge.registered_on, pledge.mixed_on), figures.counted_days(items))
    for given in registrations:
        item = by_asset[given.asset_id]
        item.advance(PledgeEvent.register)
        item.registration_no = given.registration_no
        item.registered_on = given.registered_on
        item.expires_on = given.expires_on
    after = earliest(before, figures.counted_days(items))
    pledge.follow(items, PledgeEvent.register)
    pledge.registered_on, pledge.mixed_on = after.financing_on, after.mixed_on
    heading = await figures.heading_of(session, pledge, items)
    registered = [by_asset[given.asset_id] for given in registrations]
    event = await happened(
        session,
        actor,
        pledge,
        "pledge.registered",
        facts=[
            *figures.registration_facts(pledge, heading, registered),
            *figures.counting_facts(pledge, heading, items, before, after),
        ],
        registrations=[asdict(given) for given in registrations],
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await settle_filings(
        session,
        actor=actor,
        moment=moment,
        pledge=pledge,
        items=items,
        kinds={item.asset_kind for item in registered},
        announced_on=announced_on,
    )
    await tell(session, actor, moment, pledge, event, rights=len(registered))
    return pledge


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: str,
    refused_on: date,
    asset_ids: Collection[uuid.UUID] | None = None,
    grounds: Sequence[str] = (),
) -> Pledge:
    """Record that the office refused rights of a filing, all that are undecided if none are named.

    `grounds`: which of the twelve it named (PL-06). The liens end. When no right is left, the pledge is
    refused and the pool's capacity comes back.

    Raises: `pledge.not_found`, `pledge.not_yours`, `pledge.item_not_found`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    refuse_if(date_faults("/refused_on", refused_on, today=moment.today, first=pledge.filed_on))
    refused = chosen(items, asset_ids, UNDECIDED)
    for item in refused:
        item.advance(PledgeEvent.refuse)
        item.ended_on = refused_on
    pledge.follow(items, PledgeEvent.refuse)
    ending = Ending("pledge.refused", reason, refused_on, refused)
    return await _end(session, actor, moment, pledge, ending, items=items, grounds=grounds)


async def withdraw(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    reason: str,
    withdrawn_on: date,
    asset_ids: Collection[uuid.UUID] | None = None,
) -> Pledge:
    """Take rights back from the office before it has decided, all that are undecided if none are named.

    Their liens end. When no right is left, the pledge is withdrawn and the pool's capacity comes back.

    Raises: `pledge.not_found`, `pledge.not_yours`, `pledge.item_not_found`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`.
    """
    pledge, items = await queries.lock(session, actor, pledge_id)
    refuse_if(date_faults("/withdrawn_on", withdrawn_on, today=moment.today, first=pledge.filed_on))
    withdrawn = chosen(items, asset_ids, UNDECIDED)
    for item in withdrawn:
        item.advance(PledgeEvent.withdraw)
        item.ended_on = withdrawn_on
    pledge.follow(items, PledgeEvent.withdraw)
    ending = Ending("pledge.withdrawn", reason, withdrawn_on, withdrawn)
    return await _end(session, actor, moment, pledge, ending, items=items)


async def withdraw_filing(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    filing_id: uuid.UUID,
    reason: str,
    withdrawn_on: date,
) -> Filing:
    """Take a filing back from the office; one for registration with its rights.

    Raises: `filing.not_found`, `pledge.not_yours`, `state.illegal_transition`, `request.date_in_future`,
    `request.date_too_early`.
    """
    _, items, filing = await filings.lock(session, actor, filing_id)
    FILING.next(FilingStatus(filing.status), FilingEvent.withdraw)
    refuse_if(date_faults("/withdrawn_on", withdrawn_on, today=moment.today, first=filing.submitted_on))
    if filing.action != FilingAction.registration:
        return await filings.drop(
            session, actor=actor, moment=moment, filing_id=filing_id, reason=reason, on=withdrawn_on
        )
    rights = [
        item.asset_id
        for item in items
        if item.asset_kind == filing.asset_kind and item.status in UNDECIDED and item.amendment_id is None
    ]
    await withdraw(
        session,
        actor=actor,
        moment=moment,
        pledge_id=filing.pledge_id,
        reason=reason,
        withdrawn_on=withdrawn_on,
        asset_ids=rights,
    )
    return await filing_queries.fresh(session, filing_id)


async def _end(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    ending: Ending,
    *,
    items: Sequence[PledgeItem],
    grounds: Sequence[str] = (),
) -> Pledge:
    """What was undecided ends; with the last right the pledge.

    Its cover comes back unless money was lent on a registration that was lost since: what is still owed
    stays covered, in doubt, until the pool's manager decides (PL-08).
    """
    if not any(item.ended_on is None for item in items):
        pledge.ended_on = ending.on
    event = await let_go(session, actor, moment, pledge, ending, grounds=list(grounds))
    await settle_filings(
        session,
        actor=actor,
        moment=moment,
        pledge=pledge,
        items=items,
        kinds={item.asset_kind for item in ending.items},
        reason=ending.reason,
        grounds=grounds,
    )
    if not await loan_queries.outstanding(session, pledge.id):
        await release_cover(session, actor, moment, pledge, event_id=event.id, on=ending.on)
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
        if item.amendment_id is not None and item.status in UNDECIDED:
            found.append(OF_AMENDMENT.violation(f"{pointer}/asset_id"))
        if given.asset_id in seen:
            found.append(rules.ITEM_TWICE.violation(f"{pointer}/asset_id"))
        seen.add(given.asset_id)
        found += date_faults(
            f"{pointer}/registered_on", given.registered_on, today=moment.today, first=pledge.filed_on
        )
        found += rules.expiry_faults(
            pointer, item.asset_kind, registered_on=given.registered_on, expires_on=given.expires_on
        )
    return found
