"""The offices' time limits, which come with the program as data (PL-05)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from app.domain.filing import FilingTerm, read_terms

FILE = Path(__file__).parents[1] / "data" / "filing_terms.toml"


@cache
def terms() -> tuple[FilingTerm, ...]:
    """All time limits, of every office, channel and day."""
    return tuple(read_terms(tomllib.loads(FILE.read_text(encoding="utf-8"))))
