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


def earliest(one: Counted, other: Counted) -> Counted:
    """The earlier days of the two: what has counted counts on, though revoked since (PL-28)."""
    return Counted(
        financing_on=_earlier(one.financing_on, other.financing_on),
        mixed_on=_earlier(one.mixed_on, other.mixed_on),
    )


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)
