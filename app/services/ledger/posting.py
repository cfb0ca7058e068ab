"""Posting: accounts are locked and read in one statement, transfers written in one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import ledger as rules
from app.domain.identifiers import new_id
from app.domain.ledger_transfer import NewTransfer
from app.queries import ledger as queries
from app.queries.driver import driver
from app.services.ledger import watching

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.ledger import TransferKind
    from app.models.ledger import LedgerTransfer
    from app.queries.ledger import LockedAccount
    from app.services.ledger.opening import Book

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
_WRITE = f"""
INSERT INTO ledger_transfers (ledger_id, district_code, currency, event_id, recorded_at, posting_id,
                              {TRANSFER_COLUMNS})
SELECT $1, $2, $3, $4, $5, coalesce(posting_id, $6), {TRANSFER_COLUMNS}
FROM jsonb_to_recordset($7::jsonb) AS t({TRANSFER_RECORD}, posting_id uuid)
"""


def _row(transfer: NewTransfer, position: int, today: date) -> dict[str, Any]:
    """What a transfer says beyond the defaults of its row; the statement reads what is missing as NULL."""
    row: dict[str, Any] = {
        "id": transfer.id,
        "kind": transfer.kind,
        "debit_account_id": transfer.debit_account_id,
        "credit_account_id": transfer.credit_account_id,
        "amount_fen": transfer.amount_fen,
        "position": position,
        "code": transfer.code,
        "business_noun": transfer.business_noun,
        "business_id": transfer.business_id,
        "occurred_on": transfer.occurred_on or today,
        "booked_on": today,
        "adjustment": transfer.adjustment,
    }
    for name in _OPTIONAL:
        value = getattr(transfer, name)
        if value is not None:
            row[name] = value
    return row


_OPTIONAL = ("resolves_id", "reverses_id", "freezes", "expires_on", "narrative", "corrects_on", "posting_id")


def transfer_rows(transfers: Sequence[NewTransfer], today: date) -> str:
    """Transfers as the JSON array the statements read, in the order in which they are applied."""
    return json.dumps(transfer_records(transfers, today), default=str, ensure_ascii=False)


def transfer_records(transfers: Sequence[NewTransfer], today: date) -> list[dict[str, Any]]:
    """The rows of that array, to be put among others."""
    return [_row(transfer, position, today) for position, transfer in enumerate(transfers)]


async def post(
    session: AsyncSession,
    *,
    moment: Moment,
    book: Book,
    transfers: Sequence[NewTransfer],
    event_id: uuid.UUID,
) -> None:
    """Write transfers as one posting, all or nothing; accounts are locked in the order of their ids.

    Raises: `transfer.same_account`, `account.not_found`, `transfer.currency_mismatch`, and what the database
    refuses: `transfer.not_found`, `account.limit_exceeded`, `account.limit_exceeded_then`, `account.frozen`,
    `transfer.already_resolved`, `transfer.not_pending`, `transfer.exceeds_pending`, `transfer.expired`,
    `transfer.already_reversed`, `transfer.reverses_whole`.
    """
    if any(transfer.debit_account_id == transfer.credit_account_id for transfer in transfers):
        raise rules.SAME_ACCOUNT.error()
    account_ids = {t.debit_account_id for t in transfers} | {t.credit_account_id for t in transfers}
    accounts = await queries.lock_accounts(session, book.ledger_id, account_ids)
    if len(accounts) < len(account_ids):
        raise rules.ACCOUNT_NOT_FOUND.error()
    if any(account.currency != book.currency for account in accounts):
        raise rules.CURRENCY_MISMATCH.error()
    await write(session, moment=moment, book=book, transfers=transfers, event_id=event_id, accounts=accounts)


async def write(
    session: AsyncSession,
    *,
    moment: Moment,
    book: Book,
    transfers: Sequence[NewTransfer],
    event_id: uuid.UUID,
    accounts: Iterable[LockedAccount],
) -> None:
    """Write transfers whose accounts the caller has locked; tells what watched balances crossed."""
    connection = await driver(session)
    await connection.execute(
        _WRITE,
        book.ledger_id,
        book.district_code,
        book.currency,
        event_id,
        moment.now,
        new_id(),
        transfer_rows(transfers, moment.today),
    )
    watched = [account.id for account in accounts if account.watched]
    if watched:
        await watching.evaluate(session, moment=moment, book=book, account_ids=watched)


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
