"""Filings (登记申请): what was handed in at the office for one kind of right, and what became of it."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class FilingAction(StrEnum):
    """What the office is asked for: 设立, 变更, 延期, 注销."""

    registration = "registration"
    change = "change"
    extension = "extension"
    cancellation = "cancellation"


class FilingChannel(StrEnum):
    """How it was handed in, on which the office's time limit depends (PL-05)."""

    online = "online"
    window = "window"
    post = "post"


class FilingStatus(StrEnum):
    """Where the office's procedure stands."""

    submitted = "submitted"
    correction = "correction"
    registered = "registered"
    refused = "refused"
    withdrawn = "withdrawn"


class FilingEvent(StrEnum):
    """What moves a filing from state to state."""

    correct = "correct"
    resubmit = "resubmit"
    register = "register"
    refuse = "refuse"
    withdraw = "withdraw"


_S, _E = FilingStatus, FilingEvent

FILING = StateMachine[FilingStatus, FilingEvent](
    noun="filing",
    noun_zh="登记申请",
    initial=_S.submitted,
    transitions={
        (_S.submitted, _E.correct): _S.correction,
        (_S.submitted, _E.register): _S.registered,
        (_S.submitted, _E.refuse): _S.refused,
        (_S.submitted, _E.withdraw): _S.withdrawn,
        (_S.correction, _E.resubmit): _S.submitted,
        (_S.correction, _E.refuse): _S.refused,
        (_S.correction, _E.withdraw): _S.withdrawn,
    },
)

OPEN = frozenset({_S.submitted, _S.correction})
"""States in which the office has not decided."""

NOT_FOUND = define("filing.not_found", ErrorKind.not_found, "未找到该登记申请", "No such filing.")
