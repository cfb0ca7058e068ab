"""Demands (解除请求): a pledgor asks for its right back, and the pledgee answers in time (PLG-10)."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.pledge import PledgeStatus
from app.domain.state_machine import StateMachine


class DemandStatus(StrEnum):
    """`due`: the pledgee let its time pass, and the operator may have the registration cancelled.

    `objected`: the pledgee says why not; only a court has the registration cancelled then.
    """

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
        (_S.objected, _E.enforce): _S.enforced,
    },
)

NOT_FOUND = define("demand.not_found", ErrorKind.not_found, "未找到该解除请求", "No such demand.")
ALREADY_OPEN = define(
    "demand.already_open",
    ErrorKind.conflict,
    "已就该质押提出解除请求，尚未答复",
    "A demand for the release of this pledge is open already.",
)
NOT_CONCERNED = define(
    "demand.not_concerned",
    ErrorKind.denied,
    "只有出质人或者借款人可以请求解除质押，并可撤回其请求",
    "Only a pledgor or the borrower demands the release of a pledge, and takes the demand back.",
)
NOT_PLEDGEE = define(
    "demand.not_pledgee",
    ErrorKind.denied,
    "只有质权人可以答复解除请求",
    "Only the pledgee answers the demand.",
)
NOT_OPERATOR = define(
    "demand.not_operator",
    ErrorKind.denied,
    "只有本区运营方可以依文书办理注销",
    "Only an operator of the district has the registration cancelled on a document.",
)
PLEDGE_OVER = define(
    "demand.pledge_over",
    ErrorKind.conflict,
    "质押当前状态为 {status}，无从请求解除",
    "The pledge is {status}: there is no registration to be released.",
)
COURT_DOCUMENT_NEEDED = define(
    "demand.court_document_needed",
    ErrorKind.conflict,
    "尚有未偿还的主债权或者质权人已提出异议，须凭人民法院的生效文书注销",
    "Principal is owed, or the pledgee has objected: only a court's document cancels the registration.",
    basis="民法典第393条",
)

RESPONSE_DAYS = 10
"""Working days in which the pledgee answers a demand."""

RELEASABLE = frozenset({PledgeStatus.filed, PledgeStatus.registered})
"""States of a pledge whose release may be demanded."""


class Authority(StrEnum):
    """Whose document has a registration cancelled against or without the pledgee."""

    court = "court"
    office = "office"


def force_faults(
    status: DemandStatus, *, outstanding_fen: int | None, authority: Authority
) -> list[Violation]:
    """What speaks against cancelling without the pledgee. `outstanding_fen`: None where no loan was drawn."""
    contested = status is DemandStatus.objected or (outstanding_fen or 0) > 0
    if contested and authority is not Authority.court:
        return [COURT_DOCUMENT_NEEDED.violation("/authority")]
    return []
