"""Observations (填报数据): a yearly value a department reports, with evidence and a checker (STA-16)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ObservationStatus(StrEnum):
    """Only an approved observation counts; a later approved one supersedes it."""

    submitted = "submitted"
    approved = "approved"
    rejected = "rejected"
    superseded = "superseded"


class ObservationEvent(StrEnum):
    """What moves an observation from state to state."""

    approve = "approve"
    reject = "reject"
    supersede = "supersede"


_S, _E = ObservationStatus, ObservationEvent

OBSERVATION = StateMachine[ObservationStatus, ObservationEvent](
    noun="observation",
    noun_zh="填报数据",
    initial=_S.submitted,
    transitions={
        (_S.submitted, _E.approve): _S.approved,
        (_S.submitted, _E.reject): _S.rejected,
        (_S.approved, _E.supersede): _S.superseded,
    },
)

NOT_FOUND = define("observation.not_found", ErrorKind.not_found, "未找到该填报数据", "No such observation.")
