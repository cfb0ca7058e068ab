"""Stays: a court's preservation (LS-09) or the office's suspension (LS-10) of a right's procedures."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


class StayKind(StrEnum):
    """保全 by a court, or 中止 by the office."""

    preservation = "preservation"
    suspension = "suspension"


class StayStatus(StrEnum):
    """A stay that is in force ends by itself after its last day: `expired`."""

    in_force = "in_force"
    lifted = "lifted"
    expired = "expired"


class StayEvent(StrEnum):
    """What moves a stay from state to state."""

    lift = "lift"
    expire = "expire"


_S, _E = StayStatus, StayEvent

STAY = StateMachine[StayStatus, StayEvent](
    noun="stay",
    noun_zh="保全或中止",
    initial=_S.in_force,
    transitions={
        (_S.in_force, _E.lift): _S.lifted,
        (_S.in_force, _E.expire): _S.expired,
    },
)
