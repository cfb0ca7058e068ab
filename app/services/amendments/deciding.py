"""The office's word on an amendment: registered right by right, refused; or taken back before it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from app.domain import amendment as rules, pledge as pledge_rules
from app.domain.amendment import (
    AmendmentAction,
    AmendmentEvent,
    AmendmentKind,
    AmendmentRegistration,
    AmendmentStatus,
)
from app.domain.asset import AssetKind
from app.domain.errors import Violation, refuse_if
from app.domain.filing import AMENDED_BY, FilingEvent
from app.domain.notice import NoticeKind
from app.domain.pledge import PledgeEvent, PledgeStatus
from app.domain.request import date_faults
from app.queries import amendments as queries, pledges as pledge_queries
from app.services import commitments, filings, holds, pledges
from app.services.amendments import common, effect
from app.services.amendments.opened import Open, lock, read

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.amendment import Amendment
    from app.services.events import NewEvent

ENDED = "已无可变更的质押登记 (no registration is left to amend)"
"""Why an amendment is taken back that nothing is left to amend for."""


async def register(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    amendment_id: uuid.UUID,
    registrations: Sequence[AmendmentRegistration],
) -> Amendment:
    """Record the office's registrations; with the last of them the amendment takes effect.

    Rights that were let go are free in the same commit. An extended mark's period is extended at once, the
    loan's end moves when all are (PL-19). Of a substitution the office's word is for the rights that come in;
    those that go are let go with the last of these, if the loan stays covered.

    Raises: `amendment.not_found`, `pledge.not_yours`, `state.illegal_transition`; then all that apply of
    `amendment.pledge_not_registered`, `.pledge_claimed`, `.pledge_enforced`, `.below_outstanding`,
    `.item_not_found`, `.item_registered`, `.right_not_pledged`, `.registration_no_missing`,
    `.expiry_too_early`, `.extended_too_late`, `pledge.expiry_missing`, `pledge.expires_too_early`,
    `request.date_…`; `amendment.coverage_short`; `pledge.expiry_of_patent`,
    `pledge.registration_no_taken`.
    """
    opened = await lock(session, actor=actor, amendment_id=amendment_id, event=AmendmentEvent.register)
    stopped = await effect.stopped(session, opened.pledge)
    lent = await effect.lent_above(session, opened.amendment, opened.pledge)
    refuse_if([*_standing(opened, stopped), *lent, *_faults(opened, registrations, moment)])
    await _proceed(session, actor, moment, opened, registrations)
    return opened.amendment


async def _proceed(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    opened: Open,
    registrations: Sequence[AmendmentRegistration],
) -> None:
    """Record what the office registered; the amendment takes effect if nothing more is waited for."""
    before = effect.counts(opened.pledge, opened.items)
    for given in registrations:
        _record(opened, given)
    added = [
        opened.by_asset[given.asset_id]
        for given in registrations
        if opened.by_asset[given.asset_id].amendment_id == opened.amendment.id
    ]
    whole = not opened.waiting()
    await session.flush()
    if whole:
        on = max(one.registered_on for one in opened.touched if one.registered_on is not None)
        await _require_covered(session, opened, moment)
        opened.amendment.advance(AmendmentEvent.register)
        opened.amendment.decided_on = on
        gone = effect.apply(opened.amendment, opened.touched, opened.pledge, opened.items, on=on)
    else:
        on = max(given.registered_on for given in registrations)
        opened.amendment.version += 1
        gone = []
    opened.pledge.version += 1
    facts = await effect.facts(session, opened.amendment, opened.pledge, opened.items, before, added=added)
    event = await common.happened(
        session,
        actor,
        opened.amendment,
        opened.pledge,
        "registered" if whole else "item_registered",
        occurred_on=on,
        facts=facts,
        registrations=[asdict(given) for given in registrations],
        released=[str(item.asset_id) for item in gone],
    )
    await common.record(session, actor=actor, moment=moment, happened=[event])
    await session.flush()
    if gone:
        await holds.end(
            session,
            moment=moment,
            source_noun="pledge",
            source_ids=[opened.pledge.id],
            asset_ids=[item.asset_id for item in gone],
            reason="amendment.registered",
            ended_on=on,
        )
    if whole:
        await _follow(session, actor=actor, moment=moment, opened=opened)
        await _settled(session, actor, moment, opened, FilingEvent.register)
        await _tell(session, actor, moment, opened, event)


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    amendment_id: uuid.UUID,
    reason: str,
    refused_on: date,
) -> Amendment:
    """Record that the office refused; what the filing tied up is given back, the pledge stays as it was.

    Raises: `amendment.not_found`, `pledge.not_yours`, `state.illegal_transition`, `request.date_…`.
    """
    opened = await lock(session, actor=actor, amendment_id=amendment_id, event=AmendmentEvent.refuse)
    refuse_if(date_faults("/refused_on", refused_on, today=moment.today, first=opened.amendment.filed_on))
    opened.amendment.advance(AmendmentEvent.refuse)
    await _undo(session, actor, moment, opened, reason=reason, on=refused_on)
    await _settled(session, actor, moment, opened, FilingEvent.refuse)
    return opened.amendment


async def withdraw(
    session: AsyncSession, *, actor: Actor, moment: Moment, amendment_id: uuid.UUID, reason: str
) -> Amendment:
    """Take an amendment back before the office has decided on it.

    Raises: `amendment.not_found`, `pledge.not_yours`, `state.illegal_transition`.
    """
    opened = await lock(session, actor=actor, amendment_id=amendment_id, event=AmendmentEvent.withdraw)
    await _withdraw(session, actor, moment, opened, reason)
    return opened.amendment


async def _withdraw(session: AsyncSession, actor: Actor, moment: Moment, opened: Open, reason: str) -> None:
    opened.amendment.advance(AmendmentEvent.withdraw)
    await _undo(session, actor, moment, opened, reason=reason, on=moment.today)
    await _settled(session, actor, moment, opened, FilingEvent.withdraw)


async def settle_moot(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Close the amendments that the office has nothing left to register for; how many.

    One whose last awaited right was lost takes effect if it was registered for the others; it is withdrawn
    if it was registered for none, or its pledge has ended. Doing it again changes nothing.
    """
    closed = 0
    for amendment_id, pledge_id in await queries.moot(session):
        pledge, items = await pledge_queries.lock_known(session, pledge_id)
        opened = await read(session, amendment_id, pledge, items)
        if opened.amendment.status != AmendmentStatus.filed or await effect.stopped(session, pledge):
            continue
        if _standing(opened, []) or not any(one.registered_on for one in opened.touched):
            await _withdraw(session, actor, moment, opened, ENDED)
        elif not opened.waiting():
            await _proceed(session, actor, moment, opened, [])
        else:
            continue
        closed += 1
    return closed


def _standing(opened: Open, stopped: Sequence[Violation]) -> list[Violation]:
    found = list(stopped)
    if opened.pledge.status != PledgeStatus.registered:
        found.append(rules.NOT_REGISTERED.violation(status=opened.pledge.status))
    if opened.amendment.kind == AmendmentKind.release and opened.lets_go_of_all():
        found.append(rules.RELEASES_ALL.violation())  # others were lost since it was filed
    return found


def _faults(opened: Open, registrations: Sequence[AmendmentRegistration], moment: Moment) -> list[Violation]:
    touched = {one.asset_id: one for one in opened.touched}
    waiting = {one.asset_id for one in opened.waiting()}
    needed_to = opened.amendment.detail["after"].get("debt_to")
    found: list[Violation] = []
    seen: set[uuid.UUID] = set()
    for position, given in enumerate(registrations):
        pointer = f"/registrations/{position}"
        at = f"{pointer}/asset_id"
        one = touched.get(given.asset_id)
        if one is None:
            found.append(rules.ITEM_NOT_FOUND.violation(at))
            continue
        if given.asset_id in seen:
            found.append(pledge_rules.ITEM_TWICE.violation(at))
        elif one.registered_on is not None:
            found.append(rules.ITEM_REGISTERED.violation(at))
        elif given.asset_id not in waiting:
            found.append(rules.RIGHT_NOT_PLEDGED.violation(at))
        seen.add(given.asset_id)
        item = opened.by_asset[given.asset_id]
        mark = item.asset_kind == AssetKind.trademark
        found += rules.registration_faults(
            given,
            pointer,
            filed_on=opened.amendment.filed_on,
            today=moment.today,
            action=AmendmentAction(one.action),
            runs_to=item.expires_on if mark else None,
            needed_to=date.fromisoformat(needed_to) if mark and needed_to is not None else None,
        )
        found += pledge_rules.expiry_faults(
            pointer,
            item.asset_kind,
            registered_on=given.registered_on,
            expires_on=given.expires_on,
            needed=one.action == AmendmentAction.add,
        )
    return found


def _record(opened: Open, given: AmendmentRegistration) -> None:
    """What the office registered for a right, as it is from now on."""
    [one] = [touched for touched in opened.touched if touched.asset_id == given.asset_id]
    one.registered_on, one.expires_on = given.registered_on, given.expires_on
    item = opened.by_asset[given.asset_id]
    if one.action == AmendmentAction.extend and given.expires_on is not None:
        item.expires_on = given.expires_on
    if one.action == AmendmentAction.add:
        item.advance(PledgeEvent.register)
        item.registration_no = given.registration_no
        item.registered_on = given.registered_on
        item.expires_on = given.expires_on
        # Money waited for the right it replaces, and waits for this one from now on.
        item.required = True


async def _require_covered(session: AsyncSession, opened: Open, moment: Moment) -> None:
    """The rights that come in must still bear the loan without those that go (PLG-09)."""
    if opened.amendment.kind != AmendmentKind.substitution:
        return
    stood = await pledges.stand(session, opened.pledge, today=moment.today)
    going = [one.asset_id for one in opened.touched if one.action == AmendmentAction.release]
    refuse_if(effect.uncovered(stood.coverage, stood.coverage.without(going), "/registrations"))


async def _follow(session: AsyncSession, *, actor: Actor, moment: Moment, opened: Open) -> None:
    """What depends on the pledge's terms follows them: the loan's limit, the pool's cover, the alert."""
    if "principal_fen" in opened.amendment.detail["after"]:
        await effect.follow_principal(session, opened.pledge)
        await commitments.follow_repayment(
            session,
            actor=actor,
            moment=moment,
            pledge_id=opened.pledge.id,
            principal_fen=await effect.owed_at_most(session, opened.pledge, moment, reported=False),
        )
    await pledges.review_coverage(session, actor=actor, moment=moment, pledge=opened.pledge)


async def _undo(
    session: AsyncSession, actor: Actor, moment: Moment, opened: Open, *, reason: str, on: date
) -> None:
    """Give back what the filing tied up: liens of rights that never came in, cover that is not needed.

    A right whose registration the office had granted before stays pledged.
    """
    amendment, pledge = opened.amendment, opened.pledge
    amendment.reason, amendment.decided_on = reason, on
    refused = amendment.status == AmendmentStatus.refused
    undecided = [
        item
        for item in opened.items
        if item.amendment_id == amendment.id and item.status == PledgeStatus.filed
    ]
    for item in undecided:
        item.advance(PledgeEvent.refuse if refused else PledgeEvent.withdraw)
        item.ended_on = on
    pledge.version += 1
    what = f"amendment.{amendment.status}"
    event = await common.happened(
        session, actor, amendment, pledge, amendment.status, occurred_on=on, reason=reason
    )
    await common.record(session, actor=actor, moment=moment, happened=[event])
    await session.flush()
    await holds.end(
        session,
        moment=moment,
        source_noun="pledge",
        source_ids=[pledge.id],
        asset_ids=[item.asset_id for item in undecided],
        reason=what,
        ended_on=on,
    )
    before = amendment.detail["before"].get("principal_fen")
    if before is not None and before < amendment.detail["after"]["principal_fen"]:
        await commitments.undo_enlargement(
            session,
            actor=actor,
            moment=moment,
            pledge_id=pledge.id,
            principal_fen=before,
            owed_fen=await effect.owed_at_most(session, pledge, moment, reported=True),
        )
    await _tell(session, actor, moment, opened, event)


async def _settled(
    session: AsyncSession, actor: Actor, moment: Moment, opened: Open, event: FilingEvent
) -> None:
    """Close what is open at the office for it."""
    amendment = opened.amendment
    if amendment.decided_on is None:
        raise RuntimeError("a decided amendment has its day")
    await filings.settle(
        session,
        actor=actor,
        moment=moment,
        pledge=opened.pledge,
        action=AMENDED_BY[AmendmentKind(amendment.kind)],
        verdict=filings.Verdict(event, amendment.decided_on, reason=amendment.reason),
    )


async def _tell(session: AsyncSession, actor: Actor, moment: Moment, opened: Open, event: NewEvent) -> None:
    await common.told(
        session,
        actor=actor,
        moment=moment,
        amendment=opened.amendment,
        pledge=opened.pledge,
        event=event,
        kind=NoticeKind.amendment_decided,
    )
