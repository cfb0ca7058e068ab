"""Reads and locks of amendments, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, exists, or_, select

from app.domain import amendment as rules
from app.domain.amendment import AmendmentAction, AmendmentKind, AmendmentStatus
from app.domain.pledge import PledgeStatus
from app.models.amendment import Amendment, AmendmentItem
from app.models.application import Application
from app.models.asset import Asset
from app.models.pledge import Pledge, PledgeItem
from app.queries import pledges as pledge_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Amendment]:
    """Amendments of the pledges that the caller may see."""
    return select(Amendment).where(
        Amendment.pledge_id.in_(pledge_queries.visible(actor).with_only_columns(Pledge.id))
    )


def matching(
    statement: Select[Amendment],
    *,
    status: AmendmentStatus | None = None,
    kind: AmendmentKind | None = None,
    pledge_id: uuid.UUID | None = None,
) -> Select[Amendment]:
    """`statement` narrowed by what is given."""
    for column, value in {
        Amendment.status: status,
        Amendment.kind: kind,
        Amendment.pledge_id: pledge_id,
    }.items():
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, actor: Actor, amendment_id: uuid.UUID) -> Amendment:
    """One amendment the caller may see. Raises: `amendment.not_found`."""
    found = (await session.scalars(visible(actor).where(Amendment.id == amendment_id))).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error("path:amendment_id", amendment_id=amendment_id)
    return found


async def lock(session: AsyncSession, amendment_id: uuid.UUID) -> tuple[Amendment, Sequence[AmendmentItem]]:
    """An amendment that is known to exist, freshly read after its pledge was locked, with its rights."""
    fresh = {"populate_existing": True}
    locked = select(Amendment).where(Amendment.id == amendment_id).with_for_update(key_share=True)
    amendment = (await session.scalars(locked.execution_options(**fresh))).one()
    listed = select(AmendmentItem).where(AmendmentItem.amendment_id == amendment_id)
    in_order = listed.order_by(AmendmentItem.asset_id).execution_options(**fresh)
    return amendment, (await session.scalars(in_order)).all()


async def open_one(session: AsyncSession, pledge_id: uuid.UUID) -> Amendment | None:
    """The amendment of a pledge that is neither registered, refused nor withdrawn, or None."""
    statement = select(Amendment).where(
        Amendment.pledge_id == pledge_id, Amendment.status == AmendmentStatus.filed
    )
    return (await session.scalars(statement)).one_or_none()


async def agreed_fen(session: AsyncSession, pledge_id: uuid.UUID) -> int | None:
    """The principal that an open amendment is to set, or None: more than it is not lent meanwhile."""
    amendment = await open_one(session, pledge_id)
    return amendment.detail["after"].get("principal_fen") if amendment is not None else None


async def moot(session: AsyncSession) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Open amendments of pledges that have ended or lost all rights that are waited for, with the pledge."""
    waiting = exists().where(
        AmendmentItem.amendment_id == Amendment.id,
        AmendmentItem.registered_on.is_(None),
        PledgeItem.pledge_id == Amendment.pledge_id,
        PledgeItem.asset_id == AmendmentItem.asset_id,
        or_(
            and_(AmendmentItem.action == AmendmentAction.add, PledgeItem.status == PledgeStatus.filed),
            and_(AmendmentItem.action != AmendmentAction.add, PledgeItem.status == PledgeStatus.registered),
        ),
    )
    statement = (
        select(Amendment.id, Amendment.pledge_id)
        .join(Pledge, Pledge.id == Amendment.pledge_id)
        .where(
            Amendment.status == AmendmentStatus.filed,
            or_(Pledge.status != PledgeStatus.registered, ~waiting),
        )
        .order_by(Amendment.pledge_id)
    )
    return [(row.id, row.pledge_id) for row in await session.execute(statement)]


async def items(
    session: AsyncSession, amendment_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[AmendmentItem, str]]]:
    """The rights that several amendments touch, with their numbers, in one statement."""
    found: dict[uuid.UUID, list[tuple[AmendmentItem, str]]] = {one: [] for one in amendment_ids}
    statement = (
        select(AmendmentItem, Asset.number)
        .join(Asset, Asset.id == AmendmentItem.asset_id)
        .where(AmendmentItem.amendment_id.in_(amendment_ids))
        .order_by(AmendmentItem.amendment_id, AmendmentItem.action, Asset.number)
    )
    for item, number in await session.execute(statement):
        found[item.amendment_id].append((item, number))
    return found


async def approved_fen(session: AsyncSession, pledge_id: uuid.UUID) -> int | None:
    """What the application that a pledge was made on was approved for, or None."""
    statement = select(Application.approved_fen).where(Application.pledge_id == pledge_id)
    return (await session.scalars(statement.limit(1))).one_or_none()
