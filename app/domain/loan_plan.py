"""Repayment plans (还款计划): what is due of a loan and when, what was paid of it, and how late it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import format_amount

RUNGS = (1, 30, 60, 90, 180, 270, 360)
"""Days overdue at which those concerned are told."""

PLAN_ORDER = define(
    "loan.plan_order",
    ErrorKind.invalid,
    "各期还款日应依次递增",
    "Each instalment is due after the one before it.",
)
PLAN_DUE = define(
    "loan.plan_due",
    ErrorKind.invalid,
    "还款日 {due_on} 不在 {first} 至 {last} 之间",
    "An instalment is due on {due_on}; the plan runs from {first} to {last}.",
    basis="PL-04",
)
PLAN_SUM = define(
    "loan.plan_sum",
    ErrorKind.invalid,
    "各期本金合计 {planned} 元，应等于尚欠本金 {outstanding} 元",
    "The instalments come to {planned} yuan of principal; {outstanding} yuan are outstanding.",
)
NOT_PLANNED = define(
    "loan.not_planned",
    ErrorKind.conflict,
    "贷款处于“{status}”状态，不得变更还款计划",
    "The loan is in state “{status}”: its repayment is not planned any more.",
)
INSTALMENT_EMPTY = define(
    "loan.instalment_empty",
    ErrorKind.invalid,
    "每期应还本金与利息不得均为零",
    "An instalment is of principal or interest, or both.",
)


@dataclass(frozen=True, slots=True)
class Instalment:
    """What is due on a day, in fen."""

    due_on: date
    principal_fen: int
    interest_fen: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """An instalment and what has been paid of it, in fen."""

    instalment: Instalment
    principal_paid_fen: int
    interest_paid_fen: int

    @property
    def principal_open_fen(self) -> int:
        """What is unpaid of its principal."""
        return self.instalment.principal_fen - self.principal_paid_fen

    @property
    def interest_open_fen(self) -> int:
        """What is unpaid of its interest."""
        return self.instalment.interest_fen - self.interest_paid_fen

    @property
    def open_fen(self) -> int:
        """What is unpaid of it."""
        return self.principal_open_fen + self.interest_open_fen


@dataclass(frozen=True, slots=True)
class Since:
    """What happened since the plan was made, and what is owed now, in fen.

    `drawn_fen` is negative when a drawdown of before was reversed.
    """

    outstanding_fen: int
    drawn_fen: int
    interest_fen: int


def dues(plan: Sequence[Instalment], since: Since, last_day: date) -> list[Due]:
    """The instalments of the plan with what receipts have filled of them, the earliest first.

    What was drawn without a plan of its own is due on `last_day`, the end of the debt period. Principal
    fills principal and interest fills interest.
    """
    pieces = _scheduled(plan, since.drawn_fen, last_day)
    paid = sum(piece.principal_fen for piece in pieces) - since.outstanding_fen
    if paid < 0:  # more is owed than is planned: a receipt of before the plan was reversed
        pieces.append(Instalment(last_day, -paid))
        paid = 0
    interest = max(0, since.interest_fen)
    found: list[Due] = []
    for piece in pieces:
        of_principal, of_interest = min(paid, piece.principal_fen), min(interest, piece.interest_fen)
        found.append(Due(piece, of_principal, of_interest))
        paid, interest = paid - of_principal, interest - of_interest
    return found


def _scheduled(plan: Sequence[Instalment], drawn_fen: int, last_day: date) -> list[Instalment]:
    """The plan with what was drawn after it at its end, or without what was taken back, from its end."""
    pieces = list(plan)
    if drawn_fen > 0:
        return [*pieces, Instalment(last_day, drawn_fen)]
    taken_back = -drawn_fen
    for at in range(len(pieces) - 1, -1, -1):
        cut = min(taken_back, pieces[at].principal_fen)
        pieces[at] = replace(pieces[at], principal_fen=pieces[at].principal_fen - cut)
        taken_back -= cut
    return pieces


def overdue_since(found: Sequence[Due], today: date) -> date | None:
    """The due day of the earliest instalment that is past and not paid in full."""
    late = [due.instalment.due_on for due in found if due.open_fen and due.instalment.due_on < today]
    return min(late, default=None)


def overdue_days(since: date | None, on: date) -> int:
    """For how many days a loan is overdue on a day: one on the day after its due day."""
    return max(0, (on - since).days) if since is not None else 0


def overdue_fen(found: Sequence[Due], today: date) -> int:
    """What is past its day and unpaid, principal and interest."""
    return sum(due.open_fen for due in found if due.instalment.due_on < today)


def next_due(found: Sequence[Due], today: date) -> Due | None:
    """The first instalment from today on of which something is unpaid."""
    coming = [due for due in found if due.open_fen and due.instalment.due_on >= today]
    return min(coming, key=lambda due: due.instalment.due_on, default=None)


def rung(days: int) -> int:
    """The last rung of the ladder that so many days overdue have reached, 0 before the first."""
    return max((one for one in RUNGS if one <= days), default=0)


def split(amount_fen: int, found: Sequence[Due], on: date) -> tuple[int, int]:
    """Principal and interest of a receipt of which the bank says no more: interest due by then goes first."""
    interest = min(amount_fen, sum(due.interest_open_fen for due in found if due.instalment.due_on <= on))
    return amount_fen - interest, interest


def plan_faults(
    pointer: str, plan: Sequence[Instalment], *, first: date, last: date, outstanding_fen: int
) -> list[Violation]:
    """What speaks against a plan: days in order and within the debt period, and principal that adds up."""
    found: list[Violation] = []
    for at, one in enumerate(plan):
        if not first <= one.due_on <= last:
            found.append(
                PLAN_DUE.violation(f"{pointer}/{at}/due_on", due_on=one.due_on, first=first, last=last)
            )
        if at and one.due_on <= plan[at - 1].due_on:
            found.append(PLAN_ORDER.violation(f"{pointer}/{at}/due_on"))
        if one.principal_fen + one.interest_fen == 0:
            found.append(INSTALMENT_EMPTY.violation(f"{pointer}/{at}"))
    planned = sum(one.principal_fen for one in plan)
    if planned != outstanding_fen:
        amounts = {"planned": format_amount(planned), "outstanding": format_amount(outstanding_fen)}
        found.append(PLAN_SUM.violation(pointer, **amounts))
    return found
