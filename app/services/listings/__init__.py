"""Listings: posting rights or needs, review by the operator, and leaving the market (LST-01)."""

from app.services.listings.drafting import Changes, NewListing, draft, revise, submit
from app.services.listings.leaving import (
    close,
    close_locked,
    expire_due,
    release_all,
    reserve_locked,
    rights_passed,
    withdraw,
    withdraw_locked,
)
from app.services.listings.review import approve, return_

__all__ = [
    "Changes",
    "NewListing",
    "approve",
    "close",
    "close_locked",
    "draft",
    "expire_due",
    "release_all",
    "reserve_locked",
    "return_",
    "revise",
    "rights_passed",
    "submit",
    "withdraw",
    "withdraw_locked",
]
