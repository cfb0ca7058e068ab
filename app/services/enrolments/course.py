"""The course of an enrolment: matched, in service, with another provider, ended or renewed (TG-05, TRU-04).

Locks are taken in the order enrolment, programme, provider.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import enrolment as rules, provider as provider_rules
from app.domain.enrolment import ENROLMENT, Cause, Change, EnrolmentEvent, EnrolmentStatus, Stretch
from app.domain.errors import Violation, refuse_if
from app.domain.notice import NoticeKind
from app.domain.provider import ProviderStatus
from app.domain.request import date_faults
from app.models.enrolment import Enrolment
from app.models.programme import Provider
from app.queries import (
    enrolment_coverage as coverage_queries,
    enrolments as queries,
    organisations as organisation_queries,
    programmes as programme_queries,
    providers as provider_queries,
)
from app.queries.driver import driver
from app.services import events, notices, programmes
from app.services.enrolments import parts
from app.services.enrolments.parts import Serving

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

DAY = timedelta(days=1)


async def match(
    session: AsyncSession, *, actor: Actor, moment: Moment, enrolment_id: uuid.UUID, provider_id: uuid.UUID
) -> Enrolment:
    """Give a checked firm to a selected provider that has room (TRU-03).

    Raises: `enrolment.not_operator`, `state.illegal_transition`, `programme.closed`, `provider.not_found`;
    `provider.not_selected`, `enrolment.self_service`, `.quota_exceeded`, all that apply.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    parts.require_operator(actor, enrolment)
    enrolment.advance(EnrolmentEvent.match)
    programmes.require_open(await programme_queries.hold(session, enrolment.programme_id))
    provider = await _lock_willing(session, actor, enrolment, provider_id)
    enrolment.provider_id = provider.id
    await _tell_matched(
        session, actor=actor, moment=moment, enrolment=enrolment, provider=provider, what="matched"
    )
    return enrolment


async def sign(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    agreement_no: str,
    active_from: date,
    active_to: date,
) -> Enrolment:
    """The firm and its provider have agreed: in service from `active_from`, one more in the active stock.

    After a change of provider `active_from` of the enrolment stays that of the first agreement.
    Raises: `enrolment.not_serving`, `state.illegal_transition`, `provider.not_selected`;
    `request.date_in_future`, `.date_too_early`, `enrolment.term_invalid`, `.term_exceeded`.
    """
    enrolment, provider = await _lock_served(session, actor, enrolment_id)
    ENROLMENT.next(EnrolmentStatus(enrolment.status), EnrolmentEvent.sign)
    programme = await programme_queries.hold(session, enrolment.programme_id)
    provider = await provider_queries.lock(session, provider.id)
    if provider.status != ProviderStatus.selected:
        raise provider_rules.NOT_SELECTED.error()
    served = await queries.service(session, enrolment.id)
    first = max([programme.starts_on, *(stretch.last + DAY for stretch in served if stretch.last)])
    found = date_faults("/active_from", active_from, today=moment.today, first=first)
    if active_from > programme.ends_on:
        found.append(rules.TERM_EXCEEDED.violation("/active_from", day=active_from, last=programme.ends_on))
    refuse_if(found + _term_faults(active_from, active_to))
    enrolment.advance(EnrolmentEvent.sign)
    enrolment.agreement_no = agreement_no
    enrolment.active_from = enrolment.active_from or active_from
    enrolment.active_to = active_to
    cause = Cause.provider_change if served else Cause.agreement
    serving = Serving(programme.plan_id, provider.organisation_id)
    fact = parts.stock_moved(enrolment, serving, Change.start, active_from, cause)
    return await _told(
        session,
        actor=actor,
        moment=moment,
        enrolment=enrolment,
        provider=provider,
        what="signed",
        fact=fact,
    )


async def change_provider(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    provider_id: uuid.UUID,
    reason: str,
    ended_on: date | None = None,
) -> Enrolment:
    """Give a firm to another provider. It stays one enrolment, and what was served counts on (TRU-04).

    `ended_on` is the last day with the present provider, today unless said; the firm leaves the active
    stock until the new agreement. Raises: as `match`, without the programme having to be open, and
    `enrolment.provider_same`, `request.date_…`, `enrolment.term_exceeded`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    parts.require_operator(actor, enrolment)
    before = EnrolmentStatus(enrolment.status)
    enrolment.advance(EnrolmentEvent.change_provider)
    if provider_id == enrolment.provider_id:
        raise rules.PROVIDER_SAME.error("/provider_id")
    serving = await _serving(session, enrolment)
    facts = []
    last = None
    if before is EnrolmentStatus.active:
        last = ended_on or min(moment.today, enrolment.active_to or moment.today)
        await _require_last_day(session, moment, enrolment, last)
        facts = [parts.stock_moved(enrolment, serving, Change.end, last + DAY, Cause.provider_change)]
    provider = await _lock_willing(session, actor, enrolment, provider_id)
    enrolment.provider_id = provider.id
    enrolment.agreement_no = enrolment.active_to = None
    await _tell_matched(
        session,
        actor=actor,
        moment=moment,
        enrolment=enrolment,
        provider=provider,
        what="provider_changed",
        facts=facts,
        former=serving.organisation_id,
        occurred_on=last,
        reason=reason,
    )
    return enrolment


async def terminate(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    ended_on: date | None,
    reason: str,
) -> Enrolment:
    """Give an enrolment up before its term, or before it came to anything; it is never counted.

    `ended_on` is the last day served, today unless said. The firm may, and its provider, or whoever
    entered it while it has none.
    Raises: `enrolment.not_concerned`, `state.illegal_transition`, `request.date_…`,
    `enrolment.term_exceeded`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    serving = await _serving(session, enrolment) if enrolment.provider_id is not None else None
    provider_id = serving.organisation_id if serving is not None else enrolment.organisation_id
    _require_concerned(actor, enrolment, provider_id, firm_too=True)
    before = EnrolmentStatus(enrolment.status)
    enrolment.advance(EnrolmentEvent.terminate)
    facts = []
    if before is EnrolmentStatus.active and serving is not None:
        last = ended_on or min(moment.today, enrolment.active_to or moment.today)
        await _require_last_day(session, moment, enrolment, last)
        facts = [parts.stock_moved(enrolment, serving, Change.end, last + DAY, Cause.termination)]
    else:
        last = ended_on or moment.today
        refuse_if(date_faults("/ended_on", last, today=moment.today))
    enrolment.ended_on, enrolment.reason = last, reason
    audience = await parts.concerned(session, enrolment, provider_id)
    event = parts.told(
        enrolment, "terminated", audience, occurred_on=last, facts=facts, more={"reason": reason}
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


async def end(
    session: AsyncSession, *, actor: Actor, moment: Moment, enrolment_id: uuid.UUID, ended_on: date
) -> Enrolment:
    """The service is over with the last day `ended_on`, and can be evaluated or renewed.

    Raises: `enrolment.not_concerned`, `state.illegal_transition`, `request.date_…`,
    `enrolment.term_exceeded`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    before = EnrolmentStatus(enrolment.status)
    ENROLMENT.next(before, EnrolmentEvent.end)
    serving = await _serving(session, enrolment)
    _require_concerned(actor, enrolment, serving.organisation_id, firm_too=False)
    await _require_last_day(session, moment, enrolment, ended_on)
    enrolment.advance(EnrolmentEvent.end)
    enrolment.ended_on = ended_on
    fact = parts.stock_moved(enrolment, serving, Change.end, ended_on + DAY, Cause.term_end)
    audience = await parts.concerned(session, enrolment, serving.organisation_id)
    event = parts.told(enrolment, "ended", audience, occurred_on=ended_on, facts=[fact])
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


async def renew(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    agreement_no: str,
    active_to: date,
    active_from: date | None = None,
) -> Enrolment:
    """Go on under a new agreement with the same provider, from the day after the last one unless said.

    Raises: `enrolment.not_serving`, `state.illegal_transition`, `programme.closed`,
    `provider.not_selected`, `enrolment.quota_exceeded`, `.already_enrolled`, `.term_invalid`,
    `request.date_…`.
    """
    enrolment, provider = await _lock_served(session, actor, enrolment_id)
    ENROLMENT.next(EnrolmentStatus(enrolment.status), EnrolmentEvent.renew)
    programme = await programme_queries.hold(session, enrolment.programme_id)
    programmes.require_open(programme)
    following = (enrolment.ended_on or moment.today) + DAY
    first = active_from or following
    found = date_faults("/active_from", first, today=max(moment.today, following), first=following)
    kin = await coverage_queries.same_firm(session, enrolment.party_id)
    live = await queries.enrolled(session, programme.id, kin)
    if {one for ids in live.values() for one in ids} - {enrolment.id}:
        found.append(rules.ALREADY_ENROLLED.violation())
    await provider_queries.lock(session, provider.id)
    refuse_if(found + _term_faults(first, active_to) + await _room_faults(session, provider, None))
    enrolment.advance(EnrolmentEvent.renew)
    enrolment.agreement_no, enrolment.active_to, enrolment.ended_on = agreement_no, active_to, None
    serving = Serving(programme.plan_id, provider.organisation_id)
    fact = parts.stock_moved(enrolment, serving, Change.start, first, Cause.renewal)
    return await _told(
        session,
        actor=actor,
        moment=moment,
        enrolment=enrolment,
        provider=provider,
        what="renewed",
        fact=fact,
    )


_END = """
WITH due AS (
  SELECT id FROM enrolments WHERE status = 'active' AND active_to < $1 ORDER BY id FOR NO KEY UPDATE
)
UPDATE enrolments e SET status = 'ended', ended_on = e.active_to, version = e.version + 1
FROM due, programmes g, providers p
WHERE due.id = e.id AND g.id = e.programme_id AND p.id = e.provider_id
RETURNING e.id, e.number, e.district_code, e.programme_id, e.party_id, e.organisation_id, e.size_class,
  e.status, e.ended_on, g.plan_id, p.organisation_id AS provider_organisation_id,
  (SELECT o.id FROM organisations o WHERE o.party_id = e.party_id) AS firm_organisation_id
"""


async def end_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the enrolments whose agreed term is over; how many. Doing it again changes nothing."""
    connection = await driver(session)
    told = []
    for row in await connection.fetch(_END, moment.today):
        fact = parts.stock_fact(
            enrolment_id=row["id"],
            district_code=row["district_code"],
            change=Change.end,
            day=row["ended_on"] + DAY,
            dimensions={
                **{
                    name: str(row[name])
                    for name in ("plan_id", "programme_id", "party_id", "provider_organisation_id")
                },
                "size_class": row["size_class"],
                "cause": Cause.term_end.value,
            },
        )
        organisations = (
            row["organisation_id"],
            row["provider_organisation_id"],
            row["firm_organisation_id"],
        )
        told.append(
            events.NewEvent(
                type="enrolment.ended",
                noun="enrolment",
                subject_id=row["id"],
                stream=row["district_code"],
                audience=list(dict.fromkeys(one for one in organisations if one is not None)),
                occurred_on=row["ended_on"],
                facts=[fact],
                payload={
                    "number": row["number"],
                    "programme_id": row["programme_id"],
                    "party_id": row["party_id"],
                    "status": row["status"],
                },
            )
        )
    if told:
        await events.record(session, actor=actor, moment=moment, events=told)
    return len(told)


async def _lock_willing(
    session: AsyncSession, actor: Actor, enrolment: Enrolment, provider_id: uuid.UUID
) -> Provider:
    """A provider of the enrolment's programme that can take the firm, locked until it has."""
    provider = await provider_queries.get(session, actor, provider_id, pointer="/provider_id", lock=True)
    if provider.programme_id != enrolment.programme_id:
        raise provider_rules.NOT_FOUND.error("/provider_id", provider_id=provider_id)
    found = await _room_faults(session, provider, "/provider_id")
    organisation = await organisation_queries.get(session, provider.organisation_id)
    if organisation.party_id == enrolment.party_id:
        found.append(rules.SELF_SERVICE.violation("/provider_id"))
    refuse_if(found)
    return provider


async def _room_faults(session: AsyncSession, provider: Provider, pointer: str | None) -> list[Violation]:
    """Whether a locked provider can take one more firm."""
    if provider.status != ProviderStatus.selected:
        return [provider_rules.NOT_SELECTED.violation(pointer)]
    taken = (await provider_queries.serving(session, [provider.id]))[provider.id]
    if taken < (provider.quota or 0):
        return []
    return [rules.QUOTA_EXCEEDED.violation(pointer, quota=provider.quota, taken=taken)]


async def _lock_served(
    session: AsyncSession, actor: Actor, enrolment_id: uuid.UUID
) -> tuple[Enrolment, Provider]:
    """An enrolment, locked, that the caller's organisation serves, and that provider.

    Raises: `enrolment.not_serving`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    provider = None
    if enrolment.provider_id is not None:
        provider = await session.get(Provider, enrolment.provider_id, populate_existing=True)
    if provider is None or provider.organisation_id != actor.organisation_id:
        raise rules.NOT_SERVING.error()
    return enrolment, provider


async def _serving(session: AsyncSession, enrolment: Enrolment) -> Serving:
    """Who serves a matched enrolment, under which plan."""
    programme = await programme_queries.get(session, enrolment.programme_id)
    provider = await session.get_one(Provider, enrolment.provider_id)
    return Serving(programme.plan_id, provider.organisation_id)


def _require_concerned(
    actor: Actor, enrolment: Enrolment, provider_organisation_id: uuid.UUID, *, firm_too: bool
) -> None:
    allowed = actor.organisation_id == provider_organisation_id or (
        firm_too and actor.party_id == enrolment.party_id
    )
    if not allowed:
        raise rules.NOT_CONCERNED.error()


async def _require_last_day(session: AsyncSession, moment: Moment, enrolment: Enrolment, last: date) -> None:
    """The last day served lies in the stretch under way, within the agreed term, not after today."""
    under_way: Stretch = (await queries.service(session, enrolment.id))[-1]
    found = date_faults("/ended_on", last, today=moment.today, first=under_way.first)
    if enrolment.active_to is not None and last > enrolment.active_to:
        found.append(rules.TERM_EXCEEDED.violation("/ended_on", day=last, last=enrolment.active_to))
    refuse_if(found)


def _term_faults(first: date, last: date) -> list[Violation]:
    return [rules.TERM_INVALID.violation("/active_to", first=first, last=last)] if last < first else []


async def _told(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment: Enrolment,
    provider: Provider,
    what: str,
    fact: events.NewFact,
) -> Enrolment:
    audience = await parts.concerned(session, enrolment, provider.organisation_id)
    more = {"agreement_no": enrolment.agreement_no, "active_to": enrolment.active_to}
    event = parts.told(enrolment, what, audience, occurred_on=fact.occurred_on, facts=[fact], more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


async def _tell_matched(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment: Enrolment,
    provider: Provider,
    what: str,
    facts: list[events.NewFact] | None = None,
    former: uuid.UUID | None = None,
    occurred_on: date | None = None,
    reason: str | None = None,
) -> None:
    audience = await parts.concerned(session, enrolment, provider.organisation_id, former)
    more = {"provider_id": provider.id, **({"reason": reason} if reason is not None else {})}
    event = parts.told(enrolment, what, audience, occurred_on=occurred_on, facts=facts or (), more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.enrolment_matched,
        recipients=[one for one in audience if one not in {former, actor.organisation_id}],
        facts={"number": enrolment.number},
    )
    await session.flush()
