"""Reads and locks of enrolments, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select, text

from app.domain import enrolment as rules
from app.domain.enrolment import LIVE, Cause, EnrolmentStatus, Stretch, stretches
from app.domain.fact import Measure
from app.domain.party import PartyKind
from app.models.enrolment import Enrolment
from app.models.fact import Fact
from app.models.organisation import Organisation
from app.models.party import Party
from app.models.programme import Provider
from app.queries import districts

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Enrolment]:
    """Enrolments the caller may see: its own, those it entered or serves, its district's if it regulates."""
    return select(Enrolment).where(seen_by(actor))


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The condition of `visible`, for queries that join enrolments."""
    serving = select(Provider.id).where(Provider.organisation_id == actor.organisation_id)
    return districts.seen_by(
        actor,
        Enrolment.district_code,
        Enrolment.party_id == actor.party_id,
        Enrolment.organisation_id == actor.organisation_id,
        Enrolment.provider_id.in_(serving),
    )


def matching(
    statement: Select[Enrolment],
    *,
    programme_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
    provider_id: uuid.UUID | None = None,
    status: EnrolmentStatus | None = None,
) -> Select[Enrolment]:
    """`statement` narrowed by what is given."""
    given = (
        (Enrolment.programme_id, programme_id),
        (Enrolment.party_id, party_id),
        (Enrolment.provider_id, provider_id),
        (Enrolment.status, status),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(
    session: AsyncSession, actor: Actor, enrolment_id: uuid.UUID, *, lock: bool = False
) -> Enrolment:
    """One enrolment the caller may see, locked and fresh if asked. Raises: `enrolment.not_found`."""
    statement = visible(actor).where(Enrolment.id == enrolment_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    enrolment = (await session.scalars(statement)).one_or_none()
    if enrolment is None:
        raise rules.NOT_FOUND.error(enrolment_id=enrolment_id)
    return enrolment


async def entered(session: AsyncSession, enrolment_ids: Collection[uuid.UUID]) -> list[Enrolment]:
    """The enrolments of these ids, in the order in which they were entered."""
    statement = select(Enrolment).where(Enrolment.id.in_(enrolment_ids)).order_by(Enrolment.id)
    return list(await session.scalars(statement))


async def enrolled(
    session: AsyncSession,
    programme_id: uuid.UUID,
    party_ids: Collection[uuid.UUID],
    *,
    entered_by: uuid.UUID | None = None,
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Live enrolments in a programme of these parties, by party.

    What a firm has not confirmed is nothing of its own, and told to the organisation that entered it only.
    """
    statement = select(Enrolment.party_id, Enrolment.id).where(
        Enrolment.programme_id == programme_id,
        Enrolment.party_id.in_(party_ids),
        Enrolment.status.in_(LIVE),
        or_(Enrolment.confirmed_on.is_not(None), Enrolment.organisation_id == entered_by),
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for party_id, enrolment_id in await session.execute(statement):
        found.setdefault(party_id, []).append(enrolment_id)
    return found


async def service(session: AsyncSession, enrolment_id: uuid.UUID) -> list[Stretch]:
    """When the firm was served and by whom, as the facts of the active stock tell it."""
    statement = (
        select(Fact.occurred_on, Fact.value, Fact.dimensions["provider_organisation_id"].astext)
        .where(Fact.source_id == enrolment_id, Fact.measure == Measure.trusteeship_active_count.value)
        .order_by(Fact.occurred_on)
    )
    return stretches([(day, value, provider) for day, value, provider in await session.execute(statement)])


async def renewed(session: AsyncSession, enrolment_id: uuid.UUID) -> bool:
    """Whether a service under it was over once, and could have been counted, before it went on."""
    statement = select(Fact.id).where(
        Fact.source_id == enrolment_id,
        Fact.measure == Measure.trusteeship_active_count.value,
        Fact.dimensions["cause"].astext == Cause.renewal.value,
    )
    return (await session.scalars(statement.limit(1))).first() is not None


async def organisations_of(
    session: AsyncSession, party_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """The organisations that parties are, for those that use the system."""
    statement = select(Organisation.party_id, Organisation.id).where(Organisation.party_id.in_(party_ids))
    return dict((await session.execute(statement)).all())


async def kinds(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, PartyKind]:
    """Which of the ids name parties of the register, and of what kind."""
    statement = select(Party.id, Party.kind).where(Party.id.in_(party_ids))
    return {party_id: PartyKind(kind) for party_id, kind in await session.execute(statement)}


async def next_serials(session: AsyncSession, count: int) -> list[int]:
    """The next `count` serials of enrolments' business numbers; those that are not used are lost."""
    statement = text("SELECT nextval('enrolment_numbers') FROM generate_series(1, :count)")
    return [int(serial) for serial in await session.scalars(statement, {"count": count})]
