"""Duplicates: rows of the register that may be one party, proposed by one person, merged by another."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


class DuplicateStatus(StrEnum):
    """Where a proposal stands."""

    proposed = "proposed"
    merged = "merged"
    rejected = "rejected"
    undone = "undone"


class DuplicateEvent(StrEnum):
    """What moves a proposal from state to state."""

    merge = "merge"
    reject = "reject"
    undo = "undo"


_S, _E = DuplicateStatus, DuplicateEvent

DUPLICATE = StateMachine[DuplicateStatus, DuplicateEvent](
    noun="duplicate",
    noun_zh="重复主体",
    initial=_S.proposed,
    transitions={
        (_S.proposed, _E.merge): _S.merged,
        (_S.proposed, _E.reject): _S.rejected,
        (_S.merged, _E.undo): _S.undone,
    },
)
