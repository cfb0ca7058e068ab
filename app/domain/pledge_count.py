"""When a financing counts in statistics: once, from its first effective registration (decisions §10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.asset import AssetKind


@dataclass(frozen=True, slots=True)
class Counted:
    """The days a financing counts on: as a financing, and as a mixed one (PL-28); None: not (yet)."""

    financing_on: date | None
    mixed_on: date | None


def counted(registered: Iterable[tuple[AssetKind, date]]) -> Counted:
    """Days on which a financing with these effective registrations counts.

    It counts at its first registration; as mixed once, when its second kind becomes effective (ST-09).
    """
    first: dict[AssetKind, date] = {}
    for kind, on in registered:
        first[kind] = min(on, first.get(kind, on))
    both = len(first) == len(AssetKind)
    return Counted(
        financing_on=min(first.values(), default=None),
        mixed_on=max(first.values()) if both else None,
    )
