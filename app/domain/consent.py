"""Consents (同意): a pledgee or co-owner allows a deal within a scope, once (RB-04, 民法典第444条)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ConsentKind(StrEnum):
    """Whose consent: the pledgee's (民法典第444条) or a co-owner's (专利法第14条)."""

    pledgee = "pledgee"
    co_owner = "co_owner"


class Proceeds(StrEnum):
    """What the pledgee asks of the price: early repayment, deposit (提存), or nothing."""

    early_repayment = "early_repayment"
    escrow = "escrow"
    free = "free"


class ConsentStatus(StrEnum):
    """`used` once its last use is taken."""

    requested = "requested"
    granted = "granted"
    refused = "refused"
    revoked = "revoked"
    used = "used"
    expired = "expired"


class ConsentEvent(StrEnum):
    """What moves a consent from state to state."""

    grant = "grant"
    refuse = "refuse"
    revoke = "revoke"
    use_up = "use_up"
    expire = "expire"


_S, _E = ConsentStatus, ConsentEvent

CONSENT = StateMachine[ConsentStatus, ConsentEvent](
    noun="consent",
    noun_zh="同意",
    initial=_S.requested,
    transitions={
        (_S.requested, _E.grant): _S.granted,
        (_S.requested, _E.refuse): _S.refused,
        (_S.granted, _E.revoke): _S.revoked,
        (_S.granted, _E.use_up): _S.used,
        (_S.granted, _E.expire): _S.expired,
    },
)

NOT_FOUND = define("consent.not_found", ErrorKind.not_found, "未找到该同意", "No such consent.")
