"""What every step of an enrolment shares: who may take it, what it tells, and what it counts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.domain import enrolment as rules
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.enrolment import Cause, Change
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.permission import Role
from app.models.enrolment import Enrolment
from app.queries import documents as document_queries, organisations as organisation_queries
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves a firm under which plan: the dimensions of its facts."""

    plan_id: uuid.UUID
    organisation_id: uuid.UUID


def administers(actor: Actor, district_code: str) -> bool:
    """Whether the caller is an authority of the district, or of all."""
    return actor.regulates in {district_code, OUTSIDE_EVERY_PLAN}


def is_operator(actor: Actor, enrolment: Enrolment) -> bool:
    """Whether the caller operates the platform in the enrolment's district."""
    return Role.operator in actor.roles and administers(actor, enrolment.district_code)


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
