"""Mandates (委托): an owner authorises an agency to act for its rights (RB-05, 民法典第165条)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class MandatePower(StrEnum):
    """What the agency may do in the owner's name."""

    list = "list"
    negotiate = "negotiate"
    sign = "sign"


class MandateStatus(StrEnum):
    """`proposed` by the agency until the owner, or the operator with the paper at hand, confirms it."""

    proposed = "proposed"
    active = "active"
    declined = "declined"
    revoked = "revoked"
    ended = "ended"


class MandateEvent(StrEnum):
    """What moves a mandate from state to state; `expire` is the end of its term."""

    confirm = "confirm"
    decline = "decline"
    revoke = "revoke"
    expire = "expire"


_S, _E = MandateStatus, MandateEvent

MANDATE = StateMachine[MandateStatus, MandateEvent](
    noun="mandate",
    noun_zh="委托",
    initial=_S.proposed,
    transitions={
        (_S.proposed, _E.confirm): _S.active,
        (_S.proposed, _E.decline): _S.declined,
        (_S.active, _E.revoke): _S.revoked,
        (_S.active, _E.expire): _S.ended,
    },
)

NOT_FOUND = define("mandate.not_found", ErrorKind.not_found, "未找到该委托", "No such mandate.")
