"""Reconciliations: an official list held against the register, each difference somebody's task (UNI-40)."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.domain.clock import SHANGHAI
from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class Subject(StrEnum):
    """What an official list names: patents or trademarks with status and owners, or liens."""

    patents = "patents"
    trademarks = "trademarks"
    liens = "liens"


class DifferenceKind(StrEnum):
    """How list and register differ.

    `late`: the register heard of it after the list's day; `missing`: the list has it, the register not;
    `extra`: the register has it, the list not; `mismatch`: both have it and say otherwise.
    """

    late = "late"
    missing = "missing"
    extra = "extra"
    mismatch = "mismatch"


class DifferenceField(StrEnum):
    """What differs where list and register both have the right; `lien`: one of them lacks the lien."""

    status = "status"
    owners = "owners"
    last_day_in_force = "last_day_in_force"
    lien = "lien"
    registered_on = "registered_on"
    pledgee = "pledgee"
    ended_on = "ended_on"


class DifferenceStatus(StrEnum):
    """Where the task stands."""

    open = "open"
    corrected = "corrected"
    explained = "explained"


class DifferenceDecision(StrEnum):
    """What somebody says of a difference: the register was put right, or it may stand as it is."""

    corrected = "corrected"
    explained = "explained"


class DifferenceEvent(StrEnum):
    """What moves a difference from state to state; each needs a person's reason."""

    correct = "correct"
    explain = "explain"
    reopen = "reopen"


_S, _E = DifferenceStatus, DifferenceEvent

DIFFERENCE = StateMachine[DifferenceStatus, DifferenceEvent](
    noun="difference",
    noun_zh="差异",
    initial=_S.open,
    transitions={
        (_S.open, _E.correct): _S.corrected,
        (_S.open, _E.explain): _S.explained,
        (_S.corrected, _E.reopen): _S.open,
        (_S.explained, _E.reopen): _S.open,
    },
)

DUE_DAYS = 14
"""Calendar days until a difference should be decided, from the day it was found."""


def known_until(list_as_of: date) -> datetime:
    """The end of the list's day in Shanghai: what the register heard after it, it heard late."""
    return datetime.combine(list_as_of + timedelta(days=1), time(), SHANGHAI)


def due_on(today: date) -> date:
    """The day by which a difference found today should be decided."""
    return today + timedelta(days=DUE_DAYS)


NOT_FOUND = define("reconciliation.not_found", ErrorKind.not_found, "未找到该核对", "No such reconciliation.")
DIFFERENCE_NOT_FOUND = define(
    "reconciliation.difference_not_found",
    ErrorKind.not_found,
    "该核对中没有这项差异",
    "The reconciliation has no such difference.",
)
ASSIGNEE_UNKNOWN = define(
    "reconciliation.assignee_unknown",
    ErrorKind.invalid,
    "{organisation_id} 不是本系统的机构",
    "{organisation_id}, to whom the differences are to be assigned, is no organisation of the system.",
)
OWNER_UNKNOWN = define(
    "reconciliation.owner_unknown",
    ErrorKind.invalid,
    "{party_id} 不在主体登记中",
    "{party_id}, for whom the list is said to be complete, is not a party of the register.",
)
STATUS_UNKNOWN = define(
    "reconciliation.status_unknown",
    ErrorKind.invalid,
    "法律状态“{given}”无法识别",
    "Legal status “{given}” is not known.",
)
KIND_UNKNOWN = define(
    "reconciliation.kind_unknown",
    ErrorKind.invalid,
    "权利种类“{given}”无法识别，应为 patent 或 trademark",
    "Kind “{given}” is not known: it is patent or trademark.",
)
AFTER_LIST = define(
    "reconciliation.after_list",
    ErrorKind.invalid,
    "日期 {day} 晚于名单日期 {list_as_of}",
    "The date {day} is after the day of the list, {list_as_of}.",
)
ENDED_BEFORE_REGISTERED = define(
    "reconciliation.ended_before_registered",
    ErrorKind.invalid,
    "注销日 {ended_on} 早于登记日 {registered_on}",
    "The lien ended on {ended_on}, before its registration on {registered_on}.",
)
ROW_TWICE = define(
    "reconciliation.row_twice",
    ErrorKind.invalid,
    "与第 {line} 行重复",
    "The list says the same in line {line} already.",
)
NOT_ASSIGNEE = define(
    "reconciliation.not_assignee",
    ErrorKind.denied,
    "只有被指派的机构或提出核对的机构可以处理",
    "A difference is decided by the organisation it is assigned to or by the one that reconciled.",
)
STILL_DIFFERS = define(
    "reconciliation.still_differs",
    ErrorKind.conflict,
    "权利 {number} 的登记与名单仍不一致（{kind} {field}）：名单 {listed}，登记 {registered}",
    "The register still differs from the list on right {number} ({kind} {field}): the list says {listed}, "
    "the register {registered}.",
)
