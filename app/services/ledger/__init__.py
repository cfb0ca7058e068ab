"""The ledger: the only writer of accounts and transfers. A database trigger keeps balances and entries."""

from app.domain.ledger_transfer import NewTransfer
from app.services.ledger.opening import Book, NewAccount, open_accounts
from app.services.ledger.posting import (
    TRANSFER_COLUMNS,
    TRANSFER_RECORD,
    post,
    resolution,
    transfer_records,
    transfer_rows,
    write,
)

__all__ = [
    "TRANSFER_COLUMNS",
    "TRANSFER_RECORD",
    "Book",
    "NewAccount",
    "NewTransfer",
    "open_accounts",
    "post",
    "resolution",
    "transfer_records",
    "transfer_rows",
    "write",
]
