"""What was so on a day, of what was known at a moment: the rules by which a right's past is read.

Two times mark every row of a right's history: the day its content took effect and the moment it became
known. News may come late, so both are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol, TypeVar

from app.domain.asset import IN_FORCE, AssetKind, AssetStatus, StatusChange, status_in_force


class Title(Protocol):
    """What decides whether a title was held."""

    @property
    def acquired_on(self) -> date | None:
        """The first day; None: not known, counts as from the beginning."""

    @property
    def ceased_on(self) -> date | None:
        """The first day it was no longer held; None while it is held or where the end's day is not known."""

    @property
    def recorded_at(self) -> datetime:
        """The moment it became known."""

    @property
    def ceased_at(self) -> datetime | None:
        """The moment its end became known."""

    @property
    def superseded_at(self) -> datetime | None:
        """The moment another row took its place, because more became known."""


class Hold(Protocol):
    """What decides whether a hold ran."""

    @property
    def first_day(self) -> date | None:
        """The first day it runs; None: not known, counts as from the beginning."""

    @property
    def last_day(self) -> date | None:
        """The last day of its period; None: it has none."""

    @property
    def ended_on(self) -> date | None:
        """The first day it was ended; None while it is not or where the end's day is not known."""

    @property
    def recorded_at(self) -> datetime:
        """The moment it became known."""

    @property
    def ended_at(self) -> datetime | None:
        """The moment its end became known."""


S = TypeVar("S", bound=StatusChange)
T = TypeVar("T", bound=Title)
H = TypeVar("H", bound=Hold)


def status_held(changes: Iterable[S], *, on: date, known_at: datetime) -> S | None:
    """The status in force on a day among the changes known by a moment (AST-04)."""
    return status_in_force([change for change in changes if change.recorded_at <= known_at], on)


def titles_held(titles: Iterable[T], *, on: date, known_at: datetime) -> list[T]:
    """The titles held on a day as known at a moment (AST-05).

    Known and not yet replaced by then, begun by the day, and of an end that was not known or lies after it.
    A title whose end was known but not its day counts as not held.
    """
    return [
        title
        for title in titles
        if title.recorded_at <= known_at
        and (title.superseded_at is None or title.superseded_at > known_at)
        and (title.acquired_on is None or title.acquired_on <= on)
        and _goes_on(title.ceased_at, title.ceased_on, on, known_at)
    ]


def holds_running(holds: Iterable[H], *, on: date, known_at: datetime) -> list[H]:
    """The holds that ran on a day as known at a moment; what has a period runs within it."""
    return [
        hold
        for hold in holds
        if hold.recorded_at <= known_at
        and (hold.first_day is None or hold.first_day <= on)
        and (hold.last_day is None or hold.last_day >= on)
        and _goes_on(hold.ended_at, hold.ended_on, on, known_at)
    ]


def _goes_on(end_known_at: datetime | None, ended_on: date | None, on: date, known_at: datetime) -> bool:
    if end_known_at is None or end_known_at > known_at:
        return True
    return ended_on is not None and ended_on > on


def in_force(
    kind: AssetKind, status: AssetStatus | None, *, last_day_in_force: date | None, on: date
) -> bool:
    """Whether a right is in force on a day, by its status then.

    A patent whose term is over is not, whatever its status was last said to be (专利法第42条). A mark can be
    renewed after its last day; only its status ends it (商标法第40条).
    """
    if kind is AssetKind.patent and last_day_in_force is not None and on > last_day_in_force:
        return False
    return status in IN_FORCE
