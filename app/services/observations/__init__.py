"""Observations: departments report yearly values, the district's IP office checks them (STA-16, ST-07)."""

from app.services.observations.checking import decide
from app.services.observations.reporting import NewObservation, submit

__all__ = ["NewObservation", "decide", "submit"]
