"""The lives of listings, deals and pledges, every state against every event."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from app.domain.deal import DEAL, DealEvent, DealStatus
from app.domain.errors import DomainError
from app.domain.listing import EXPIRING, LISTING, ON_MARKET, ListingEvent, ListingStatus
from app.domain.pledge import PLEDGE, PledgeEvent, PledgeStatus
from app.domain.state_machine import StateMachine

Machine = StateMachine[Any, Any]
LIVES: list[tuple[Machine, type[StrEnum]]] = [
    (LISTING, ListingEvent),
    (DEAL, DealEvent),
    (PLEDGE, PledgeEvent),
]
ARROWS = {
    "listing": """
        draft      submit    submitted
        submitted  return    draft
        submitted  approve   published
        published  reserve   reserved
        reserved   release   published
        published  close     closed
        reserved   close     closed
        published  suspend   suspended
        suspended  resume    published
        draft      withdraw  withdrawn
        submitted  withdraw  withdrawn
        published  withdraw  withdrawn
        suspended  withdraw  withdrawn
        published  expire    expired
        suspended  expire    expired
    """,
    # Beside §9.2: what is not signed yet can be given up, and a licence in effect or recorded ended early.
    "deal": """
        draft       agree        negotiated
        negotiated  sign         signed
        signed      file         filed
        filed       correct      correction
        correction  refile       filed
        filed       register     effective
        signed      take_effect  effective
        effective   record       recorded
        filed       refuse       refused
        signed      terminate    terminated
        filed       terminate    terminated
        effective   settle       settled
        recorded    settle       settled
        settled     close        closed
        draft       terminate    terminated
        negotiated  terminate    terminated
        effective   terminate    terminated
        recorded    terminate    terminated
    """,
    # Of the financing in §9.2 the part that the office decides; its loan is not kept here.
    "pledge": """
        filed       correct     correction
        correction  refile      filed
        filed       register    registered
        filed       refuse      refused
        registered  deregister  deregistered
        registered  revoke      revoked
    """,
}
"""Domain §9.2, arrow by arrow: state, event, next state."""


def arrows(machine: Machine) -> dict[tuple[str, str], str]:
    """The next state by state and event."""
    lines = [line.split() for line in ARROWS[machine.noun].strip().splitlines()]
    return {(state, event): following for state, event, following in lines}


PAIRS = [
    pytest.param(machine, state, event, id=f"{machine.noun}-{state}-{event}")
    for machine, events in LIVES
    for state in type(machine.initial)
    for event in events
]
MACHINES = pytest.mark.parametrize(("machine", "events"), LIVES, ids=[machine.noun for machine, _ in LIVES])


@pytest.mark.parametrize(("machine", "state", "event"), PAIRS)
def test_a_pair_is_an_arrow_or_refused_with_what_is_allowed(
    machine: Machine, state: StrEnum, event: StrEnum
) -> None:
    """LST-01, DEA-01, SC-01: an illegal transition names the legal ones, no other outcome exists."""
    known = arrows(machine)
    if (state, event) in known:
        assert machine.next(state, event) == known[state, event]
        return
    with pytest.raises(DomainError) as caught:
        machine.next(state, event)
    (violation,) = caught.value.violations
    assert violation.code.code == "state.illegal_transition"
    assert set(violation.facts["allowed"]) == {legal for start, legal in known if start == state}


@MACHINES
def test_every_state_can_be_reached_and_every_event_is_of_use(
    machine: Machine, events: type[StrEnum]
) -> None:
    """DEA-01: no dead state and no dead event."""
    assert machine.reachable() == set(type(machine.initial).__members__.values())
    assert {event for _, event in machine.transitions} == set(events)


ENDS: list[tuple[Machine, set[StrEnum]]] = [
    (LISTING, {ListingStatus.closed, ListingStatus.withdrawn, ListingStatus.expired}),
    (DEAL, {DealStatus.refused, DealStatus.terminated, DealStatus.closed}),
    (PLEDGE, {PledgeStatus.refused, PledgeStatus.deregistered, PledgeStatus.revoked}),
]


@pytest.mark.parametrize(("machine", "ends"), ENDS, ids=[machine.noun for machine, _ in ENDS])
def test_only_the_known_ends_have_no_exit(machine: Machine, ends: set[StrEnum]) -> None:
    """Domain §9.2: what is over stays over, and nothing else is stuck."""
    assert machine.terminal == ends
    assert all(machine.allowed(state) == () for state in ends)


def test_a_reserved_listing_is_on_the_market_but_neither_withdrawn_nor_expired() -> None:
    """LST-01: a reservation binds the lister until it is released or the deal closes the listing."""
    assert {ListingStatus.published, ListingStatus.reserved} == ON_MARKET
    assert LISTING.allowed(ListingStatus.reserved) == (ListingEvent.release, ListingEvent.close)
    assert {ListingStatus.published, ListingStatus.suspended} == EXPIRING
