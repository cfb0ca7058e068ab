"""Import of published registers: parties, rights and recorded documents, with their provenance."""

from app.services.imports.run import Summary, Units, run

__all__ = ["Summary", "Units", "run"]
