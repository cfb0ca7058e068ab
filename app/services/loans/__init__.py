"""Loans on pledges: drawn, planned, paid back, reversed; overdue day by day; enforced and written off."""

from app.services.loans.booking import NewReceipt, realise, receive, write_off
from app.services.loans.drawing import NewDrawdown, draw
from app.services.loans.following import enforce, follow_due, resume
from app.services.loans.planning import NewInstalment, replan
from app.services.loans.reversing import reverse

__all__ = [
    "NewDrawdown",
    "NewInstalment",
    "NewReceipt",
    "draw",
    "enforce",
    "follow_due",
    "realise",
    "receive",
    "replan",
    "resume",
    "reverse",
    "write_off",
]
