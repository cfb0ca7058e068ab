"""Filings: what was handed in at the office, its requests for correction, and what became of it.

The platform records; the office decides. A right under correction shows it, and so does its pledge. What
becomes of the rights settles the filing: `pledges` and `amendments` call `settle` under the pledge's lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import filing as rules
from app.domain.amendment import AmendmentKind
from app.domain.asset import AssetKind
from app.domain.errors import Violation, refuse_if
from app.domain.filing import FILING, FilingAction, FilingChannel, FilingEvent, FilingStatus
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.pledge import PledgeEvent, PledgeStatus
from app.domain.pledge_life import UNDECIDED
from app.domain.request import date_faults
from app.models.filing import Filing
from app.queries import (
    amendments as amendment_queries,
    consents as organisation_queries,
    filings as queries,
    pledges as pledge_queries,
)
from app.services import events, filing_terms, notices, working_days

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pledge import Pledge, PledgeItem


@dataclass(frozen=True, slots=True)
class NewFiling:
    """What was handed in for the rights of one kind. `amendment_id`: of a change or an extension."""

    asset_kind: AssetKind
    application_no: str
    channel: FilingChannel
    submitted_on: date
    action: FilingAction = FilingAction.registration
    amendment_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the office decided: on which day, in which words, announced when, on which grounds."""

    event: FilingEvent
    decided_on: date
    announced_on: date | None = None
    reason: str | None = None
    grounds: Sequence[str] | None = None


def due(asset_kind: AssetKind, channel: FilingChannel, district_code: str, handed_in: date) -> date:
    """The last day of the office's time limit, in working days (PL-05)."""
    term = rules.term_of(
        filing_terms.terms(),
        asset_kind=asset_kind,
        channel=channel,
        district_code=district_code,
        on=handed_in,
    )
    return working_days.after(handed_in, term.working_days)


async def submit(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewFiling
) -> Filing:
    """Record what was handed in at the office for the rights of one kind.

    Raises: `pledge.not_found`, `pledge.not_yours`, `filing.number_taken`, and all that apply of
    `request.date_in_future`, `request.date_too_early`, `filing.nothing_to_file`,
    `filing.amendment_unfit`, `filing.already_open`.
    """
    pledge, items = await pledge_queries.lock(session, actor, pledge_id)
    found = date_faults("/submitted_on", new.submitted_on, today=moment.today, first=pledge.contracted_on)
    states = {PledgeStatus(item.status) for item in items if _concerned(item, new)}
    if not states & rules.NEEDED[new.action]:
        found.append(rules.NOTHING_TO_FILE.violation("/asset_kind", asset_kind=new.asset_kind.value))
    found += await _amendment_faults(session, pledge, new)
    if await queries.open_of(session, pledge.id, new.action, new.asset_kind):
        found.append(rules.ALREADY_OPEN.violation("/asset_kind"))
    refuse_if(found)
    filing = Filing(
        id=new_id(),
        district_code=pledge.district_code,
        pledge_id=pledge.id,
        amendment_id=new.amendment_id,
        asset_kind=new.asset_kind.value,
        action=new.action.value,
        channel=new.channel.value,
        application_no=new.application_no,
        submitted_on=new.submitted_on,
        due_on=due(new.asset_kind, new.channel, pledge.district_code, new.submitted_on),
        status=FilingStatus.submitted.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = await _event(session, actor, pledge, filing, "submitted", event_id=filing.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(filing)
    await session.flush()
    return filing


def _concerned(item: PledgeItem, new: NewFiling) -> bool:
    """Whether a right may be filed for: one that an amendment is to add only with that amendment."""
    added = item.amendment_id is not None and item.status in UNDECIDED
    return item.asset_kind == new.asset_kind and (not added or item.amendment_id == new.amendment_id)


async def _amendment_faults(session: AsyncSession, pledge: Pledge, new: NewFiling) -> list[Violation]:
    asked = None
    if new.amendment_id is not None:
        amendment = await amendment_queries.open_one(session, pledge.id)
        if amendment is None or amendment.id != new.amendment_id:
            return [rules.AMENDMENT_UNFIT.violation("/amendment_id")]
        asked = rules.AMENDED_BY[AmendmentKind(amendment.kind)]
    fits = asked == (new.action if new.action in rules.AMENDED_BY.values() else None)
    return [] if fits else [rules.AMENDMENT_UNFIT.violation("/amendment_id")]


async def correct(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    filing_id: uuid.UUID,
    reason: str,
    requested_on: date,
    respond_by: date,
) -> Filing:
    """Record that the office asks for corrections; those concerned are told until when to answer.

    Raises: `filing.not_found`, `pledge.not_yours`, `state.illegal_transition`, `request.date_in_future`,
    `request.date_too_early`.
    """
    pledge, items, filing = await lock(session, actor, filing_id)
    refuse_if(
        rules.correction_faults(
            requested_on=requested_on,
            respond_by=respond_by,
            handed_in_on=filing.corrected_on or filing.submitted_on,
            today=moment.today,
        )
    )
    filing.advance(FilingEvent.correct)
    filing.correction_reason, filing.requested_on, filing.respond_by = reason, requested_on, respond_by
    filing.corrected_on = None
    _mirror(pledge, items, filing, PledgeEvent.correct)
    event = await _event(
        session, actor, pledge, filing, "corrected", reason=reason, requested_on=requested_on
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.correction_requested,
        recipients=[one for one in event.audience if one != actor.organisation_id],
        facts={"application_no": filing.application_no, "number": pledge.number, "respond_by": respond_by},
        due_on=respond_by,
    )
    return filing


async def resubmit(
    session: AsyncSession, *, actor: Actor, moment: Moment, filing_id: uuid.UUID, resubmitted_on: date
) -> Filing:
    """Record that the corrections were handed in; the office's time begins anew.

    Raises: `filing.not_found`, `pledge.not_yours`, `state.illegal_transition`, `request.date_in_future`,
    `request.date_too_early`.
    """
    pledge, items, filing = await lock(session, actor, filing_id)
    FILING.next(FilingStatus(filing.status), FilingEvent.resubmit)
    refuse_if(date_faults("/resubmitted_on", resubmitted_on, today=moment.today, first=filing.requested_on))
    filing.advance(FilingEvent.resubmit)
    filing.corrected_on = resubmitted_on
    kind, channel = AssetKind(filing.asset_kind), FilingChannel(filing.channel)
    filing.due_on = due(kind, channel, filing.district_code, resubmitted_on)
    _mirror(pledge, items, filing, PledgeEvent.refile)
    event = await _event(session, actor, pledge, filing, "resubmitted", resubmitted_on=resubmitted_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return filing


async def drop(
    session: AsyncSession, *, actor: Actor, moment: Moment, filing_id: uuid.UUID, reason: str, on: date
) -> Filing:
    """Record that a filing of anything but a registration was taken back; the pledge stays as it is.

    A filing for registration is withdrawn with its rights: `pledges.withdraw`.

    Raises: `filing.not_found`, `pledge.not_yours`, `state.illegal_transition`, `request.date_in_future`,
    `request.date_too_early`.
    """
    pledge, _, filing = await lock(session, actor, filing_id)
    refuse_if(date_faults("/withdrawn_on", on, today=moment.today, first=filing.submitted_on))
    verdict = Verdict(FilingEvent.withdraw, on, reason=reason)
    await _decide(session, actor=actor, moment=moment, pledge=pledge, filing=filing, verdict=verdict)
    return filing


async def settle(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    action: FilingAction,
    verdict: Verdict,
    asset_kind: AssetKind | None = None,
) -> Sequence[Filing]:
    """Close what is open at the office for an action on a pledge, of one kind or of all.

    The caller holds the pledge's lock and knows the verdict from the rights. Nothing need have been
    recorded: then nothing is closed.
    """
    found = await queries.open_of(session, pledge.id, action, asset_kind)
    for filing in found:
        await _decide(session, actor=actor, moment=moment, pledge=pledge, filing=filing, verdict=verdict)
    return found


async def lock(
    session: AsyncSession, actor: Actor, filing_id: uuid.UUID
) -> tuple[Pledge, Sequence[PledgeItem], Filing]:
    """A filing under the lock of its pledge. Raises: `filing.not_found`, `pledge.not_yours`."""
    seen = await queries.get(session, actor, filing_id)
    pledge, items = await pledge_queries.lock(session, actor, seen.pledge_id)
    return pledge, items, await queries.fresh(session, filing_id)


async def tell_overdue(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Tell bank and operator, once each time it falls due, that the office is late. Returns how many are."""
    found = await queries.newly_overdue(session, moment.today)
    for filing, pledge in found:
        event = await _event(session, actor, pledge, filing, "overdue", due_on=filing.due_on)
        await events.record(session, actor=actor, moment=moment, events=[event])
        operator = await organisation_queries.operator_of(session, pledge.district_code)
        recipients = [pledge.organisation_id, operator.id if operator is not None else None]
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.filing_overdue,
            recipients=[one for one in recipients if one is not None],
            facts={
                "application_no": filing.application_no,
                "number": pledge.number,
                "due_on": filing.due_on,
            },
        )
    return len(found)


async def _decide(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge: Pledge,
    filing: Filing,
    verdict: Verdict,
) -> None:
    if filing.status == FilingStatus.correction and verdict.event is FilingEvent.register:
        filing.advance(FilingEvent.resubmit)
    filing.advance(verdict.event)
    filing.decided_on, filing.announced_on = verdict.decided_on, verdict.announced_on
    filing.reason = verdict.reason
    filing.grounds = list(verdict.grounds) if verdict.grounds else None
    event = await _event(
        session, actor, pledge, filing, filing.status, decided_on=verdict.decided_on, grounds=filing.grounds
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()


def _mirror(pledge: Pledge, items: Sequence[PledgeItem], filing: Filing, event: PledgeEvent) -> None:
    """Rights and pledge show what the office asks for; a change or a cancellation asks nothing of them."""
    if filing.action != FilingAction.registration:
        return
    waiting = PledgeStatus.filed if event is PledgeEvent.correct else PledgeStatus.correction
    for item in items:
        if item.asset_kind == filing.asset_kind and item.status == waiting:
            item.advance(event)
    pledge.follow(items, event)


async def _event(
    session: AsyncSession,
    actor: Actor,
    pledge: Pledge,
    filing: Filing,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    **more: object,
) -> events.NewEvent:
    """`filing.{what}` for those whom the pledge concerns."""
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"filing.{what}",
        noun="filing",
        subject_id=filing.id,
        stream=filing.district_code,
        audience=sorted({actor.organisation_id, *await pledge_queries.audience(session, pledge)}),
        payload={
            "pledge_id": str(pledge.id),
            "number": pledge.number,
            "application_no": filing.application_no,
            "asset_kind": filing.asset_kind,
            "action": filing.action,
            "status": filing.status,
            **more,
        },
    )
