"""Pledges (质押): the life of a financing secured by rights, and the grounds that refuse it."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class PledgeStatus(StrEnum):
    """States of a pledge financing; one with several rights is `registered` once all of them are."""

    filed = "filed"
    correction = "correction"
    refused = "refused"
    registered = "registered"
    deregistered = "deregistered"
    revoked = "revoked"


class PledgeEvent(StrEnum):
    """What moves a pledge from state to state."""

    correct = "correct"
    refile = "refile"
    register = "register"
    refuse = "refuse"
    deregister = "deregister"
    revoke = "revoke"


_S, _E = PledgeStatus, PledgeEvent

PLEDGE = StateMachine[PledgeStatus, PledgeEvent](
    noun="pledge",
    initial=_S.filed,
    transitions={
        (_S.filed, _E.correct): _S.correction,
        (_S.correction, _E.refile): _S.filed,
        (_S.filed, _E.register): _S.registered,
        (_S.filed, _E.refuse): _S.refused,
        (_S.registered, _E.deregister): _S.deregistered,
        (_S.registered, _E.revoke): _S.revoked,
    },
)

NOT_FOUND = define("pledge.not_found", ErrorKind.not_found, "未找到该质押", "No such pledge.")
ITEM_NOT_FOUND = define(
    "pledge.item_not_found",
    ErrorKind.not_found,
    "该质押不包含此权利",
    "The pledge does not include this right.",
)
ITEM_TWICE = define(
    "pledge.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
REGISTRATION_NO_TAKEN = define(
    "pledge.registration_no_taken",
    ErrorKind.conflict,
    "登记号 {registration_no} 已使用",
    "Registration number {registration_no} is already in use.",
)
ALREADY_PLEDGED = define(
    "pledge.already_pledged",
    ErrorKind.conflict,
    "权利 {number} 已办理质押登记或已受理且处于质押期间",
    "Right {number} is already pledged, or a pledge of it has been filed.",
    basis="专利权质押登记办法第11条第(九)项",
)
