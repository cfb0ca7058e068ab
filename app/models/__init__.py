"""Tables. Importing this package registers all of them on `Base.metadata`."""

from app.models import (
    asset,
    audit,
    deal,
    district,
    event,
    fact,
    hold,
    idempotency,
    job,
    ledger,
    listing,
    organisation,
    party,
    pledge,
    pool,
    recordal,
)
from app.models.base import Base

__all__ = [
    "Base",
    "asset",
    "audit",
    "deal",
    "district",
    "event",
    "fact",
    "hold",
    "idempotency",
    "job",
    "ledger",
    "listing",
    "organisation",
    "party",
    "pledge",
    "pool",
    "recordal",
]
