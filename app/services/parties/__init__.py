"""Parties: entering them, what becomes of their names, districts, sizes and roles, and who follows whom."""

from app.services.parties.histories import (
    NewSize,
    change_role,
    classify,
    keep_first,
    move,
    rename,
)
from app.services.parties.registering import NewIdentifier, NewParty, register
from app.services.parties.succeeding import succeed

__all__ = [
    "NewIdentifier",
    "NewParty",
    "NewSize",
    "change_role",
    "classify",
    "keep_first",
    "move",
    "register",
    "rename",
    "succeed",
]
