"""Demands (解除请求): a pledgor asks for its right back, and the pledgee answers in time (PLG-10)."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class DemandStatus(StrEnum):
    """`due`: the pledgee let its time pass, and the operator may have the registration cancelled."""

    open = "open"
    accepted = "accepted"
    objected = "objected"
    due = "due"
    enforced = "enforced"
    withdrawn = "withdrawn"


class DemandEvent(StrEnum):
    """What moves a demand from state to state."""

    accept = "accept"
    object = "object"
    fall_due = "fall_due"
    enforce = "enforce"
    withdraw = "withdraw"


_S, _E = DemandStatus, DemandEvent

DEMAND = StateMachine[DemandStatus, DemandEvent](
    noun="demand",
    noun_zh="解除质押请求",
    initial=_S.open,
    transitions={
        (_S.open, _E.accept): _S.accepted,
        (_S.open, _E.object): _S.objected,
        (_S.open, _E.fall_due): _S.due,
        (_S.open, _E.withdraw): _S.withdrawn,
        (_S.due, _E.accept): _S.accepted,
        (_S.due, _E.object): _S.objected,
        (_S.due, _E.enforce): _S.enforced,
        (_S.due, _E.withdraw): _S.withdrawn,
    },
)

NOT_FOUND = define("demand.not_found", ErrorKind.not_found, "未找到该解除请求", "No such demand.")
