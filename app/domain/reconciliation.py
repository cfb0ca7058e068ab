"""Reconciliations: an official list held against the register, each difference somebody's task (UNI-40)."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


class DifferenceKind(StrEnum):
    """How list and register differ.

    `late`: the register heard of it after the list's day; `missing`: the list has it, the register not;
    `extra`: the register has it, the list not; `mismatch`: both have it and say otherwise.
    """

    late = "late"
    missing = "missing"
    extra = "extra"
    mismatch = "mismatch"


class DifferenceStatus(StrEnum):
    """Where the task stands."""

    open = "open"
    corrected = "corrected"
    explained = "explained"


class DifferenceEvent(StrEnum):
    """What moves a difference from state to state; each needs a person's reason."""

    correct = "correct"
    explain = "explain"
    reopen = "reopen"


_S, _E = DifferenceStatus, DifferenceEvent

DIFFERENCE = StateMachine[DifferenceStatus, DifferenceEvent](
    noun="difference",
    noun_zh="差异",
    initial=_S.open,
    transitions={
        (_S.open, _E.correct): _S.corrected,
        (_S.open, _E.explain): _S.explained,
        (_S.corrected, _E.reopen): _S.open,
        (_S.explained, _E.reopen): _S.open,
    },
)
