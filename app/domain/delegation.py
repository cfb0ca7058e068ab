"""Delegations (委托办理): one organisation acts for another, within a scope and a time (PLG-16, SEC-11)."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class DelegationStatus(StrEnum):
    """Whether the agent may act."""

    granted = "granted"
    revoked = "revoked"
    expired = "expired"


class DelegationEvent(StrEnum):
    """What moves a delegation from state to state."""

    revoke = "revoke"
    expire = "expire"


_S, _E = DelegationStatus, DelegationEvent

DELEGATION = StateMachine[DelegationStatus, DelegationEvent](
    noun="delegation",
    noun_zh="委托办理",
    initial=_S.granted,
    transitions={(_S.granted, _E.revoke): _S.revoked, (_S.granted, _E.expire): _S.expired},
)

NOT_FOUND = define("delegation.not_found", ErrorKind.not_found, "未找到该委托", "No such delegation.")
