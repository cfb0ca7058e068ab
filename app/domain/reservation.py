"""Priority reservations (优先权预留): a bank keeps rights free for its pledge for a short time (UNI-26)."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ReservationStatus(StrEnum):
    """`used` once a pledge was filed on it."""

    live = "live"
    used = "used"
    released = "released"
    expired = "expired"


class ReservationEvent(StrEnum):
    """What moves a reservation from state to state."""

    use = "use"
    release = "release"
    expire = "expire"


_S, _E = ReservationStatus, ReservationEvent

RESERVATION = StateMachine[ReservationStatus, ReservationEvent](
    noun="reservation",
    noun_zh="优先权预留",
    initial=_S.live,
    transitions={
        (_S.live, _E.use): _S.used,
        (_S.live, _E.release): _S.released,
        (_S.live, _E.expire): _S.expired,
    },
)

NOT_FOUND = define("reservation.not_found", ErrorKind.not_found, "未找到该预留", "No such reservation.")
