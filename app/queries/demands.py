"""Reads and locks of demands, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, or_, select

from app.domain import demand as rules
from app.domain.demand import DemandStatus
from app.models.demand import Demand
from app.models.organisation import Organisation
from app.models.pledge import Pledge, PledgeItem
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Demand]:
    """Demands the caller has made or that are about its pledges, and those of the district it regulates."""
    answered = exists().where(
        Pledge.id == Demand.pledge_id,
        or_(Pledge.organisation_id == actor.organisation_id, Pledge.pledgee_id == actor.party_id),
    )
    return select(Demand).where(
        seen_by(actor, Demand.district_code, Demand.organisation_id == actor.organisation_id, answered)
    )


def matching(
    statement: Select[Demand], *, status: DemandStatus | None = None, pledge_id: uuid.UUID | None = None
) -> Select[Demand]:
    """`statement` narrowed by what is given."""
    for column, value in ((Demand.status, status), (Demand.pledge_id, pledge_id)):
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, actor: Actor, demand_id: uuid.UUID) -> Demand:
    """One demand the caller may see. Raises: `demand.not_found`."""
    demand = (await session.scalars(visible(actor).where(Demand.id == demand_id))).one_or_none()
    if demand is None:
        raise rules.NOT_FOUND.error("path:demand_id", demand_id=demand_id)
    return demand


async def lock(session: AsyncSession, demand_id: uuid.UUID) -> Demand:
    """A demand that is there, locked and fresh."""
    statement = select(Demand).where(Demand.id == demand_id).with_for_update(key_share=True)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def open_for(session: AsyncSession, pledge_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    """Whether the organisation has a demand on the pledge that is not answered."""
    statement = select(
        exists().where(
            Demand.pledge_id == pledge_id,
            Demand.organisation_id == organisation_id,
            Demand.status.in_((DemandStatus.open, DemandStatus.due)),
        )
    )
    return bool(await session.scalar(statement))


async def lock_overdue(session: AsyncSession, today: date) -> Sequence[Demand]:
    """The open demands whose day of answer is over, locked in the order of their ids."""
    statement = (
        select(Demand)
        .where(Demand.status == DemandStatus.open, Demand.respond_by < today)
        .order_by(Demand.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def is_pledgor(session: AsyncSession, pledge_id: uuid.UUID, party_id: uuid.UUID) -> bool:
    """Whether the party gave a right for the pledge."""
    statement = select(exists().where(PledgeItem.pledge_id == pledge_id, PledgeItem.pledgor_id == party_id))
    return bool(await session.scalar(statement))


async def pledgee_of(session: AsyncSession, pledge: Pledge) -> uuid.UUID | None:
    """The organisation that answers for the pledgee: who filed it, or the pledgee's own."""
    if pledge.organisation_id is not None:
        return pledge.organisation_id
    statement = select(Organisation.id).where(Organisation.party_id == pledge.pledgee_id)
    return (await session.scalars(statement)).one_or_none()
