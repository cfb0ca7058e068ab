"""What every step of an enrolment shares: who may take it, what it tells, and what it counts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.domain import enrolment as rules, provider as provider_rules
from app.domain.enrolment import Cause, Change, Stretch
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.permission import Role
from app.domain.provider import ProviderStatus
from app.domain.request import date_faults
from app.models.enrolment import Enrolment
from app.models.programme import Provider
from app.queries import (
    documents as document_queries,
    enrolments as queries,
    organisations as organisation_queries,
    programmes as programme_queries,
    providers as provider_queries,
)
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves a firm under which plan: the dimensions of its facts."""

    plan_id: uuid.UUID
    organisation_id: uuid.UUID


def is_operator(actor: Actor, enrolment: Enrolment) -> bool:
    """Whether the caller operates the platform in the enrolment's district."""
    return Role.operator in actor.roles and actor.oversees(enrolment.district_code)


def require_operator(actor: Actor, enrolment: Enrolment) -> None:
    """Raises: `enrolment.not_operator`."""
    if not is_operator(actor, enrolment):
        raise rules.NOT_OPERATOR.error()


async def require_word(
    session: AsyncSession, actor: Actor, enrolment: Enrolment, document_id: uuid.UUID | None
) -> None:
    """The firm speaks for itself; the operator, on a document, for one that has no account (TRU-06, RB-05).

    Raises: `enrolment.not_firm`, `document.not_found`.
    """
    if document_id is None:
        require_firm(actor, enrolment)
    else:
        await require_proxy(session, actor, enrolment)
        await document_queries.require(session, actor, document_id)


def require_consent(enrolment: Enrolment) -> None:
    """Nothing new is done for a firm that took its consent back, until it consents again (TRU-09).

    Raises: `enrolment.consent_withdrawn`.
    """
    if enrolment.data_consent_on is None:
        raise rules.CONSENT_WITHDRAWN.error()


def require_firm(actor: Actor, enrolment: Enrolment) -> None:
    """Raises: `enrolment.not_firm`."""
    if actor.party_id != enrolment.party_id:
        raise rules.NOT_FIRM.error()


async def require_proxy(session: AsyncSession, actor: Actor, enrolment: Enrolment) -> None:
    """The operator speaks for a firm only where it has no organisation of its own here.

    Raises: `enrolment.not_firm`.
    """
    if not is_operator(actor, enrolment):
        raise rules.NOT_FIRM.error()
    if await organisation_queries.of_party(session, enrolment.party_id) is not None:
        raise rules.NOT_FIRM.error()


async def concerned(session: AsyncSession, enrolment: Enrolment, *more: uuid.UUID | None) -> list[uuid.UUID]:
    """The organisations that an event of the enrolment is for: who entered it, the firm, and `more`."""
    firm = await organisation_queries.of_party(session, enrolment.party_id)
    given = [enrolment.organisation_id, firm.id if firm is not None else None, *more]
    return list(dict.fromkeys(one for one in given if one is not None))


def told(
    enrolment: Enrolment,
    what: str,
    audience: Sequence[uuid.UUID],
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    facts: Sequence[NewFact] = (),
    more: Mapping[str, Any] = MappingProxyType({}),
) -> NewEvent:
    """The event `enrolment.{what}`. It never carries the firm's figures: events cannot be forgotten."""
    return NewEvent(
        id=event_id or new_id(),
        type=f"enrolment.{what}",
        noun="enrolment",
        subject_id=enrolment.id,
        stream=enrolment.district_code,
        audience=audience,
        occurred_on=occurred_on,
        facts=facts,
        payload={
            "number": enrolment.number,
            "programme_id": enrolment.programme_id,
            "party_id": enrolment.party_id,
            "status": enrolment.status,
            **more,
        },
    )


def stock_moved(enrolment: Enrolment, serving: Serving, change: Change, day: date, cause: Cause) -> NewFact:
    """The stock of active enrolments moves by one on `day`: up on the first, down after the last served."""
    return stock_fact(
        enrolment_id=enrolment.id,
        district_code=enrolment.district_code,
        change=change,
        day=day,
        dimensions={
            "plan_id": str(serving.plan_id),
            "programme_id": str(enrolment.programme_id),
            "party_id": str(enrolment.party_id),
            "provider_organisation_id": str(serving.organisation_id),
            "size_class": enrolment.size_class,
            "cause": cause.value,
        },
    )


def stock_fact(
    *,
    enrolment_id: uuid.UUID,
    district_code: str,
    change: Change,
    day: date,
    dimensions: Mapping[str, str],
) -> NewFact:
    """As `stock_moved`, from the enrolment's columns."""
    return NewFact(
        measure=Measure.trusteeship_active_count,
        district_code=district_code,
        role=FactRole.internal,
        value=1 if change is Change.start else -1,
        occurred_on=day,
        source_noun="enrolment",
        source_id=enrolment_id,
        dimensions={**dimensions, "change": change.value},
    )


async def room_faults(session: AsyncSession, provider: Provider, pointer: str | None) -> list[Violation]:
    """Whether a locked provider can take one more firm."""
    if provider.status != ProviderStatus.selected:
        return [provider_rules.NOT_SELECTED.violation(pointer)]
    taken = (await provider_queries.serving(session, [provider.id]))[provider.id]
    if taken < (provider.quota or 0):
        return []
    return [rules.QUOTA_EXCEEDED.violation(pointer, quota=provider.quota, taken=taken)]


async def serving_of(session: AsyncSession, enrolment: Enrolment) -> Serving:
    """Who serves a matched enrolment, under which plan."""
    programme = await programme_queries.get(session, enrolment.programme_id)
    provider = await session.get_one(Provider, enrolment.provider_id)
    return Serving(programme.plan_id, provider.organisation_id)


async def require_last_day(session: AsyncSession, moment: Moment, enrolment: Enrolment, last: date) -> None:
    """The last day served lies in the stretch under way, within the agreed term, not after today.

    A renewal that starts tomorrow can be given up today, before its first day.
    """
    under_way: Stretch = (await queries.service(session, enrolment.id))[-1]
    earliest = min(under_way.first, moment.today)
    found = date_faults("/ended_on", last, today=moment.today, first=earliest)
    if enrolment.active_to is not None and last > enrolment.active_to:
        found.append(rules.TERM_EXCEEDED.violation("/ended_on", day=last, last=enrolment.active_to))
    refuse_if(found)
