"""The ledger: the only writer of accounts and transfers. A database trigger keeps balances and entries."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from app.domain import ledger as rules
from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.models.ledger import LedgerAccount, LedgerTransfer
from app.queries import ledger as queries
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be opened. `limit_side` may not exceed the other side, pending amounts counted."""

    code: str
    name: str
    normal_side: Side
    limit_side: Side | None = None
    memo: bool = False


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """`amount_fen` from `debit_account_id`'s debit to `credit_account_id`'s credit."""

    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount_fen: int
    code: str
    business_noun: str
    business_id: uuid.UUID
    kind: TransferKind = TransferKind.posted
    resolves_id: uuid.UUID | None = None
    reverses_id: uuid.UUID | None = None
    freezes: Side | None = None
    expires_on: date | None = None
    narrative: str | None = None
    occurred_on: date | None = None
    corrects_on: date | None = None
    adjustment: bool = False
    id: uuid.UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Book:
    """A pool's ledger as a posting needs it."""

    ledger_id: uuid.UUID
    district_code: str
    currency: str


_COLUMNS = {
    "id": "uuid",
    "kind": "text",
    "debit_account_id": "uuid",
    "credit_account_id": "uuid",
    "amount_fen": "bigint",
    "resolves_id": "uuid",
    "reverses_id": "uuid",
    "freezes": "text",
    "expires_on": "date",
    "position": "bigint",
    "code": "text",
    "narrative": "text",
    "business_noun": "text",
    "business_id": "uuid",
    "occurred_on": "date",
    "booked_on": "date",
    "corrects_on": "date",
    "adjustment": "boolean",
}
TRANSFER_COLUMNS = ", ".join(_COLUMNS)
TRANSFER_RECORD = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_POST = f"""
INSERT INTO ledger_transfers (ledger_id, district_code, currency, posting_id, event_id, recorded_at,
                              {TRANSFER_COLUMNS})
SELECT $1, $2, $3, $4, $5, $6, {TRANSFER_COLUMNS} FROM jsonb_to_recordset($7::jsonb) AS t({TRANSFER_RECORD})
"""


def transfer_rows(transfers: Sequence[NewTransfer], today: date) -> str:
    """Transfers as the JSON array the statements read, in the order in which they are applied."""
    return json.dumps(
        [
            {
                **{name: getattr(transfer, name) for name in _COLUMNS if hasattr(transfer, name)},
                "position": position,
                "occurred_on": transfer.occurred_on or today,
                "booked_on": today,
            }
            for position, transfer in enumerate(transfers)
        ],
        default=str,
        ensure_ascii=False,
    )


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


async def post(
    session: AsyncSession,
    *,
    moment: Moment,
    book: Book,
    transfers: Sequence[NewTransfer],
    event_id: uuid.UUID,
) -> None:
    """Write transfers as one posting, all or nothing; accounts are locked in the order of their ids.

    Raises: `transfer.same_account`, `account.not_found`, `transfer.not_found`,
    `account.limit_exceeded`, `transfer.already_resolved`, `transfer.not_pending`, `transfer.exceeds_pending`.
    """
    for transfer in transfers:
        if transfer.debit_account_id == transfer.credit_account_id:
            raise rules.SAME_ACCOUNT.error()
    account_ids = {t.debit_account_id for t in transfers} | {t.credit_account_id for t in transfers}
    accounts = await queries.lock_accounts(session, ledger_id=book.ledger_id, account_ids=account_ids)
    if len(accounts) < len(account_ids):
        raise rules.ACCOUNT_NOT_FOUND.error()
    if any(account.currency != book.currency for account in accounts):
        raise rules.CURRENCY_MISMATCH.error()
    connection = await driver(session)
    await connection.execute(
        _POST,
        book.ledger_id,
        book.district_code,
        book.currency,
        new_id(),
        event_id,
        moment.now,
        transfer_rows(transfers, moment.today),
    )


def resolution(pending: LedgerTransfer, kind: TransferKind, *, code: str) -> NewTransfer:
    """The transfer that posts or voids the whole of `pending`; posted in part, the rest goes back."""
    return NewTransfer(
        debit_account_id=pending.debit_account_id,
        credit_account_id=pending.credit_account_id,
        amount_fen=pending.amount_fen,
        code=code,
        business_noun=pending.business_noun,
        business_id=pending.business_id,
        kind=kind,
        resolves_id=pending.id,
    )
