"""Reads and locks of pledges, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, func, or_, select

from app.domain import pledge as rules
from app.domain.permission import Role
from app.domain.pledge import PledgeStatus
from app.models.asset import Asset
from app.models.fact import Fact
from app.models.organisation import Organisation
from app.models.pledge import Pledge, PledgeItem, PledgeShare
from app.models.pool import Pool
from app.queries.districts import seen_by
from app.queries.pledge_classifications import is_bank, lock_pledge

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Pledge]:
    """Pledges the caller may see: those it is a party or has a share in, and those of its district."""
    owned = exists().where(PledgeItem.pledge_id == Pledge.id, PledgeItem.pledgor_id == actor.party_id)
    shared = exists().where(PledgeShare.pledge_id == Pledge.id, PledgeShare.party_id == actor.party_id)
    return select(Pledge).where(
        seen_by(
            actor,
            Pledge.district_code,
            Pledge.organisation_id == actor.organisation_id,
            Pledge.borrower_id == actor.party_id,
            Pledge.pledgee_id == actor.party_id,
            owned,
            shared,
        )
    )


def exceptional(actor: Actor) -> Select[Pledge]:
    """Of the pledges the caller may see, those a registration of which was revoked (PL-28)."""
    revoked = exists().where(PledgeItem.pledge_id == Pledge.id, PledgeItem.status == PledgeStatus.revoked)
    return visible(actor).where(revoked)


async def get(session: AsyncSession, actor: Actor, pledge_id: uuid.UUID) -> Pledge:
    """One pledge the caller may see. Raises: `pledge.not_found`."""
    statement = visible(actor).where(Pledge.id == pledge_id)
    pledge = (await session.scalars(statement)).one_or_none()
    if pledge is None:
        raise rules.NOT_FOUND.error(pledge_id=pledge_id)
    return pledge


async def items(
    session: AsyncSession, pledge_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[PledgeItem, str]]]:
    """Items of several pledges with the numbers of their rights, in one statement."""
    found: dict[uuid.UUID, list[tuple[PledgeItem, str]]] = {pledge_id: [] for pledge_id in pledge_ids}
    statement = (
        select(PledgeItem, Asset.number)
        .join(Asset, Asset.id == PledgeItem.asset_id)
        .where(PledgeItem.pledge_id.in_(pledge_ids))
        .order_by(PledgeItem.pledge_id, PledgeItem.ordinal)
    )
    for item, number in await session.execute(statement):
        found[item.pledge_id].append((item, number))
    return found


async def shares(
    session: AsyncSession, pledge_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[PledgeShare]]:
    """Who lent and who bears the risk, in several pledges; those whose bank does alone are absent."""
    statement = select(PledgeShare).where(PledgeShare.pledge_id.in_(pledge_ids)).order_by(PledgeShare.id)
    found: dict[uuid.UUID, list[PledgeShare]] = {}
    for share in await session.scalars(statement):
        found.setdefault(share.pledge_id, []).append(share)
    return found


async def lock(
    session: AsyncSession, actor: Actor, pledge_id: uuid.UUID
) -> tuple[Pledge, Sequence[PledgeItem]]:
    """A pledge whose official results the caller records, with its items; rights are locked first.

    That is the bank that filed it (of imported history, the pledgee), or an operator of its district;
    others who may see it, such as the borrower, may not decide it.

    Raises: `pledge.not_found`, `pledge.not_yours`.
    """
    seen = await get(session, actor, pledge_id)
    if not _records(actor, seen):
        raise rules.NOT_YOURS.error(pledge_id=pledge_id)
    return await lock_known(session, pledge_id)


async def lock_known(session: AsyncSession, pledge_id: uuid.UUID) -> tuple[Pledge, Sequence[PledgeItem]]:
    """A pledge that is known to exist, fresh, with its items; rights are locked first, the caller may act."""
    rights = (
        select(Asset.id)
        .where(Asset.id.in_(select(PledgeItem.asset_id).where(PledgeItem.pledge_id == pledge_id)))
        .order_by(Asset.id)
        .with_for_update(key_share=True)
    )
    await session.execute(rights)
    pledge = await lock_pledge(session, pledge_id)
    listed = select(PledgeItem).where(PledgeItem.pledge_id == pledge_id).order_by(PledgeItem.ordinal)
    return pledge, (await session.scalars(listed.execution_options(populate_existing=True))).all()


def _records(actor: Actor, pledge: Pledge) -> bool:
    if Role.operator in actor.roles and actor.oversees(pledge.district_code):
        return True
    return Role.bank in actor.roles and is_bank(actor, pledge)


async def counted_in(session: AsyncSession, pledge_id: uuid.UUID) -> str | None:
    """The district in which a pledge already counts, or None while it does not."""
    statement = (
        select(Fact.district_code)
        .where(Fact.source_noun == "pledge", Fact.source_id == pledge_id)
        .order_by(Fact.id)
        .limit(1)
    )
    return await session.scalar(statement)


async def counted_industry(session: AsyncSession, pledge_id: uuid.UUID) -> str | None:
    """The industry a pledge already counts under (empty: none), or None while it does not count."""
    statement = (
        select(func.coalesce(Fact.dimensions["industry"].astext, ""))
        .where(Fact.source_noun == "pledge", Fact.source_id == pledge_id)
        .order_by(Fact.id)
        .limit(1)
    )
    return await session.scalar(statement)


async def audience(session: AsyncSession, pledge: Pledge) -> list[uuid.UUID]:
    """Organisations a pledge concerns: of pledgee, borrower, pledgors and sharers, and the pool's manager."""
    pledgors = select(PledgeItem.pledgor_id).where(PledgeItem.pledge_id == pledge.id)
    sharers = select(PledgeShare.party_id).where(PledgeShare.pledge_id == pledge.id)
    named = [party_id for party_id in (pledge.pledgee_id, pledge.borrower_id) if party_id is not None]
    statement = select(Organisation.id).where(
        or_(Organisation.party_id.in_(pledgors.union(sharers)), Organisation.party_id.in_(named))
    )
    manager = select(Pool.manager_id).where(Pool.id == pledge.pool_id)
    return sorted({*await session.scalars(statement.union(manager))})
