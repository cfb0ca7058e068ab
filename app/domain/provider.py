"""Providers (托管机构): service organisations selected for a programme, each with a quota (TG-03)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ProviderStatus(StrEnum):
    """Only a selected provider is matched with enterprises."""

    applied = "applied"
    selected = "selected"
    declined = "declined"
    exited = "exited"


class ProviderEvent(StrEnum):
    """What moves a provider from state to state."""

    select = "select"
    decline = "decline"
    exit = "exit"


_S, _E = ProviderStatus, ProviderEvent

PROVIDER = StateMachine[ProviderStatus, ProviderEvent](
    noun="provider",
    noun_zh="托管机构",
    initial=_S.applied,
    transitions={
        (_S.applied, _E.select): _S.selected,
        (_S.applied, _E.decline): _S.declined,
        (_S.selected, _E.exit): _S.exited,
    },
)

NOT_FOUND = define("provider.not_found", ErrorKind.not_found, "未找到该托管机构", "No such provider.")
ALREADY_APPLIED = define(
    "provider.already_applied",
    ErrorKind.conflict,
    "该机构已申请过本项目",
    "The organisation has applied to this programme before.",
)
SAME_ORGANISATION = define(
    "provider.same_organisation",
    ErrorKind.conflict,
    "不能遴选本单位为托管机构",
    "An office cannot select itself.",
    basis="RB-03",
)
NOT_SELECTED = define(
    "provider.not_selected",
    ErrorKind.conflict,
    "该机构未入选或已退出，不能承接托管",
    "The provider is not selected, or has left; it takes no firms.",
    basis="TG-03",
)
