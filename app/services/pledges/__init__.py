"""Pledges by stage of life: filing, the office's registrations, what ends them; and how their loans go."""

from app.services.pledges.classification import NewClassification, classify
from app.services.pledges.filing import FiledItem, FiledPledge, file
from app.services.pledges.registration import Registration, deregister, refuse, register

__all__ = [
    "FiledItem",
    "FiledPledge",
    "NewClassification",
    "Registration",
    "classify",
    "deregister",
    "file",
    "refuse",
    "register",
]
