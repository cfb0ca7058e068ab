"""Reads and locks of providers, who may see them, and how much of their quota is taken."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.domain import provider as rules
from app.domain.enrolment import SERVED
from app.domain.provider import ProviderStatus
from app.models.enrolment import Enrolment
from app.models.programme import Provider
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

PUBLIC = frozenset({ProviderStatus.selected, ProviderStatus.exited})
"""Who was selected is published; who only applied is between the applicant and the district."""


def visible(actor: Actor) -> Select[Provider]:
    """Providers the caller may see: the selected ones, its own, and its district's if it regulates."""
    return select(Provider).where(
        seen_by(
            actor,
            Provider.district_code,
            Provider.status.in_(PUBLIC),
            Provider.organisation_id == actor.organisation_id,
        )
    )


def matching(
    statement: Select[Provider],
    *,
    programme_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    status: ProviderStatus | None = None,
) -> Select[Provider]:
    """`statement` narrowed by what is given."""
    given = (
        (Provider.programme_id, programme_id),
        (Provider.organisation_id, organisation_id),
        (Provider.status, status),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(
    session: AsyncSession,
    actor: Actor,
    provider_id: uuid.UUID,
    *,
    pointer: str | None = None,
    lock: bool = False,
) -> Provider:
    """One provider the caller may see, locked and fresh if asked. Raises: `provider.not_found`."""
    statement = visible(actor).where(Provider.id == provider_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    provider = (await session.scalars(statement)).one_or_none()
    if provider is None:
        raise rules.NOT_FOUND.error(pointer, provider_id=provider_id)
    return provider


async def lock(session: AsyncSession, provider_id: uuid.UUID) -> Provider:
    """The provider of an enrolment, locked and fresh, whoever asks."""
    statement = select(Provider).where(Provider.id == provider_id).with_for_update(key_share=True)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def of_organisation(
    session: AsyncSession, programme_id: uuid.UUID, organisation_id: uuid.UUID
) -> Provider | None:
    """An organisation's part in a programme, if it has one."""
    statement = matching(select(Provider), programme_id=programme_id, organisation_id=organisation_id)
    return (await session.scalars(statement)).one_or_none()


async def serving(session: AsyncSession, provider_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many firms providers are matched with or serve now: what is taken of their quotas (TG-03)."""
    statement = (
        select(Enrolment.provider_id, func.count())
        .where(Enrolment.provider_id.in_(provider_ids), Enrolment.status.in_(SERVED))
        .group_by(Enrolment.provider_id)
    )
    taken = dict((await session.execute(statement)).all())
    return {provider_id: taken.get(provider_id, 0) for provider_id in provider_ids}
