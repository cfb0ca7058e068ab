"""How far a pool, and a bank in it, is from the lines of its breaker (熔断, RP-13)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.errors import ErrorKind, define
from app.domain.loan_class import NON_PERFORMING
from app.domain.pool import FULL_SHARE_BP, Limits, Risk, percent
from app.domain.pool_exposure import Exposure

BANK_NOT_FOUND = define(
    "pool.bank_not_found",
    ErrorKind.not_found,
    "资金池中没有该银行的贷款或熔断记录",
    "The pool has neither loans nor a breaker of this bank.",
    basis="RP-13",
)
BANK_NOT_SUSPENDED = define(
    "pool.bank_not_suspended",
    ErrorKind.conflict,
    "该银行在资金池中处于“{status}”状态，无需解除熔断",
    "The bank's breaker is in state “{status}”: there is no suspension to release.",
    basis="RP-13",
)
BANK_RELEASE_TOO_EARLY = define(
    "pool.bank_release_too_early",
    ErrorKind.conflict,
    "该银行不良率 {npl_ratio}%：须低于 {npl_warn}% 方可解除熔断",
    "The bank's NPL ratio is {npl_ratio}%; its suspension is released below {npl_warn}%.",
    basis="RP-13",
)


@dataclass(frozen=True, slots=True)
class BankLoans:
    """A bank's loans under a pool, in fen: outstanding principal, and what of it is classed 次级 or worse."""

    bank_id: uuid.UUID
    outstanding_fen: int
    npl_fen: int

    @classmethod
    def of(cls, loan: Exposure) -> BankLoans:
        """What one loan adds to its bank's, and so to the pool's."""
        bad = loan.loan_class in NON_PERFORMING
        return cls(loan.bank_id, loan.outstanding_fen, loan.outstanding_fen if bad else 0)

    @property
    def npl_ratio(self) -> str:
        """The NPL ratio in per cent."""
        return percent(self.npl_fen, self.outstanding_fen)

    @property
    def risk(self) -> Risk:
        """What this bank's breaker looks at: its loans alone; payouts are measured on the pool (RP-13)."""
        return Risk(self.npl_fen, self.outstanding_fen, net_paid_fen=0, paid_in_fen=0)


def together(banks: Iterable[BankLoans], *, net_paid_fen: int, paid_in_fen: int) -> Risk:
    """The pool's risk: the loans of all its banks, and its payouts."""
    rows = list(banks)
    return Risk(
        npl_fen=sum(row.npl_fen for row in rows),
        outstanding_fen=sum(row.outstanding_fen for row in rows),
        net_paid_fen=net_paid_fen,
        paid_in_fen=paid_in_fen,
    )


def by_bank(rows: Iterable[BankLoans]) -> list[BankLoans]:
    """One row for each bank, in the order of their ids."""
    found: dict[uuid.UUID, BankLoans] = {}
    for row in rows:
        before = found.get(row.bank_id, BankLoans(row.bank_id, 0, 0))
        found[row.bank_id] = BankLoans(
            row.bank_id, before.outstanding_fen + row.outstanding_fen, before.npl_fen + row.npl_fen
        )
    return [found[bank_id] for bank_id in sorted(found)]


@dataclass(frozen=True, slots=True)
class Distance:
    """By how much it must still get worse to reach a line, in fen; 0: it is reached.

    `npl_to_*`: further outstanding principal classed 次级 or worse, the outstanding principal staying as it
    is; None: the line is beyond all that is outstanding. `paid_to_suspend`: further net payouts, the money
    paid in staying as it is; None for a bank, on which payouts are not measured.
    """

    npl_to_warn_fen: int | None
    npl_to_suspend_fen: int | None
    paid_to_suspend_fen: int | None


def distance(risk: Risk, limits: Limits, *, payouts: bool = True) -> Distance:
    """How far the ratios are from the lines: exact, as lines are reached at the fen (RP-13)."""
    return Distance(
        npl_to_warn_fen=_more_npl(risk, limits.npl_warn_bp),
        npl_to_suspend_fen=_more_npl(risk, limits.npl_suspend_bp),
        paid_to_suspend_fen=_more(risk.net_paid_fen, risk.paid_in_fen, limits.paid_ratio_suspend_bp)
        if payouts
        else None,
    )


def _more_npl(risk: Risk, bp: int) -> int | None:
    found = _more(risk.npl_fen, risk.outstanding_fen, bp)
    return found if risk.npl_fen + found <= risk.outstanding_fen else None


def _more(part: int, whole: int, bp: int) -> int:
    """What `part` lacks to `bp` basis points of `whole`, rounded up to the fen; nothing never reaches it."""
    line = max(1, -(-bp * whole // FULL_SHARE_BP))
    return max(0, line - part)
