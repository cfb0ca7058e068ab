"""Reconciliations: holding official lists against the register, and deciding what differs (UNI-40)."""

from app.services.reconciliations.deciding import decide, reopen
from app.services.reconciliations.recording import NewReconciliation, record

__all__ = ["NewReconciliation", "decide", "record", "reopen"]
