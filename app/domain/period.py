"""Accounting periods (会计期间): calendar months of a ledger, held, closed and opened again (POL-20)."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


class PeriodStatus(StrEnum):
    """`held` takes adjustments only, `closed` nothing: corrections go to the next open period."""

    open = "open"
    held = "held"
    closed = "closed"


class PeriodEvent(StrEnum):
    """What moves a period from state to state."""

    hold = "hold"
    resume = "resume"
    close = "close"
    reopen = "reopen"


_S, _E = PeriodStatus, PeriodEvent

PERIOD = StateMachine[PeriodStatus, PeriodEvent](
    noun="period",
    noun_zh="会计期间",
    initial=_S.open,
    transitions={
        (_S.open, _E.hold): _S.held,
        (_S.held, _E.resume): _S.open,
        (_S.held, _E.close): _S.closed,
        (_S.closed, _E.reopen): _S.held,
    },
)
