"""Bookkeeping by hand: accounts opened and transfers booked by those who keep a pool's books."""

from app.domain.ledger_transfer import WantedTransfer as Wanted
from app.services.bookkeeping.booking import Item, book, book_all, open_account
from app.services.bookkeeping.expiry import expire_due
from app.services.bookkeeping.freezing import freeze, unfreeze
from app.services.bookkeeping.reversal import propose as propose_reversal

__all__ = [
    "Item",
    "Wanted",
    "book",
    "book_all",
    "expire_due",
    "freeze",
    "open_account",
    "propose_reversal",
    "unfreeze",
]
