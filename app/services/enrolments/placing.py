"""Placing: a checked firm is given to a provider, and later to another one (TRU-03, TRU-04).

Locks are taken in the order enrolment, programme, provider.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enrolment as rules, provider as provider_rules
from app.domain.enrolment import Cause, Change, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import refuse_if
from app.domain.notice import NoticeKind
from app.models.enrolment import Enrolment
from app.models.programme import Provider
from app.queries import (
    enrolments as queries,
    organisations as organisation_queries,
    party_successions,
    programmes as programme_queries,
    providers as provider_queries,
)
from app.services import events, notices, programmes
from app.services.enrolments import parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def match(
    session: AsyncSession, *, actor: Actor, moment: Moment, enrolment_id: uuid.UUID, provider_id: uuid.UUID
) -> Enrolment:
    """Give a checked firm to a selected provider that has room (TRU-03).

    Raises: `enrolment.not_operator`, `state.illegal_transition`, `programme.closed`, `.over`,
    `enrolment.consent_withdrawn`, `provider.not_found`; `provider.not_selected`, `enrolment.self_service`,
    `.quota_exceeded`, all that apply.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    parts.require_operator(actor, enrolment)
    enrolment.advance(EnrolmentEvent.match)
    programme = await programme_queries.hold(session, enrolment.programme_id)
    programmes.require_open(programme, moment.today)
    parts.require_consent(enrolment)
    provider = await _lock_willing(session, actor, moment, enrolment, provider_id)
    enrolment.provider_id = provider.id
    await _tell_matched(
        session, actor=actor, moment=moment, enrolment=enrolment, provider=provider, what="matched"
    )
    return enrolment


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
    stock until the new agreement. Raises: as `match`, whatever the programme and the consent, and
    `enrolment.provider_same`, `request.date_…`, `enrolment.term_exceeded`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    parts.require_operator(actor, enrolment)
    before = EnrolmentStatus(enrolment.status)
    enrolment.advance(EnrolmentEvent.change_provider)
    if provider_id == enrolment.provider_id:
        raise rules.PROVIDER_SAME.error("/provider_id")
    serving = await parts.serving_of(session, enrolment)
    facts = []
    last = None
    if before is EnrolmentStatus.active:
        last = ended_on or min(moment.today, enrolment.active_to or moment.today)
        await parts.require_last_day(session, moment, enrolment, last)
        facts = [parts.stock_moved(enrolment, serving, Change.end, last + parts.DAY, Cause.provider_change)]
    provider = await _lock_willing(session, actor, moment, enrolment, provider_id)
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


async def _lock_willing(
    session: AsyncSession, actor: Actor, moment: Moment, enrolment: Enrolment, provider_id: uuid.UUID
) -> Provider:
    """A provider of the enrolment's programme that can take the firm, locked until it has."""
    provider = await provider_queries.get(session, actor, provider_id, pointer="/provider_id", lock=True)
    if provider.programme_id != enrolment.programme_id:
        raise provider_rules.NOT_FOUND.error("/provider_id", provider_id=provider_id)
    found = await parts.room_faults(session, provider, "/provider_id")
    organisation = await organisation_queries.get(session, provider.organisation_id)
    if organisation.party_id in await party_successions.same_firm(session, enrolment.party_id, moment.today):
        found.append(rules.SELF_SERVICE.violation("/provider_id"))
    refuse_if(found)
    return provider


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
