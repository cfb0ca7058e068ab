"""Funds: a pool's sources and what they pay in, and whose money every transfer of the special account is."""

from app.services.funds.attribution import Attribution, attribute, eligible_fen, prepare, purse, write
from app.services.funds.contribution import contribute
from app.services.funds.sources import NewSource, add_source

__all__ = [
    "Attribution",
    "NewSource",
    "add_source",
    "attribute",
    "contribute",
    "eligible_fen",
    "prepare",
    "purse",
    "write",
]
