"""Opening accounts of a ledger; they begin empty."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.identifiers import new_id
from app.models.ledger import LedgerAccount

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.ledger import Side


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be opened. `limit_side` may not exceed the other side, pending amounts counted."""

    code: str
    name: str
    normal_side: Side
    limit_side: Side | None = None
    memo: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """A pool's ledger as a posting needs it."""

    ledger_id: uuid.UUID
    district_code: str
    currency: str


async def open_accounts(
    session: AsyncSession, *, moment: Moment, book: Book, accounts: Sequence[NewAccount]
) -> list[LedgerAccount]:
    """Open accounts with empty balances. Raises: `account.code_taken`."""
    opened = [
        LedgerAccount(
            id=new_id(),
            district_code=book.district_code,
            ledger_id=book.ledger_id,
            code=account.code,
            name=account.name,
            currency=book.currency,
            normal_side=account.normal_side,
            limit_side=account.limit_side,
            memo=account.memo,
            recorded_at=moment.now,
        )
        for account in accounts
    ]
    session.add_all(opened)
    await session.flush()
    return opened
