"""Reads and locks of observations, and who may see them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select, tuple_

from app.domain import observation as rules
from app.domain.observation import PUBLIC, ObservationStatus
from app.domain.permission import Role
from app.models.approval import Approval
from app.models.observation import Observation
from app.models.organisation import Organisation
from app.models.plan import Indicator, Plan
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

Place = tuple[uuid.UUID, str, str, int]
"""What an observation is a value of: indicator, component, subject and year."""


def place(observation: Observation) -> Place:
    """What the observation is a value of."""
    return (observation.indicator_id, observation.component, observation.subject, observation.year)


def visible(actor: Actor) -> Select[Observation]:
    """Observations the caller may see: all that counted once, its own, and its district's if it regulates."""
    return select(Observation).where(
        seen_by(
            actor,
            Observation.district_code,
            Observation.status.in_(PUBLIC),
            Observation.organisation_id == actor.organisation_id,
        )
    )


def matching(
    statement: Select[Observation],
    *,
    plan_id: uuid.UUID | None = None,
    indicator: str | None = None,
    year: int | None = None,
    status: ObservationStatus | None = None,
    organisation_id: uuid.UUID | None = None,
) -> Select[Observation]:
    """`statement` narrowed by what is given; `indicator` is a code."""
    of = select(Indicator.id)
    if plan_id is not None:
        of = of.where(Indicator.plan_id == plan_id)
    if indicator is not None:
        of = of.where(Indicator.code == indicator)
    if plan_id is not None or indicator is not None:
        statement = statement.where(Observation.indicator_id.in_(of))
    given = (
        (Observation.year, year),
        (Observation.status, status),
        (Observation.organisation_id, organisation_id),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, actor: Actor, observation_id: uuid.UUID) -> Observation:
    """One observation the caller may see. Raises: `observation.not_found`."""
    statement = visible(actor).where(Observation.id == observation_id)
    observation = (await session.scalars(statement)).one_or_none()
    if observation is None:
        raise rules.NOT_FOUND.error(observation_id=observation_id)
    return observation


@dataclass(frozen=True, slots=True)
class Labels:
    """What an observation's indicator is called."""

    plan_id: uuid.UUID
    plan_code: str
    indicator_code: str
    unit: str


async def labels(session: AsyncSession, indicator_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Labels]:
    """What indicators are called, by their ids."""
    statement = (
        select(Indicator.id, Plan.id, Plan.code, Indicator.code, Indicator.unit)
        .join(Plan, Plan.id == Indicator.plan_id)
        .where(Indicator.id.in_(indicator_ids))
    )
    rows = (await session.execute(statement)).all()
    return {row[0]: Labels(row[1], row[2], row[3], row[4]) for row in rows}


async def last_revisions(session: AsyncSession, indicator_ids: Collection[uuid.UUID]) -> Mapping[Place, int]:
    """The highest revision of every place of some indicators, whoever reported it."""
    columns = (Observation.indicator_id, Observation.component, Observation.subject, Observation.year)
    statement = (
        select(*columns, func.max(Observation.revision))
        .where(Observation.indicator_id.in_(indicator_ids))
        .group_by(*columns)
    )
    rows = (await session.execute(statement)).all()
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}


async def indicator_ids(
    session: AsyncSession, actor: Actor, observation_ids: Collection[uuid.UUID]
) -> set[uuid.UUID]:
    """The indicators that observations the caller may see belong to; they never change."""
    statement = visible(actor).where(Observation.id.in_(observation_ids))
    return set(await session.scalars(statement.with_only_columns(Observation.indicator_id)))


async def lock(
    session: AsyncSession, actor: Actor, observation_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Observation]:
    """Observations the caller may see, locked in the order of their ids and fresh."""
    statement = visible(actor).where(Observation.id.in_(observation_ids)).order_by(Observation.id)
    statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {observation.id: observation for observation in await session.scalars(statement)}


async def lock_approved(session: AsyncSession, places: Collection[Place]) -> dict[Place, Observation]:
    """The observations that count at some places now, locked and fresh."""
    columns = (Observation.indicator_id, Observation.component, Observation.subject, Observation.year)
    statement = (
        select(Observation)
        .where(tuple_(*columns).in_(places), Observation.status == ObservationStatus.approved)
        .order_by(Observation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {place(observation): observation for observation in await session.scalars(statement)}


async def decided_by(
    session: AsyncSession, client_id: uuid.UUID, observation_ids: Collection[uuid.UUID]
) -> set[uuid.UUID]:
    """Which of the observations a client has made or checked itself (RB-02)."""
    statement = select(Approval.subject_id).where(
        Approval.client_id == client_id, Approval.subject_id.in_(observation_ids)
    )
    return set(await session.scalars(statement))


async def checkers(session: AsyncSession, district_code: str) -> Sequence[uuid.UUID]:
    """The organisations that check what is reported in a district: its IP office."""
    statement = select(Organisation.id).where(
        Organisation.district_code == district_code, Organisation.roles.contains([Role.ip_office.value])
    )
    return (await session.scalars(statement)).all()
