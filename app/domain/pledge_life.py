"""How a pledge follows the registrations of its rights (PL-28): which of its events theirs add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from app.domain.pledge import PledgeEvent, PledgeStatus

LIVE = frozenset({PledgeStatus.filed, PledgeStatus.correction, PledgeStatus.registered})
"""States in which a right is tied up."""

UNDECIDED = frozenset({PledgeStatus.filed, PledgeStatus.correction})
"""States in which the office has not decided."""


def steps(current: PledgeStatus, rights: Collection[PledgeStatus], last: PledgeEvent) -> list[PledgeEvent]:
    """The events that bring a pledge to where its rights are, `last` being what happened to one of them.

    Undecided while the office has one of its rights before it, under correction if it asks for one; then
    registered if any right is, else refused if any was, else withdrawn. A registered one stays so while a
    right is, and ends as the last of them did: what an amendment was to add has nothing to be added to.
    """
    if current is PledgeStatus.registered:
        return [] if PledgeStatus.registered in rights else [last]
    if current not in UNDECIDED:
        return []
    if PledgeStatus.correction in rights:
        return [] if current is PledgeStatus.correction else [PledgeEvent.correct]
    refiled = [PledgeEvent.refile] if current is PledgeStatus.correction else []
    if PledgeStatus.filed in rights:
        return refiled
    if PledgeStatus.registered in rights:
        return [*refiled, PledgeEvent.register]
    return [PledgeEvent.refuse if PledgeStatus.refused in rights else PledgeEvent.withdraw]


_MISSING = UNDECIDED | {PledgeStatus.refused, PledgeStatus.withdrawn}


def fully_secured(rights: Iterable[tuple[bool, PledgeStatus]], unsecured_since: date | None) -> bool:
    """Whether every right that money waits for, by (required, state), is registered (PL-28).

    What was released no longer counts; a registration lost against the bank's will is in `unsecured_since`.
    """
    states = [status for required, status in rights if required]
    secured = PledgeStatus.registered in states and not _MISSING & set(states)
    return secured and unsecured_since is None
