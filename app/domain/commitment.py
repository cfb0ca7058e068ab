"""Commitments (入库): capacity reserved for a loan, from approval to release (RP-02 to RP-06)."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.state_machine import StateMachine


class CommitmentStatus(StrEnum):
    """States of a commitment: the first three reserve capacity."""

    reserved = "reserved"
    committed = "committed"
    anomaly = "anomaly"
    confirmed = "confirmed"
    lapsed = "lapsed"
    excluded = "excluded"
    released = "released"


class CommitmentEvent(StrEnum):
    """What moves a commitment from state to state."""

    confirm = "confirm"
    lapse = "lapse"
    flag = "flag"
    clear = "clear"
    exclude = "exclude"
    release = "release"


_S, _E = CommitmentStatus, CommitmentEvent

COMMITMENT = StateMachine[CommitmentStatus, CommitmentEvent](
    noun="commitment",
    noun_zh="入库承诺",
    initial=_S.committed,
    also_initial=(_S.reserved,),
    transitions={
        (_S.reserved, _E.confirm): _S.confirmed,
        (_S.reserved, _E.lapse): _S.lapsed,
        (_S.committed, _E.flag): _S.anomaly,
        (_S.anomaly, _E.clear): _S.committed,
        (_S.anomaly, _E.exclude): _S.excluded,
        (_S.committed, _E.release): _S.released,
        (_S.anomaly, _E.release): _S.released,
    },
)
"""A reservation begins `reserved`; the filing that confirms it makes a commitment of its own."""

LIVE = frozenset({_S.reserved, _S.committed, _S.anomaly})
"""These reserve capacity: their transfer is pending."""

COVERING = frozenset({_S.committed, _S.anomaly})
"""These cover a filed pledge."""

RESERVED_DAYS = 30
"""How long an approval keeps capacity when it names no day."""

MAX_RESERVED_DAYS = 180

NOT_FOUND = define("commitment.not_found", ErrorKind.not_found, "未找到该入库承诺", "No such commitment.")
NOT_MANAGER = define(
    "commitment.not_manager",
    ErrorKind.denied,
    "只有资金池的管理机构可以办理",
    "Only the pool's manager may do this.",
)
EXPIRY_INVALID = define(
    "commitment.expiry_invalid",
    ErrorKind.invalid,
    "额度预留的截止日应在 {first} 至 {last} 之间",
    "A reservation ends between {first} and {last}.",
)
ANOMALOUS = define(
    "commitment.anomalous",
    ErrorKind.conflict,
    "该笔入库承诺被标记为项目异常，查清前不得扩大",
    "The commitment is marked as irregular: it is enlarged once it is cleared.",
    basis="RP-04",
)
POOL_DIFFERS = define(
    "commitment.pool_differs",
    ErrorKind.conflict,
    "该融资申请已在资金池 {pool_id} 预留额度，应在该池入库",
    "Capacity is reserved for the application in pool {pool_id}; file under that pool.",
    basis="RP-02",
)
BORROWER_DIFFERS = define(
    "commitment.borrower_differs",
    ErrorKind.conflict,
    "借款人与融资申请的申请企业不一致",
    "The borrower is not the enterprise that made the application.",
)


def reserved_until(today: date, wanted: date | None) -> tuple[date, list[Violation]]:
    """The last day of a reservation made today, and what is wrong with the one that is wanted."""
    if wanted is None:
        return today + timedelta(days=RESERVED_DAYS), []
    last = today + timedelta(days=MAX_RESERVED_DAYS)
    wrong = not today <= wanted <= last
    return wanted, [EXPIRY_INVALID.violation("/expires_on", first=today, last=last)] if wrong else []
