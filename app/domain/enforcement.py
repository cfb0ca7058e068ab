"""Enforcements (实现质权): a pledged right is sold, its lien goes with the title, the proceeds are shared."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class EnforcementMode(StrEnum):
    """协议折价, 拍卖, 变卖, 法院实现担保物权程序 (民法典第436条, PL-23)."""

    agreement = "agreement"
    auction = "auction"
    sale = "sale"
    court = "court"


class EnforcementStatus(StrEnum):
    """Where an enforcement stands; `sold` once the title passed, `closed` once the proceeds are shared."""

    opened = "opened"
    listed = "listed"
    sold = "sold"
    closed = "closed"
    abandoned = "abandoned"


class EnforcementEvent(StrEnum):
    """What moves an enforcement from state to state."""

    list_ = "list"
    sell = "sell"
    distribute = "distribute"
    abandon = "abandon"


_S, _E = EnforcementStatus, EnforcementEvent

ENFORCEMENT = StateMachine[EnforcementStatus, EnforcementEvent](
    noun="enforcement",
    noun_zh="质权实现",
    initial=_S.opened,
    transitions={
        (_S.opened, _E.list_): _S.listed,
        (_S.opened, _E.sell): _S.sold,
        (_S.opened, _E.abandon): _S.abandoned,
        (_S.listed, _E.sell): _S.sold,
        (_S.listed, _E.abandon): _S.abandoned,
        (_S.sold, _E.distribute): _S.closed,
    },
)


class ProceedsPurpose(StrEnum):
    """What a part of the proceeds pays, in the legal order (民法典第561条, PL-24)."""

    cost = "cost"
    interest = "interest"
    principal = "principal"
    surplus = "surplus"


NOT_FOUND = define("enforcement.not_found", ErrorKind.not_found, "未找到该质权实现", "No such enforcement.")
