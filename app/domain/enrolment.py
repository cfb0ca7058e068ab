"""Enrolments (托管): a small firm in trusteeship, from application to being counted (TG-04 to TG-07)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class EnrolmentStatus(StrEnum):
    """States of an enrolment (domain §9.2)."""

    applied = "applied"
    ineligible = "ineligible"
    checked = "checked"
    matched = "matched"
    active = "active"
    ended = "ended"
    terminated = "terminated"
    counted = "counted"
    not_counted = "not_counted"


class EnrolmentEvent(StrEnum):
    """What moves an enrolment from state to state."""

    check = "check"
    fail = "fail"
    match = "match"
    sign = "sign"
    change_provider = "change_provider"
    end = "end"
    terminate = "terminate"
    renew = "renew"
    count = "count"
    not_count = "not_count"


_S, _E = EnrolmentStatus, EnrolmentEvent

ENROLMENT = StateMachine[EnrolmentStatus, EnrolmentEvent](
    noun="enrolment",
    noun_zh="托管",
    initial=_S.applied,
    transitions={
        (_S.applied, _E.check): _S.checked,
        (_S.applied, _E.fail): _S.ineligible,
        (_S.checked, _E.match): _S.matched,
        (_S.checked, _E.terminate): _S.terminated,
        (_S.matched, _E.sign): _S.active,
        (_S.matched, _E.change_provider): _S.matched,
        (_S.matched, _E.terminate): _S.terminated,
        (_S.active, _E.change_provider): _S.matched,
        (_S.active, _E.end): _S.ended,
        (_S.active, _E.terminate): _S.terminated,
        (_S.ended, _E.renew): _S.active,
        (_S.ended, _E.count): _S.counted,
        (_S.ended, _E.not_count): _S.not_counted,
    },
)

LIVE = frozenset({_S.applied, _S.checked, _S.matched, _S.active})
"""A firm has at most one live enrolment in a programme (TG-04)."""

NOT_FOUND = define("enrolment.not_found", ErrorKind.not_found, "未找到该托管", "No such enrolment.")
