"""Service records: a provider writes down what it did, the firm accepts it (TG-02, TRU-05)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enrolment as enrolment_rules, service_record as rules
from app.domain.enrolment import EVALUATED, EnrolmentStatus
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.request import date_faults
from app.domain.service_record import ServiceKind
from app.models.enrolment import ServiceRecord
from app.models.programme import Provider
from app.queries import (
    documents as document_queries,
    enrolments as enrolment_queries,
    service_records as queries,
)
from app.services import events
from app.services.enrolments import parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enrolment import Enrolment


async def add(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    kind: ServiceKind,
    summary: str,
    occurred_on: date,
    document_id: uuid.UUID | None = None,
) -> ServiceRecord:
    """Write down a service on a day on which the caller's organisation served the firm.

    Raises: `enrolment.not_found`, `enrolment.not_serving`, `document.not_found`,
    `service_record.not_in_service`; `request.date_in_future`, `service_record.outside_service`.
    """
    enrolment = await enrolment_queries.get(session, actor, enrolment_id, lock=True)
    provider = await _provider(session, enrolment)
    if provider is None or provider.organisation_id != actor.organisation_id:
        raise enrolment_rules.NOT_SERVING.error()
    await document_queries.require(session, actor, document_id)
    if enrolment.status not in {EnrolmentStatus.active, EnrolmentStatus.ended}:
        raise rules.NOT_IN_SERVICE.error(status=enrolment.status)
    found = date_faults("/occurred_on", occurred_on, today=moment.today)
    own = str(provider.organisation_id)
    served = await enrolment_queries.service(session, enrolment.id)
    if not any(one.covers(occurred_on) for one in served if one.provider_organisation_id == own):
        found.append(rules.OUTSIDE_SERVICE.violation("/occurred_on", day=occurred_on))
    refuse_if(found)
    record = ServiceRecord(
        id=new_id(),
        district_code=enrolment.district_code,
        enrolment_id=enrolment.id,
        provider_id=provider.id,
        kind=kind.value,
        summary=summary,
        document_id=document_id,
        occurred_on=occurred_on,
        accepted_on=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = await _told(
        session, "added", record=record, enrolment=enrolment, provider=provider, occurred_on=occurred_on
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(record)
    await session.flush()
    return record


async def accept(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    record_id: uuid.UUID,
    accepted_on: date,
    by_proxy: bool = False,
) -> ServiceRecord:
    """The firm accepts a service, which makes it a deliverable (TG-05).

    By proxy the operator accepts for a firm without an account, on the document of the record. Raises:
    `service_record.not_found`, `enrolment.not_firm`, `service_record.evidence_missing`, `.evaluated`,
    `.already_accepted`, `request.date_…`.
    """
    seen = await queries.get(session, actor, record_id)
    enrolment = await enrolment_queries.get(session, actor, seen.enrolment_id, lock=True)
    record = await queries.get(session, actor, record_id, lock=True)
    if not by_proxy:
        parts.require_firm(actor, enrolment)
    else:
        await parts.require_proxy(session, actor, enrolment)
        if record.document_id is None:
            raise rules.EVIDENCE_MISSING.error()
    if enrolment.status in EVALUATED:
        raise rules.EVALUATED.error()
    if record.accepted_on is not None:
        raise rules.ALREADY_ACCEPTED.error(accepted_on=record.accepted_on)
    refuse_if(date_faults("/accepted_on", accepted_on, today=moment.today, first=record.occurred_on))
    record.accepted_on = accepted_on
    record.version += 1
    provider = await _provider(session, enrolment)
    event = await _told(
        session, "accepted", record=record, enrolment=enrolment, provider=provider, occurred_on=accepted_on
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return record


async def _provider(session: AsyncSession, enrolment: Enrolment) -> Provider | None:
    if enrolment.provider_id is None:
        return None
    return await session.get(Provider, enrolment.provider_id)


async def _told(
    session: AsyncSession,
    what: str,
    *,
    record: ServiceRecord,
    enrolment: Enrolment,
    provider: Provider | None,
    occurred_on: date,
) -> events.NewEvent:
    organisation_id = provider.organisation_id if provider is not None else None
    return events.NewEvent(
        id=record.event_id if what == "added" else new_id(),
        type=f"service_record.{what}",
        noun="service_record",
        subject_id=record.id,
        stream=record.district_code,
        audience=await parts.concerned(session, enrolment, organisation_id),
        occurred_on=occurred_on,
        payload={"enrolment_id": enrolment.id, "kind": record.kind, "document_id": record.document_id},
    )
