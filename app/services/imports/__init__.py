"""Import of published registers: parties, rights, recorded documents and announcements, with provenance."""

from app.services.imports.run import Summary, Units, run

__all__ = ["Summary", "Units", "run"]
