"""Reads and locks of valuations, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, exists, or_, select

from app.domain import valuation as rules
from app.domain.valuation import ValuationMode, ValuationStatus
from app.models.application import Application
from app.models.asset import Asset, Title
from app.models.organisation import Organisation
from app.models.valuation import Valuation
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Valuation]:
    """Valuations the caller asked for or gives, and those of the district it regulates.

    Those made for an application are also between its applicant and its bank, but for the bank's own
    opinion, which stays with the bank.
    """
    between = exists().where(
        Application.id == Valuation.application_id,
        or_(
            Application.organisation_id == actor.organisation_id, Application.bank_id == actor.organisation_id
        ),
    )
    return select(Valuation).where(
        seen_by(
            actor,
            Valuation.district_code,
            Valuation.organisation_id == actor.organisation_id,
            Valuation.appraiser_id == actor.organisation_id,
            and_(Valuation.mode != ValuationMode.bank_internal, between),
        )
    )


def matching(
    statement: Select[Valuation],
    *,
    status: ValuationStatus | None = None,
    asset_id: uuid.UUID | None = None,
    application_id: uuid.UUID | None = None,
) -> Select[Valuation]:
    """`statement` narrowed by what is given."""
    if status is not None:
        statement = statement.where(Valuation.status == status)
    if asset_id is not None:
        statement = statement.where(Valuation.asset_id == asset_id)
    if application_id is not None:
        statement = statement.where(Valuation.application_id == application_id)
    return statement


async def get(
    session: AsyncSession, actor: Actor, valuation_id: uuid.UUID, *, lock: bool = False
) -> Valuation:
    """One valuation the caller may see, locked and fresh if asked. Raises: `valuation.not_found`."""
    statement = visible(actor).where(Valuation.id == valuation_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    valuation = (await session.scalars(statement)).one_or_none()
    if valuation is None:
        raise rules.NOT_FOUND.error("path:valuation_id", valuation_id=valuation_id)
    return valuation


async def assets(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Asset]:
    """The rights that are valued, by id."""
    found = await session.scalars(select(Asset).where(Asset.id.in_(asset_ids)))
    return {asset.id: asset for asset in found}


async def owners(session: AsyncSession, asset_id: uuid.UUID) -> set[uuid.UUID]:
    """The parties that own the right today, as far as they are recorded."""
    statement = select(Title.party_id).where(
        Title.asset_id == asset_id, Title.ceased_at.is_(None), Title.party_id.is_not(None)
    )
    return {party_id for party_id in await session.scalars(statement) if party_id is not None}


async def organisations(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Organisation]:
    """Organisations by id; those that there are not are missing."""
    found = await session.scalars(select(Organisation).where(Organisation.id.in_(ids)))
    return {organisation.id: organisation for organisation in found}
