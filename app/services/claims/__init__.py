"""Claims by stage of life: assembled from the record, reviewed by four hands, paid, and written off."""

from app.services.claims.evidence import assemble, digest
from app.services.claims.payout import pay, write_off
from app.services.claims.review import approve, check, object_to, supplement
from app.services.claims.submission import NewClaim, submit

__all__ = [
    "NewClaim",
    "approve",
    "assemble",
    "check",
    "digest",
    "object_to",
    "pay",
    "submit",
    "supplement",
    "write_off",
]
