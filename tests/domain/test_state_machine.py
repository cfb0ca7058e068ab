"""The state machine helper, on a small life of its own."""

from __future__ import annotations

from enum import StrEnum

import pytest

from app.domain.errors import DomainError, ErrorKind
from app.domain.state_machine import StateMachine


class Door(StrEnum):
    closed = "closed"
    open = "open"
    walled_up = "walled_up"
    painted = "painted"


class Act(StrEnum):
    push = "push"
    pull = "pull"
    wall = "wall"


MACHINE = StateMachine(
    "door",
    Door.closed,
    {
        (Door.closed, Act.push): Door.open,
        (Door.closed, Act.wall): Door.walled_up,
        (Door.open, Act.pull): Door.closed,
        (Door.painted, Act.push): Door.open,
    },
    noun_zh="门",
)


@pytest.mark.parametrize("state", Door)
@pytest.mark.parametrize("event", Act)
def test_each_pair_of_state_and_event_is_in_the_table_or_refused(state: Door, event: Act) -> None:
    if (state, event) in MACHINE.transitions:
        assert MACHINE.next(state, event) is MACHINE.transitions[state, event]
    else:
        with pytest.raises(DomainError) as caught:
            MACHINE.next(state, event)
        assert caught.value.code.code == "state.illegal_transition"


def test_a_refusal_names_what_is_permitted() -> None:
    with pytest.raises(DomainError) as caught:
        MACHINE.next(Door.closed, Act.pull)
    (violation,) = caught.value.violations
    assert violation.code.kind is ErrorKind.conflict
    assert {k: violation.facts[k] for k in ("noun", "state", "event", "allowed")} == {
        "noun": "door",
        "state": "closed",
        "event": "pull",
        "allowed": ["push", "wall"],
    }
    assert (
        violation.code.zh.format(**violation.facts)
        == "门处于“closed”状态，不能执行“pull”；当前可执行：push, wall"
    )
    assert violation.code.en.format(**violation.facts).startswith("The door is in state “closed”")


def test_terminal_and_reachable_states_follow_from_the_table() -> None:
    assert MACHINE.terminal == {Door.walled_up}
    assert MACHINE.reachable() == {Door.closed, Door.open, Door.walled_up}
    assert MACHINE.allowed(Door.closed) == (Act.push, Act.wall)
    assert MACHINE.allowed(Door.walled_up) == ()


def test_the_diagram_shows_start_arrows_and_end() -> None:
    assert MACHINE.mermaid() == (
        "stateDiagram-v2\n"
        "    [*] --> closed\n"
        "    closed --> open: push\n"
        "    closed --> walled_up: wall\n"
        "    open --> closed: pull\n"
        "    painted --> open: push\n"
        "    walled_up --> [*]\n"
    )
