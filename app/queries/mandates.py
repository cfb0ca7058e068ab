"""Reads and locks of mandates, who may see them, and whether one covers an act."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, func, or_, select

from app.domain import mandate as rules
from app.domain.mandate import MandatePower, MandateStatus
from app.models.asset import Asset
from app.models.mandate import Mandate, MandateItem
from app.models.organisation import Organisation
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Mandate]:
    """Mandates of the caller as owner, agent or proposer, and those of the district it regulates."""
    return select(Mandate).where(
        seen_by(
            actor,
            Mandate.district_code,
            Mandate.organisation_id == actor.organisation_id,
            Mandate.proposed_by == actor.organisation_id,
            Mandate.owner_id == actor.party_id,
        )
    )


def matching(
    statement: Select[Mandate],
    *,
    status: MandateStatus | None = None,
    owner_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
) -> Select[Mandate]:
    """`statement` narrowed by what is given."""
    given = (
        (Mandate.status, status),
        (Mandate.owner_id, owner_id),
        (Mandate.organisation_id, organisation_id),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, actor: Actor, mandate_id: uuid.UUID, *, lock: bool = False) -> Mandate:
    """One mandate the caller may see, locked and fresh if asked. Raises: `mandate.not_found`."""
    statement = visible(actor).where(Mandate.id == mandate_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    mandate = (await session.scalars(statement)).one_or_none()
    if mandate is None:
        raise rules.NOT_FOUND.error(mandate_id=mandate_id)
    return mandate


async def asset_ids(
    session: AsyncSession, mandate_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The rights that mandates name, in the order they were given; none named: all of the owner's."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {mandate_id: [] for mandate_id in mandate_ids}
    statement = (
        select(MandateItem.mandate_id, MandateItem.asset_id)
        .where(MandateItem.mandate_id.in_(mandate_ids))
        .order_by(MandateItem.id)
    )
    for mandate_id, asset_id in (await session.execute(statement)).all():
        found[mandate_id].append(asset_id)
    return found


async def numbers(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> list[str]:
    """The numbers people quote, in the order of `asset_ids`, of the rights that are in the register."""
    statement = select(Asset.id, Asset.number).where(Asset.id.in_(asset_ids))
    found = dict((await session.execute(statement)).all())
    return [found[asset_id] for asset_id in dict.fromkeys(asset_ids) if asset_id in found]


async def audience(session: AsyncSession, mandate: Mandate) -> list[uuid.UUID]:
    """The organisations concerned: the agent, who entered it, and the owner's own."""
    owner = select(Organisation.id).where(Organisation.party_id == mandate.owner_id)
    return sorted({mandate.organisation_id, mandate.proposed_by, *await session.scalars(owner)})


async def covers(
    session: AsyncSession,
    *,
    organisation_id: uuid.UUID,
    owner_id: uuid.UUID,
    asset_ids: Collection[uuid.UUID],
    power: MandatePower,
    today: date,
) -> bool:
    """Whether one active mandate of the owner lets the organisation use `power` over all these rights today.

    A mandate that names no rights covers all of them. Who owns the rights is not asked here.
    """
    wanted = set(asset_ids)
    items = select(MandateItem).where(MandateItem.mandate_id == Mandate.id)
    named = (
        select(func.count())
        .where(MandateItem.mandate_id == Mandate.id, MandateItem.asset_id.in_(wanted))
        .scalar_subquery()
    )
    statement = select(
        exists().where(
            Mandate.organisation_id == organisation_id,
            Mandate.owner_id == owner_id,
            Mandate.status == MandateStatus.active,
            Mandate.powers.contains([power.value]),
            Mandate.term_from <= today,
            Mandate.term_to >= today,
            or_(~items.exists(), named == len(wanted)),
        )
    )
    return bool(await session.scalar(statement))
