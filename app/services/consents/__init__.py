"""Consents: asked for, given or refused, and used by deals in the deal's own transaction (RB-04)."""

from app.services.consents.giving import (
    NewConsent,
    Terms,
    expire_due,
    give,
    grant,
    refuse,
    request,
    revoke,
)
from app.services.consents.using import Chosen, choose, use

__all__ = [
    "Chosen",
    "NewConsent",
    "Terms",
    "choose",
    "expire_due",
    "give",
    "grant",
    "refuse",
    "request",
    "revoke",
    "use",
]
