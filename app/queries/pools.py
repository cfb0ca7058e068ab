"""Reads and locks of pools, their schemes and commitments, and who may see them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select, true

from app.domain import pool as rules
from app.domain.commitment import COVERING
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.permission import Permission, Role
from app.domain.pool import AccountCode, PoolStatus
from app.models.ledger import LedgerAccount
from app.models.pool import Commitment, Pool, Scheme

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a pool can still carry, in fen: leverage x available balance, less what is outstanding."""

    available_fen: int
    limit_fen: int
    outstanding_fen: int

    @property
    def free_fen(self) -> int:
        """Covered principal that may still be committed; never negative."""
        return max(0, self.limit_fen - self.outstanding_fen)


def visible(actor: Actor) -> Select[Pool]:
    """Pools the caller may see: its own, its district's, and for partners those of their district."""
    return select(Pool).where(_seen_by(actor))


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    if actor.regulates == OUTSIDE_EVERY_PLAN:
        return true()
    return or_(Pool.manager_id == actor.organisation_id, Pool.district_code == actor.district_code)


async def get(session: AsyncSession, actor: Actor, pool_id: uuid.UUID) -> Pool:
    """One pool the caller may see. Raises: `pool.not_found`."""
    pool = (await session.scalars(visible(actor).where(Pool.id == pool_id))).one_or_none()
    if pool is None:
        raise rules.NOT_FOUND.error(pool_id=pool_id)
    return pool


async def named(session: AsyncSession, name: str) -> Pool | None:
    """The first pool of that name, for work of the system itself."""
    statement = select(Pool).where(Pool.name == name).order_by(Pool.id).limit(1)
    return (await session.scalars(statement)).one_or_none()


async def get_book(session: AsyncSession, actor: Actor, pool_id: uuid.UUID) -> Pool:
    """One pool whose books the caller may read: its manager or a regulator of its district."""
    pool = await get(session, actor, pool_id)
    if not reads_book(actor, pool):
        raise rules.NOT_FOUND.error(pool_id=pool_id)
    return pool


def reads_book(actor: Actor, pool: Pool) -> bool:
    """Whether the caller may read the books of a pool it sees."""
    keeps = pool.manager_id == actor.organisation_id
    oversees = actor.oversees(pool.district_code)
    return actor.may(Permission.ledger_read) and (keeps or oversees)


async def keep_book(session: AsyncSession, actor: Actor, pool_id: uuid.UUID) -> Pool:
    """One pool whose books the caller keeps: its manager, or the treasury of its district.

    Raises: `pool.not_found`.
    """
    pool = await get(session, actor, pool_id)
    treasury = Role.treasury in actor.roles and actor.district_code == pool.district_code
    if pool.manager_id != actor.organisation_id and not treasury:
        raise rules.NOT_FOUND.error(pool_id=pool_id)
    return pool


async def lock(session: AsyncSession, pool_id: uuid.UUID) -> Pool:
    """One pool, locked. Raises: `pool.not_found`."""
    statement = (
        select(Pool)
        .where(Pool.id == pool_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    pool = (await session.scalars(statement)).one_or_none()
    if pool is None:
        raise rules.NOT_FOUND.error(pool_id=pool_id)
    return pool


async def lock_managed(session: AsyncSession, actor: Actor, pool_id: uuid.UUID) -> Pool:
    """One pool that the caller manages, locked. Raises: `pool.not_found`."""
    pool = await lock(session, pool_id)
    if pool.manager_id != actor.organisation_id:
        raise rules.NOT_FOUND.error(pool_id=pool_id)
    return pool


async def watched(session: AsyncSession) -> Sequence[Pool]:
    """Pools whose breaker may change: all that are not closed, in the order of their ids."""
    statement = select(Pool).where(Pool.status != PoolStatus.closed).order_by(Pool.id)
    return (await session.scalars(statement)).all()


async def scheme_on(session: AsyncSession, pool_id: uuid.UUID, on: date) -> Scheme | None:
    """The scheme version in effect on a day: the latest that has begun and not ended."""
    statement = (
        select(Scheme)
        .where(
            Scheme.pool_id == pool_id,
            Scheme.effective_from <= on,
            or_(Scheme.effective_to.is_(None), Scheme.effective_to >= on),
        )
        .order_by(Scheme.effective_from.desc(), Scheme.scheme_version.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def schemes(session: AsyncSession, pool_id: uuid.UUID) -> Sequence[Scheme]:
    """All scheme versions of a pool."""
    statement = select(Scheme).where(Scheme.pool_id == pool_id).order_by(Scheme.scheme_version)
    return (await session.scalars(statement)).all()


async def capacity(session: AsyncSession, pool: Pool, leverage: int) -> Capacity:
    """Capacity of a pool from its ledger accounts (RP-05)."""
    statement = (
        select(LedgerAccount)
        .where(
            LedgerAccount.ledger_id == pool.id,
            LedgerAccount.code.in_([AccountCode.cash, AccountCode.covered]),
        )
        .execution_options(populate_existing=True)
    )
    by_code = {account.code: account for account in await session.scalars(statement)}
    cash, covered = by_code[AccountCode.cash], by_code[AccountCode.covered]
    available = cash.debits_posted - cash.credits_posted - cash.credits_pending
    return Capacity(available, rules.capacity(leverage, available), covered.debits_pending)


async def live_commitment(session: AsyncSession, pledge_id: uuid.UUID) -> Commitment | None:
    """The commitment that still reserves capacity for a pledge, or None."""
    statement = select(Commitment).where(Commitment.pledge_id == pledge_id, Commitment.status.in_(COVERING))
    return (await session.scalars(statement)).one_or_none()


async def covered(session: AsyncSession, pledge_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Covered principal that pools still reserve for pledges, in fen."""
    statement = select(Commitment.pledge_id, Commitment.outstanding_fen).where(
        Commitment.pledge_id.in_(pledge_ids), Commitment.status.in_(COVERING)
    )
    return {pledge_id: fen for pledge_id, fen in await session.execute(statement) if pledge_id is not None}
