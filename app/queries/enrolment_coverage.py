"""Which firms a plan covers: the coverages of parties and what each counts for (TG-06)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select

from app.domain.fact import Measure
from app.models.enrolment import Coverage, Enrolment
from app.models.fact import Fact
from app.models.party import PartySuccession
from app.models.programme import Provider

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True, order=True)
class Dimensions:
    """Under what a coverage counts: the enrolment that covered the party, its size then and its provider."""

    enrolment_id: str
    size_class: str
    provider_organisation_id: str


Standing = Counter[tuple[date, Dimensions]]
"""What a coverage counts for, by day and dimensions."""


async def lock(
    session: AsyncSession, party_ids: Collection[uuid.UUID], plan_id: uuid.UUID | None = None
) -> list[Coverage]:
    """The coverages of these parties, of one plan or all, locked in the order of their ids."""
    statement = select(Coverage).where(Coverage.party_id.in_(party_ids)).order_by(Coverage.id)
    if plan_id is not None:
        statement = statement.where(Coverage.plan_id == plan_id)
    locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(await session.scalars(locked))


async def tied(session: AsyncSession) -> set[uuid.UUID]:
    """Covered parties that have any succession."""
    succession = exists().where(
        or_(
            PartySuccession.predecessor_id == Coverage.party_id,
            PartySuccession.successor_id == Coverage.party_id,
        )
    )
    return set(await session.scalars(select(Coverage.party_id).where(succession).distinct()))


async def dimensions(
    session: AsyncSession, enrolment_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Dimensions]:
    """Under what these enrolments count."""
    statement = (
        select(Enrolment.id, Enrolment.size_class, Provider.organisation_id)
        .join(Provider, Provider.id == Enrolment.provider_id)
        .where(Enrolment.id.in_(enrolment_ids))
    )
    return {
        enrolment_id: Dimensions(str(enrolment_id), size_class, str(organisation_id))
        for enrolment_id, size_class, organisation_id in await session.execute(statement)
    }


async def standing(
    session: AsyncSession, coverage_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, Standing]:
    """What these coverages count for by their facts so far."""
    names = [Fact.dimensions[name].astext for name in Dimensions.__slots__]
    value = func.sum(Fact.value)
    statement = (
        select(Fact.source_id, Fact.occurred_on, *names, value)
        .where(
            Fact.source_id.in_(coverage_ids),
            Fact.measure == Measure.trusteeship_covered_count.value,
        )
        .group_by(Fact.source_id, Fact.occurred_on, *names)
        .having(value != 0)
    )
    found: dict[uuid.UUID, Standing] = {coverage_id: Counter() for coverage_id in coverage_ids}
    for coverage_id, day, enrolment_id, size_class, organisation_id, total in await session.execute(
        statement
    ):
        found[coverage_id][day, Dimensions(enrolment_id, size_class, organisation_id)] = int(total)
    return found
