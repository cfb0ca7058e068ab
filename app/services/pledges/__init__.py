"""Pledges by stage of life: filing, then the office's registrations and what ends them."""

from app.services.pledges.filing import FiledItem, FiledPledge, NewItem, NewPledge, file
from app.services.pledges.registration import Registration, deregister, refuse, register

__all__ = [
    "FiledItem",
    "FiledPledge",
    "NewItem",
    "NewPledge",
    "Registration",
    "deregister",
    "file",
    "refuse",
    "register",
]
