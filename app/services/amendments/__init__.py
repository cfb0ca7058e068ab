"""Amendments of registered pledges: filed with the office, and what its word makes of them."""

from app.services.amendments.deciding import refuse, register, settle_moot, withdraw
from app.services.amendments.filing import file

__all__ = ["file", "refuse", "register", "settle_moot", "withdraw"]
