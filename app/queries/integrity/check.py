"""What an invariant is: a query that returns the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant; `broken` selects `subject` (what breaks it) and `detail`."""

    name: str
    meaning: str
    broken: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks an invariant."""

    check: str
    subject: str
    detail: str


def same_district(child: str, key: str, parent: str) -> Check:
    """That rows are administered where the row they belong to is."""
    return Check(
        name=f"district.{child}",
        meaning=f"{child} are administered where their {parent} are",
        broken=f"SELECT c.id::text AS subject, c.district_code || ' <> ' || p.district_code AS detail"
        f" FROM {child} c JOIN {parent} p ON p.id = c.{key} WHERE c.district_code <> p.district_code",
    )
