"""Reads and locks of monitors."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import monitor as rules
from app.models.ledger import LedgerAccount, Monitor
from app.models.pool import Pool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def of_accounts(
    session: AsyncSession, ledger_id: uuid.UUID, account_ids: Collection[uuid.UUID]
) -> Sequence[tuple[Monitor, LedgerAccount, uuid.UUID]]:
    """Live monitors of accounts with the accounts as they stand now and the pool's manager."""
    statement = (
        select(Monitor, LedgerAccount, Pool.manager_id)
        .join(
            LedgerAccount,
            (LedgerAccount.ledger_id == Monitor.ledger_id) & (LedgerAccount.code == Monitor.account_code),
        )
        .join(Pool, Pool.id == Monitor.ledger_id)
        .where(Monitor.ledger_id == ledger_id, Monitor.ended_on.is_(None), LedgerAccount.id.in_(account_ids))
        .order_by(Monitor.id)
        .execution_options(populate_existing=True)
    )
    return [(monitor, account, manager) for monitor, account, manager in await session.execute(statement)]


async def of_ledger(session: AsyncSession, ledger_id: uuid.UUID) -> Sequence[Monitor]:
    """Live monitors of a ledger, in the order in which they were set up."""
    statement = (
        select(Monitor).where(Monitor.ledger_id == ledger_id, Monitor.ended_on.is_(None)).order_by(Monitor.id)
    )
    return (await session.scalars(statement)).all()


async def lock(session: AsyncSession, ledger_id: uuid.UUID, monitor_id: uuid.UUID) -> Monitor:
    """One monitor of a ledger, locked. Raises: `monitor.not_found`."""
    statement = (
        select(Monitor)
        .where(Monitor.ledger_id == ledger_id, Monitor.id == monitor_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    monitor = (await session.scalars(statement)).one_or_none()
    if monitor is None:
        raise rules.NOT_FOUND.error(monitor_id=monitor_id)
    return monitor
