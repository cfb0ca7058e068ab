"""Reads of a pool's sources: one, all with their figures, and what became of their money."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.domain import fund as rules
from app.domain.pool import SourceType
from app.models.fund import FundSource
from app.models.ledger import LedgerAccount

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def get(session: AsyncSession, pool_id: uuid.UUID, source_id: uuid.UUID) -> FundSource:
    """One source of a pool. Raises: `source.not_found`."""
    source = await session.get(FundSource, source_id)
    if source is None or source.pool_id != pool_id:
        raise rules.NOT_FOUND.error(source_id=source_id)
    return source


async def named(
    session: AsyncSession, pool_id: uuid.UUID, source_type: SourceType, name: str
) -> FundSource | None:
    """The source of that type and name, or None."""
    statement = select(FundSource).where(
        FundSource.pool_id == pool_id, FundSource.type == source_type, FundSource.name == name
    )
    return (await session.scalars(statement)).one_or_none()


async def count(session: AsyncSession, pool_id: uuid.UUID) -> int:
    """How many sources the pool has, its own money's included."""
    statement = select(func.count()).select_from(FundSource).where(FundSource.pool_id == pool_id)
    return (await session.scalars(statement)).one()


async def paid_in(session: AsyncSession, source: FundSource) -> int:
    """What a source has paid in, less what was reversed, in fen."""
    statement = select(LedgerAccount.credits_posted - LedgerAccount.debits_posted).where(
        LedgerAccount.id == source.account_id
    )
    return (await session.scalars(statement)).one()
