"""Loans (贷款): what a bank pays out on a pledge and gets back, from the first drawdown to the last fen."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate

from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import format_amount
from app.domain.pledge import PledgeStatus
from app.domain.pledge_life import LIVE
from app.domain.state_machine import StateMachine


class LoanStatus(StrEnum):
    """Where a loan stands; it begins with its first drawdown (domain §9.2).

    `written_off`: nothing is outstanding any more, but a part of the debt was given up and is still owed
    (账销案存). `repaid`: all that was drawn has come back.
    """

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
    reopen = "reopen"


_S, _E = LoanStatus, LoanEvent

LOAN = StateMachine[LoanStatus, LoanEvent](
    noun="loan",
    noun_zh="贷款",
    initial=_S.disbursed,
    transitions={
        (_S.disbursed, _E.fall_overdue): _S.overdue,
        (_S.disbursed, _E.repay): _S.repaid,
        (_S.disbursed, _E.write_off): _S.written_off,
        (_S.overdue, _E.cure): _S.disbursed,
        (_S.overdue, _E.enforce): _S.enforcing,
        (_S.overdue, _E.repay): _S.repaid,
        (_S.overdue, _E.write_off): _S.written_off,
        (_S.enforcing, _E.cure): _S.disbursed,
        (_S.enforcing, _E.repay): _S.repaid,
        (_S.enforcing, _E.write_off): _S.written_off,
        (_S.written_off, _E.repay): _S.repaid,
        (_S.repaid, _E.reopen): _S.disbursed,
        (_S.written_off, _E.reopen): _S.overdue,
    },
)


class LoanEntryKind(StrEnum):
    """What an entry in a loan's book is.

    `realisation` is what the sale of the pledge brought, `recovery` what came in on principal given up
    before (已核销贷款收回).
    """

    drawdown = "drawdown"
    repayment = "repayment"
    realisation = "realisation"
    write_off = "write_off"
    recovery = "recovery"


NOT_FOUND = define(
    "loan.not_found", ErrorKind.not_found, "该质押尚无放款", "Nothing was drawn on this pledge."
)
ENTRY_NOT_FOUND = define(
    "loan.entry_not_found", ErrorKind.not_found, "贷款账簿中没有这笔记录", "The loan has no such entry."
)
NOT_YOURS = define(
    "loan.not_yours",
    ErrorKind.denied,
    "只有提交该质押的银行可以登记其贷款",
    "Only the bank that filed this pledge keeps the book of its loan.",
    basis="RB-01",
)
NOT_SECURED = define(
    "loan.not_secured",
    ErrorKind.conflict,
    "权利 {number} 的质押登记尚未生效（状态：{status}），不得放款",
    "Money flows once the registration of right {number} is effective; it is {status}.",
    basis="PL-28",
)
UNSECURED = define(
    "loan.unsecured",
    ErrorKind.conflict,
    "自 {since} 起质押登记被撤销，不得再放款",
    "A registration this loan rests on was revoked on {since}: nothing more is drawn.",
    basis="PL-08",
)
PLEDGE_OVER = define(
    "loan.pledge_over",
    ErrorKind.conflict,
    "质押处于“{status}”状态，不得放款",
    "The pledge is in state “{status}”: nothing is drawn on it.",
    basis="PL-28",
)
NOT_DRAWABLE = define(
    "loan.not_drawable",
    ErrorKind.conflict,
    "贷款处于“{status}”状态，不得再放款",
    "The loan is in state “{status}”: nothing more is drawn on it.",
)
LIMIT_UNKNOWN = define(
    "loan.limit_unknown",
    ErrorKind.conflict,
    "该质押未载明主债权本金，不得放款",
    "The principal of this pledge is not known, so nothing can be drawn on it.",
    basis="PL-04",
)
LIMIT_EXCEEDED = define(
    "loan.limit_exceeded",
    ErrorKind.conflict,
    "放款金额超过尚可提用的 {available} 元",
    "At most {available} yuan may still be drawn.",
    basis="民法典第420条、第439条",
)
DRAWN_LATE = define(
    "loan.drawn_late",
    ErrorKind.conflict,
    "债务履行期已于 {last} 届满，不得再放款",
    "The debt period ended on {last}: nothing is drawn after it.",
    basis="PL-04",
)
EXCEEDS_OUTSTANDING = define(
    "loan.exceeds_outstanding",
    ErrorKind.conflict,
    "本金金额超过尚欠本金 {outstanding} 元",
    "More principal than the {outstanding} yuan that are outstanding.",
)
NOT_IN_ORDER = define(
    "loan.not_in_order",
    ErrorKind.conflict,
    "截至 {day}，已还本金将超过已放款金额",
    "As of {day} more principal would have been paid back than was drawn.",
)
NOTHING_BOOKED = define(
    "loan.nothing_booked",
    ErrorKind.invalid,
    "金额不得为零",
    "There is nothing to book: an amount is needed.",
)
AMOUNT_AMBIGUOUS = define(
    "loan.amount_ambiguous",
    ErrorKind.invalid,
    "请填写收款总额，或者本金与利息，二者择一",
    "State either the whole amount, or principal and interest.",
    basis="民法典第561条",
)
REFERENCE_TAKEN = define(
    "loan.reference_taken",
    ErrorKind.conflict,
    "该贷款已有相同凭证号的记录",
    "The loan has an entry with this reference already.",
)
ALREADY_REVERSED = define(
    "loan.already_reversed",
    ErrorKind.conflict,
    "该笔记录已冲正",
    "The entry has been reversed already.",
)
IS_REVERSAL = define(
    "loan.is_reversal",
    ErrorKind.conflict,
    "冲正记录不得再冲正",
    "A reversal is not reversed: book the amount anew.",
)
RECOVERED_SINCE = define(
    "loan.recovered_since",
    ErrorKind.conflict,
    "核销后已有收回，尚未收回的核销本金仅 {left} 元：请先冲正收回记录",
    "Of what was written off {left} yuan have not come in since: reverse the recovery first.",
)
NOT_OVERDUE = define(
    "loan.not_overdue",
    ErrorKind.conflict,
    "贷款处于“{status}”状态，不得核销",
    "The loan is in state “{status}”: only what is overdue or enforced is written off.",
)
SAME_PERSON = define(
    "loan.same_person",
    ErrorKind.conflict,
    "冲正须由登记该笔记录以外的客户端办理",
    "An entry is reversed by another client than the one that booked it.",
    basis="RB-02",
)
NOT_ENFORCEABLE = define(
    "loan.not_enforceable",
    ErrorKind.conflict,
    "贷款处于“{status}”状态，不得实现质权",
    "The loan is in state “{status}”: its pledge is not enforced.",
    basis="民法典第436条",
)


def last_day(debt_to: date | None) -> date:
    """The day on which all is due; a debt whose end is not known has none."""
    return debt_to if debt_to is not None else date.max


@dataclass(frozen=True, slots=True)
class Security:
    """What a loan rests on as it is drawn: the pledge, and each right its contract requires.

    `rights`: number and state of each required right that was not let go since (先决条件).
    """

    status: PledgeStatus
    unsecured_since: date | None
    rights: Collection[tuple[str, PledgeStatus]]

    def faults(self) -> list[Violation]:
        """What keeps money from flowing: every required registration is effective (PL-28)."""
        found: list[Violation] = []
        if self.status not in LIVE:
            found.append(PLEDGE_OVER.violation(status=self.status.value))
        else:
            found += [
                NOT_SECURED.violation(number=number, status=status.value)
                for number, status in self.rights
                if status != PledgeStatus.registered
            ]
        if self.unsecured_since is not None:
            found.append(UNSECURED.violation(since=self.unsecured_since))
        return found


@dataclass(frozen=True, slots=True)
class Totals:
    """A loan's totals in fen; what was repaid of a revolving one may be drawn again (最高额质权)."""

    limit_fen: int
    revolving: bool
    drawn_fen: int = 0
    repaid_fen: int = 0
    written_off_fen: int = 0
    interest_fen: int = 0

    @property
    def outstanding_fen(self) -> int:
        """What is outstanding of the principal."""
        return self.drawn_fen - self.repaid_fen - self.written_off_fen

    @property
    def drawable_fen(self) -> int:
        """What may still be drawn."""
        return max(0, self.limit_fen - (self.outstanding_fen if self.revolving else self.drawn_fen))

    def owed_at_most(self, *, over: bool) -> int:
        """The most principal that will ever be owed again; `over`: nothing more can be drawn (RP-06)."""
        return self.outstanding_fen + (0 if over else self.drawable_fen)


def drawable_faults(totals: Totals, status: LoanStatus | None, principal_fen: int) -> list[Violation]:
    """What speaks against drawing so much; `status` is None before the first drawdown."""
    found: list[Violation] = []
    if status not in {None, LoanStatus.disbursed}:
        found.append(NOT_DRAWABLE.violation(status=status))
    if principal_fen > totals.drawable_fen:
        found.append(LIMIT_EXCEEDED.violation("/amount", available=format_amount(totals.drawable_fen)))
    return found


@dataclass(frozen=True, slots=True)
class Movement:
    """How an entry moves the principal, in fen: up by what is drawn, down by what is paid or given up."""

    occurred_on: date
    fen: int


def order_faults(pointer: str, movements: Iterable[Movement]) -> list[Violation]:
    """The first day as of which more would have been paid back than drawn, if there is one.

    What is drawn and paid on one day stands as drawn first.
    """
    ordered = sorted(movements, key=lambda one: (one.occurred_on, -one.fen))
    balances = accumulate(one.fen for one in ordered)
    for one, balance in zip(ordered, balances, strict=True):
        if balance < 0:
            return [NOT_IN_ORDER.violation(pointer, day=one.occurred_on)]
    return []
