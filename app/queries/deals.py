"""Reads and locks of deals, and who may see them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, or_, select

from app.domain import deal as rules
from app.domain.consent import ConsentKind, Proceeds
from app.domain.deal import DealKind, DealStatus
from app.domain.fact import FactRole, Measure
from app.models.consent import Consent, ConsentUse
from app.models.deal import Deal, DealItem
from app.models.event import Event
from app.models.fact import Fact
from app.models.hold import Hold
from app.models.organisation import Organisation
from app.queries import holds as hold_queries
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Counted:
    """What a deal counts for so far under one heading, corrections included; fen for amounts."""

    measure: Measure
    district_code: str
    role: FactRole
    occurred_on: date
    dimensions: dict[str, Any]
    value: int


def visible(actor: Actor) -> Select[Deal]:
    """Deals the caller may see: those it drafted or is a party to, and those of the district it regulates."""
    return select(Deal).where(
        seen_by(
            actor,
            Deal.district_code,
            Deal.organisation_id == actor.organisation_id,
            Deal.grantor_id == actor.party_id,
            Deal.grantee_id == actor.party_id,
        )
    )


def matching(
    statement: Select[Deal],
    *,
    kind: DealKind | None = None,
    status: DealStatus | None = None,
    listing_id: uuid.UUID | None = None,
    asset_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
) -> Select[Deal]:
    """`statement` narrowed by what is given; `party_id` on either side."""
    if kind is not None:
        statement = statement.where(Deal.kind == kind)
    if status is not None:
        statement = statement.where(Deal.status == status)
    if listing_id is not None:
        statement = statement.where(Deal.listing_id == listing_id)
    if party_id is not None:
        statement = statement.where(or_(Deal.grantor_id == party_id, Deal.grantee_id == party_id))
    if asset_id is not None:
        covering = select(DealItem.deal_id).where(DealItem.asset_id == asset_id)
        statement = statement.where(Deal.id.in_(covering))
    return statement


async def get(session: AsyncSession, actor: Actor, deal_id: uuid.UUID, *, lock: bool = False) -> Deal:
    """One deal the caller may see, locked and fresh if asked. Raises: `deal.not_found`."""
    statement = visible(actor).where(Deal.id == deal_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    deal = (await session.scalars(statement)).one_or_none()
    if deal is None:
        raise rules.NOT_FOUND.error(deal_id=deal_id)
    return deal


async def asset_ids(
    session: AsyncSession, deal_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The rights that deals cover, in the order in which they were given; they never change."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {deal_id: [] for deal_id in deal_ids}
    statement = (
        select(DealItem.deal_id, DealItem.asset_id)
        .where(DealItem.deal_id.in_(deal_ids))
        .order_by(DealItem.id)
    )
    for deal_id, asset_id in (await session.execute(statement)).all():
        found[deal_id].append(asset_id)
    return found


async def audience(session: AsyncSession, deal: Deal) -> list[uuid.UUID]:
    """The organisations that are in the deal: who drafted it, and the parties' own."""
    parties = select(Organisation.id).where(Organisation.party_id.in_([deal.grantor_id, deal.grantee_id]))
    return sorted({deal.organisation_id, *await session.scalars(parties)})


async def counted(session: AsyncSession, deal_id: uuid.UUID) -> list[Counted]:
    """What the deal counts for so far, heading by heading."""
    own = select(Event.id).where(Event.noun == "deal", Event.subject_id == deal_id)
    total = func.sum(Fact.value)
    heading = (Fact.measure, Fact.district_code, Fact.role, Fact.occurred_on, Fact.dimensions)
    statement = (
        select(*heading, total)
        .where(Fact.event_id.in_(own), Fact.source_id == deal_id)
        .group_by(*heading)
        .having(total != 0)
        .order_by(Fact.measure, Fact.district_code)
    )
    return [
        Counted(Measure(measure), district_code, FactRole(role), occurred_on, dimensions, int(value))
        for measure, district_code, role, occurred_on, dimensions, value in (
            await session.execute(statement)
        ).all()
    ]


async def lapsed(session: AsyncSession, today: date, asset_ids: Collection[uuid.UUID]) -> list[Deal]:
    """The deals whose reservations of some of these rights are over (DEA-03), whoever may see them."""
    over = select(Hold.source_id).where(hold_queries.lapsed(today), Hold.asset_id.in_(asset_ids))
    return list(await session.scalars(select(Deal).where(Deal.id.in_(over)).order_by(Deal.id)))


async def proceeds(session: AsyncSession, deal_id: uuid.UUID) -> set[Proceeds]:
    """What the pledgees whose consents the deal used ask of its price."""
    statement = (
        select(Consent.proceeds)
        .join(ConsentUse, ConsentUse.consent_id == Consent.id)
        .where(ConsentUse.deal_id == deal_id, Consent.kind == ConsentKind.pledgee)
    )
    return {Proceeds(wish) for wish in await session.scalars(statement)}
