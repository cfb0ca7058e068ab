"""Amendments (变更): a pledge changed, extended, released in part, or given other rights."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class AmendmentKind(StrEnum):
    """变更, 延期, 部分解除, 置换 (专利权质押登记办法第13条, PL-19)."""

    change = "change"
    extension = "extension"
    release = "release"
    substitution = "substitution"


class AmendmentStatus(StrEnum):
    """An amendment has effect once the office has registered it."""

    filed = "filed"
    registered = "registered"
    refused = "refused"
    withdrawn = "withdrawn"


class AmendmentEvent(StrEnum):
    """What moves an amendment from state to state."""

    register = "register"
    refuse = "refuse"
    withdraw = "withdraw"


_S, _E = AmendmentStatus, AmendmentEvent

AMENDMENT = StateMachine[AmendmentStatus, AmendmentEvent](
    noun="amendment",
    noun_zh="质押变更",
    initial=_S.filed,
    transitions={
        (_S.filed, _E.register): _S.registered,
        (_S.filed, _E.refuse): _S.refused,
        (_S.filed, _E.withdraw): _S.withdrawn,
    },
)


class AmendmentAction(StrEnum):
    """What an amendment does to a right: it is added, let go, or its registration period extended."""

    add = "add"
    release = "release"
    extend = "extend"


NOT_FOUND = define("amendment.not_found", ErrorKind.not_found, "未找到该变更", "No such amendment.")
