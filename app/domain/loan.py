"""Loans (贷款): what a bank pays out on a pledge and gets back, from the first drawdown to the last fen."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class LoanStatus(StrEnum):
    """Where a loan stands; it begins with its first drawdown (domain §9.2)."""

    disbursed = "disbursed"
    overdue = "overdue"
    enforcing = "enforcing"
    repaid = "repaid"
    written_off = "written_off"


class LoanEvent(StrEnum):
    """What moves a loan from state to state."""

    fall_overdue = "fall_overdue"
    cure = "cure"
    enforce = "enforce"
    repay = "repay"
    write_off = "write_off"


_S, _E = LoanStatus, LoanEvent

LOAN = StateMachine[LoanStatus, LoanEvent](
    noun="loan",
    noun_zh="贷款",
    initial=_S.disbursed,
    transitions={
        (_S.disbursed, _E.fall_overdue): _S.overdue,
        (_S.disbursed, _E.repay): _S.repaid,
        (_S.overdue, _E.cure): _S.disbursed,
        (_S.overdue, _E.enforce): _S.enforcing,
        (_S.overdue, _E.repay): _S.repaid,
        (_S.overdue, _E.write_off): _S.written_off,
        (_S.enforcing, _E.cure): _S.disbursed,
        (_S.enforcing, _E.repay): _S.repaid,
        (_S.enforcing, _E.write_off): _S.written_off,
    },
)


class LoanEntryKind(StrEnum):
    """What an entry in a loan's book is; `realisation` is what the sale of the pledge brought."""

    drawdown = "drawdown"
    repayment = "repayment"
    realisation = "realisation"
    write_off = "write_off"


NOT_FOUND = define(
    "loan.not_found", ErrorKind.not_found, "该质押尚无放款", "Nothing was drawn on this pledge."
)
