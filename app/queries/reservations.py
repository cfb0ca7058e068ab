"""Reads and locks of priority reservations, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import reservation as rules
from app.domain.reservation import ReservationStatus
from app.models.application import Application
from app.models.hold import Hold
from app.models.reservation import Reservation
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

SOURCE = "reservation"
"""What the holds of reservations name as their source."""


def visible(actor: Actor) -> Select[Reservation]:
    """Reservations of the caller's and those for its applications, and those of its district.

    That a right is reserved, and until when, everybody learns from the right itself.
    """
    applied = select(Application.id).where(Application.organisation_id == actor.organisation_id)
    return select(Reservation).where(
        seen_by(
            actor,
            Reservation.district_code,
            Reservation.organisation_id == actor.organisation_id,
            Reservation.application_id.in_(applied),
        )
    )


def matching(
    statement: Select[Reservation],
    *,
    status: ReservationStatus | None = None,
    application_id: uuid.UUID | None = None,
) -> Select[Reservation]:
    """`statement` narrowed by what is given."""
    for column, value in ((Reservation.status, status), (Reservation.application_id, application_id)):
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(
    session: AsyncSession, actor: Actor, reservation_id: uuid.UUID, *, lock: bool = False
) -> Reservation:
    """One reservation the caller may see, locked and fresh if asked. Raises: `reservation.not_found`."""
    statement = visible(actor).where(Reservation.id == reservation_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    reservation = (await session.scalars(statement)).one_or_none()
    if reservation is None:
        raise rules.NOT_FOUND.error("path:reservation_id", reservation_id=reservation_id)
    return reservation


async def lock_live(session: AsyncSession, application_id: uuid.UUID) -> Sequence[Reservation]:
    """The live reservations for an application, locked in the order of their ids."""
    return await _lock(session, Reservation.application_id == application_id)


async def lock_named(session: AsyncSession, reservation_ids: Collection[uuid.UUID]) -> Sequence[Reservation]:
    """Those of the reservations that are live, locked in the order of their ids."""
    return await _lock(session, Reservation.id.in_(reservation_ids))


async def lock_over(
    session: AsyncSession, today: date, asset_ids: Collection[uuid.UUID] | None = None
) -> Sequence[Reservation]:
    """The live reservations whose last day is over, on some of these rights if given; locked."""
    conditions = [Reservation.expires_on < today]
    if asset_ids is not None:
        held = select(Hold.source_id).where(
            Hold.asset_id.in_(asset_ids), Hold.source_noun == SOURCE, Hold.ended_at.is_(None)
        )
        conditions.append(Reservation.id.in_(held))
    return await _lock(session, *conditions)


async def _lock(session: AsyncSession, *conditions: ColumnElement[bool]) -> Sequence[Reservation]:
    statement = (
        select(Reservation)
        .where(Reservation.status == ReservationStatus.live, *conditions)
        .order_by(Reservation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def had_before(
    session: AsyncSession, application_id: uuid.UUID, asset_ids: Collection[uuid.UUID]
) -> set[uuid.UUID]:
    """Which of the rights were ever reserved for the application."""
    statement = (
        select(Hold.asset_id)
        .join(Reservation, Reservation.id == Hold.source_id)
        .where(
            Hold.source_noun == SOURCE,
            Hold.asset_id.in_(asset_ids),
            Reservation.application_id == application_id,
        )
    )
    return set(await session.scalars(statement))


async def kept(
    session: AsyncSession, reservation_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The rights that reservations keep, or kept, in one statement."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {reservation_id: [] for reservation_id in reservation_ids}
    statement = (
        select(Hold.source_id, Hold.asset_id)
        .where(Hold.source_id.in_(reservation_ids), Hold.source_noun == SOURCE)
        .order_by(Hold.serial)
    )
    for reservation_id, asset_id in await session.execute(statement):
        found[reservation_id].append(asset_id)
    return found


async def applicants(
    session: AsyncSession, application_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """The organisations that made the applications, by the application."""
    statement = select(Application.id, Application.organisation_id).where(Application.id.in_(application_ids))
    return dict((await session.execute(statement)).all())
