"""Priority reservations (优先权预留): a bank keeps rights free for its pledge for a short time (UNI-26)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.request import asset_twice_faults
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
NOT_BANK = define(
    "reservation.not_bank",
    ErrorKind.denied,
    "只有受理该融资申请的银行可以预留或者解除预留",
    "Only the bank the application was made to reserves its rights, and lets them go.",
)
APPLICATION_CLOSED = define(
    "reservation.application_closed",
    ErrorKind.conflict,
    "融资申请当前状态为 {status}，仅在银行审查中或者已批准时可以预留",
    "The application is {status}: rights are reserved while the bank reviews it or once it has approved it.",
)
NOT_OFFERED = define(
    "reservation.not_offered",
    ErrorKind.conflict,
    "融资申请未提供该权利作为担保",
    "The application does not offer the right.",
)
NOT_OWNED = define(
    "reservation.not_owned",
    ErrorKind.conflict,
    "权利 {number} 不属于申请企业，不得预留：不得因他人的申请而限制第三人的权利",
    "Right {number} is not the applicant's own: nobody's right is kept from others on a stranger's word.",
)
ASSET_TWICE = define(
    "reservation.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
HAD_BEFORE = define(
    "reservation.had_before",
    ErrorKind.conflict,
    "权利 {number} 已为该申请预留过一次，不得再次预留",
    "Right {number} was reserved for this application before: there is no second time.",
)
EXPIRY_INVALID = define(
    "reservation.expiry_invalid",
    ErrorKind.invalid,
    "预留截止日应在 {first} 至 {last} 之间",
    "The last day of a reservation is from {first} to {last}.",
)

MAX_DAYS = 30
"""Days a reservation may last, its first and last included: as long as a negotiated deal keeps rights."""


def faults(asset_ids: Sequence[uuid.UUID], expires_on: date, *, today: date) -> list[Violation]:
    """What is wrong with a reservation whatever it is about."""
    found = asset_twice_faults(ASSET_TWICE, asset_ids)
    last = today + timedelta(days=MAX_DAYS - 1)
    if not today <= expires_on <= last:
        found.append(EXPIRY_INVALID.violation("/expires_on", first=today, last=last))
    return found
