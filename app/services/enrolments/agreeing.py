"""Agreeing: firm and provider sign, and sign again to go on (TG-05).

Locks are taken in the order enrolment, programme, provider.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enrolment as rules, provider as provider_rules
from app.domain.enrolment import ENROLMENT, Cause, Change, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import Violation, refuse_if
from app.domain.provider import ProviderStatus
from app.domain.request import date_faults
from app.models.enrolment import Enrolment
from app.models.programme import Provider
from app.queries import (
    documents as document_queries,
    enrolments as queries,
    party_successions,
    programmes as programme_queries,
    providers as provider_queries,
)
from app.services import events, programmes
from app.services.enrolments import parts
from app.services.enrolments.parts import Serving

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def sign(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    agreement_no: str,
    active_from: date,
    active_to: date,
    document_id: uuid.UUID | None = None,
) -> Enrolment:
    """The firm and its provider have agreed: in service from `active_from`, one more in the active stock.

    A service from before the firm confirmed or the provider was selected is entered on the signed agreement
    `document_id` only. After a change of provider `active_from` of the enrolment stays that of the first
    agreement. Raises: `enrolment.not_serving`, `state.illegal_transition`, `enrolment.consent_withdrawn`,
    `document.not_found`, `provider.not_selected`; `request.date_in_future`, `.date_too_early`,
    `enrolment.agreement_unproven`, `.term_invalid`, `.term_exceeded`.
    """
    enrolment, provider = await _lock_served(session, actor, enrolment_id)
    ENROLMENT.next(EnrolmentStatus(enrolment.status), EnrolmentEvent.sign)
    parts.require_consent(enrolment)
    await document_queries.require(session, actor, document_id)
    programme = await programme_queries.hold(session, enrolment.programme_id)
    provider = await provider_queries.lock(session, provider.id)
    if provider.status != ProviderStatus.selected:
        raise provider_rules.NOT_SELECTED.error()
    served = await queries.service(session, enrolment.id)
    first = max([programme.starts_on, *(stretch.last + parts.DAY for stretch in served if stretch.last)])
    found = date_faults("/active_from", active_from, today=moment.today, first=first)
    if active_from > programme.ends_on:
        found.append(rules.TERM_EXCEEDED.violation("/active_from", day=active_from, last=programme.ends_on))
    found += _proof_faults(enrolment, provider, active_from, document_id)
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
        document_id=document_id,
    )


async def renew(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    agreement_no: str,
    active_to: date,
    active_from: date | None = None,
    document_id: uuid.UUID | None = None,
) -> Enrolment:
    """Go on under a new agreement with the same provider, from the day after the last one unless said.

    A first agreement may run past the end of the programme, so that a firm taken on late gets its months; a
    renewal may not. `document_id` is needed as in `sign`. Raises: `enrolment.not_serving`,
    `state.illegal_transition`, `enrolment.consent_withdrawn`, `document.not_found`, `programme.closed`,
    `.over`; `provider.not_selected`, `enrolment.quota_exceeded`, `.already_enrolled`, `.agreement_unproven`,
    `.term_invalid`, `.term_exceeded`, `request.date_…`.
    """
    enrolment, provider = await _lock_served(session, actor, enrolment_id)
    ENROLMENT.next(EnrolmentStatus(enrolment.status), EnrolmentEvent.renew)
    parts.require_consent(enrolment)
    await document_queries.require(session, actor, document_id)
    programme = await programme_queries.hold(session, enrolment.programme_id)
    programmes.require_open(programme, moment.today)
    following = (enrolment.ended_on or moment.today) + parts.DAY
    first = active_from or following
    found = date_faults("/active_from", first, today=max(moment.today, following), first=following)
    if active_to > programme.ends_on:
        found.append(rules.TERM_EXCEEDED.violation("/active_to", day=active_to, last=programme.ends_on))
    kin = await party_successions.same_firm(session, enrolment.party_id, moment.today)
    live = await queries.enrolled(session, programme.id, kin)
    if {one for ids in live.values() for one in ids} - {enrolment.id}:
        found.append(rules.ALREADY_ENROLLED.violation())
    provider = await provider_queries.lock(session, provider.id)
    found += _proof_faults(enrolment, provider, first, document_id)
    refuse_if(found + _term_faults(first, active_to) + await parts.room_faults(session, provider, None))
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
        document_id=document_id,
    )


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


def _proof_faults(
    enrolment: Enrolment, provider: Provider, first: date, document_id: uuid.UUID | None
) -> list[Violation]:
    """A service from before anybody else knew of it is not entered on the provider's word alone (TG-04)."""
    known = rules.known_from(enrolment.confirmed_on, provider.decided_on)
    if document_id is not None or known is None or first >= known:
        return []
    return [rules.AGREEMENT_UNPROVEN.violation("/document_id", day=first, first=known)]


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
    document_id: uuid.UUID | None,
) -> Enrolment:
    audience = await parts.concerned(session, enrolment, provider.organisation_id)
    more = {
        "agreement_no": enrolment.agreement_no,
        "active_to": enrolment.active_to,
        "document_id": document_id,
    }
    event = parts.told(enrolment, what, audience, occurred_on=fact.occurred_on, facts=[fact], more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment
