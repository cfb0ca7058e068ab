"""Fees: watched, paid, and followed by the calendar until the right lapses (AST-08, LS-05, LS-13, UNI-27)."""

from app.services.fees.following import follow
from app.services.fees.paying import pay
from app.services.fees.watching import watch

__all__ = ["follow", "pay", "watch"]
