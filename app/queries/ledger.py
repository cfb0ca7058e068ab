"""Reads and locks of the ledger."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import ledger as rules
from app.models.ledger import LedgerAccount, LedgerEntry, LedgerTransfer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def lock_accounts(
    session: AsyncSession, *, ledger_id: uuid.UUID, account_ids: Collection[uuid.UUID]
) -> Sequence[LedgerAccount]:
    """Accounts of one ledger, locked in the order of their ids, freshly read."""
    statement = (
        select(LedgerAccount)
        .where(LedgerAccount.ledger_id == ledger_id, LedgerAccount.id.in_(account_ids))
        .order_by(LedgerAccount.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def accounts(session: AsyncSession, ledger_id: uuid.UUID) -> Sequence[LedgerAccount]:
    """All accounts of a ledger in the order of their codes."""
    statement = (
        select(LedgerAccount)
        .where(LedgerAccount.ledger_id == ledger_id)
        .order_by(LedgerAccount.code)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def get_account(session: AsyncSession, ledger_id: uuid.UUID, account_id: uuid.UUID) -> LedgerAccount:
    """One account of a ledger. Raises: `account.not_found`."""
    account = await session.get(LedgerAccount, account_id, populate_existing=True)
    if account is None or account.ledger_id != ledger_id:
        raise rules.ACCOUNT_NOT_FOUND.error(account_id=account_id)
    return account


async def find_transfer(
    session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID
) -> LedgerTransfer | None:
    """One transfer of a ledger, or None."""
    return await session.get(LedgerTransfer, (ledger_id, transfer_id))


async def get_transfer(session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID) -> LedgerTransfer:
    """One transfer of a ledger. Raises: `transfer.not_found`."""
    transfer = await find_transfer(session, ledger_id, transfer_id)
    if transfer is None:
        raise rules.TRANSFER_NOT_FOUND.error(transfer_id=transfer_id)
    return transfer


def entries(account_id: uuid.UUID, *, after_version: int) -> Select[LedgerEntry, LedgerTransfer]:
    """Entries of an account in booking order, each with its transfer."""
    return (
        select(LedgerEntry, LedgerTransfer)
        .join(
            LedgerTransfer,
            (LedgerTransfer.ledger_id == LedgerEntry.ledger_id)
            & (LedgerTransfer.id == LedgerEntry.transfer_id),
        )
        .where(LedgerEntry.account_id == account_id, LedgerEntry.account_version > after_version)
        .order_by(LedgerEntry.account_version)
    )
