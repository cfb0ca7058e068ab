"""State machines as data: a table of (state, event) -> state, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from app.domain.errors import ErrorKind, define

ILLEGAL_TRANSITION = define(
    "state.illegal_transition",
    ErrorKind.conflict,
    "{noun_zh}处于“{state}”状态，不能执行“{event}”；当前可执行：{allowed_text}",
    "The {noun} is in state “{state}”, which does not permit “{event}”. Permitted now: {allowed_text}.",
)

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True)
class StateMachine(Generic[S, E]):
    """The life of a `noun`: where it starts and which event leads from which state to which.

    `noun_zh` is the noun in Chinese messages, where the code's own word would be strange. A life that may
    begin in several states names the others in `also_initial`.
    """

    noun: str
    initial: S
    transitions: Mapping[tuple[S, E], S]
    noun_zh: str = ""
    also_initial: tuple[S, ...] = ()

    def next(self, state: S, event: E) -> S:
        """The state after `event`. Raises DomainError `state.illegal_transition` if there is none."""
        if (state, event) in self.transitions:
            return self.transitions[state, event]
        allowed = [known.value for known in self.allowed(state)]
        text = ", ".join(allowed) or "—"
        raise ILLEGAL_TRANSITION.error(
            noun=self.noun,
            noun_zh=self.noun_zh or self.noun,
            state=state.value,
            event=event.value,
            allowed=allowed,
            allowed_text=text,
        )

    def allowed(self, state: S) -> tuple[E, ...]:
        """The events `state` permits, in the order of the table."""
        return tuple(event for source, event in self.transitions if source == state)

    @property
    def terminal(self) -> frozenset[S]:
        """The states of the enum that no event leaves."""
        return frozenset(type(self.initial)) - {source for source, _ in self.transitions}

    def reachable(self) -> frozenset[S]:
        """The states some chain of events leads to from an initial one, which is among them."""
        found, new = {self.initial, *self.also_initial}, {self.initial, *self.also_initial}
        while new:
            new = {target for (source, _), target in self.transitions.items() if source in new} - found
            found |= new
        return frozenset(found)

    def mermaid(self) -> str:
        """The machine as a Mermaid `stateDiagram-v2`, in the order of the table."""
        arrows = [f"{source} --> {target}: {event}" for (source, event), target in self.transitions.items()]
        last = self.terminal & self.reachable()
        ends = [f"{state} --> [*]" for state in type(self.initial) if state in last]
        begins = [f"[*] --> {state}" for state in (self.initial, *self.also_initial)]
        lines = [*begins, *arrows, *ends]
        return "\n    ".join(["stateDiagram-v2", *lines]) + "\n"
