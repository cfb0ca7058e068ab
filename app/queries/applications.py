"""Reads and locks of applications, and who may see them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, select

from app.domain import application as rules
from app.domain.application import ApplicationStatus
from app.models.application import Application, ApplicationItem
from app.models.asset import Asset, Title
from app.models.pledge import Pledge
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Offered:
    """A right offered as security; `third_party` when the borrower is none of its owners (PL-30)."""

    asset: Asset
    third_party: bool


def visible(actor: Actor) -> Select[Application]:
    """Applications the caller has made or that were made to it, and those of the district it regulates.

    No other bank sees them.
    """
    return select(Application).where(
        seen_by(
            actor,
            Application.district_code,
            Application.organisation_id == actor.organisation_id,
            Application.bank_id == actor.organisation_id,
        )
    )


def matching(
    statement: Select[Application],
    *,
    status: ApplicationStatus | None = None,
    bank_id: uuid.UUID | None = None,
    borrower_id: uuid.UUID | None = None,
    asset_id: uuid.UUID | None = None,
) -> Select[Application]:
    """`statement` narrowed by what is given."""
    if status is not None:
        statement = statement.where(Application.status == status)
    if bank_id is not None:
        statement = statement.where(Application.bank_id == bank_id)
    if borrower_id is not None:
        statement = statement.where(Application.borrower_id == borrower_id)
    if asset_id is not None:
        offering = select(ApplicationItem.application_id).where(ApplicationItem.asset_id == asset_id)
        statement = statement.where(Application.id.in_(offering))
    return statement


async def get(
    session: AsyncSession,
    actor: Actor,
    application_id: uuid.UUID,
    *,
    lock: bool = False,
    pointer: str = "path:application_id",
) -> Application:
    """One application the caller may see, locked and fresh if asked. Raises: `application.not_found`."""
    statement = visible(actor).where(Application.id == application_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    application = (await session.scalars(statement)).one_or_none()
    if application is None:
        raise rules.NOT_FOUND.error(pointer, application_id=application_id)
    return application


async def offered(
    session: AsyncSession, application_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Offered]]:
    """The rights that applications offer, in the order in which they were given, in one statement."""
    found: dict[uuid.UUID, list[Offered]] = {application_id: [] for application_id in application_ids}
    owned = exists().where(
        Title.asset_id == Asset.id,
        Title.party_id == Application.borrower_id,
        Title.ceased_at.is_(None),
    )
    statement = (
        select(ApplicationItem.application_id, Asset, owned)
        .join(Asset, Asset.id == ApplicationItem.asset_id)
        .join(Application, Application.id == ApplicationItem.application_id)
        .where(ApplicationItem.application_id.in_(application_ids))
        .order_by(ApplicationItem.id)
    )
    for application_id, asset, is_owned in (await session.execute(statement)).all():
        found[application_id].append(Offered(asset, not is_owned))
    return found


async def offers(session: AsyncSession, application_id: uuid.UUID, asset_id: uuid.UUID) -> bool:
    """Whether the application offers the right."""
    statement = select(ApplicationItem.id).where(
        ApplicationItem.application_id == application_id, ApplicationItem.asset_id == asset_id
    )
    return (await session.execute(statement)).first() is not None


async def hold_pledge(session: AsyncSession, pledge_id: uuid.UUID) -> Pledge | None:
    """A pledge as it is, kept from changing until the caller's transaction ends, whoever may see it."""
    statement = select(Pledge).where(Pledge.id == pledge_id).with_for_update(read=True)
    statement = statement.execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def serves(session: AsyncSession, pledge_id: uuid.UUID) -> bool:
    """Whether some application was contracted with the pledge."""
    statement = select(Application.id).where(Application.pledge_id == pledge_id)
    return (await session.execute(statement)).first() is not None
