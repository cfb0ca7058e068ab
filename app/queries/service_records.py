"""Reads of service records; who sees the enrolment sees what was done under it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import service_record as rules
from app.models.enrolment import Enrolment, ServiceRecord
from app.queries import enrolments

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[ServiceRecord]:
    """Records of the enrolments the caller may see."""
    seen = select(Enrolment.id).where(enrolments.seen_by(actor))
    return select(ServiceRecord).where(ServiceRecord.enrolment_id.in_(seen))


def of_enrolment(actor: Actor, enrolment_id: uuid.UUID) -> Select[ServiceRecord]:
    """Records of one enrolment."""
    return visible(actor).where(ServiceRecord.enrolment_id == enrolment_id)


async def get(
    session: AsyncSession, actor: Actor, record_id: uuid.UUID, *, lock: bool = False
) -> ServiceRecord:
    """One record the caller may see, locked and fresh if asked. Raises: `service_record.not_found`."""
    statement = visible(actor).where(ServiceRecord.id == record_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    record = (await session.scalars(statement)).one_or_none()
    if record is None:
        raise rules.NOT_FOUND.error(record_id=record_id)
    return record


async def accepted(session: AsyncSession, enrolment_id: uuid.UUID, by: date) -> set[str]:
    """Kinds of service the firm had accepted by a day (TG-05)."""
    statement = select(ServiceRecord.kind).where(
        ServiceRecord.enrolment_id == enrolment_id, ServiceRecord.accepted_on <= by
    )
    return set(await session.scalars(statement))
