"""The computation of a stress test: expected outcomes of scenarios, and seeded runs (UNI-13)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.domain.loan_class import NON_PERFORMING, RANKED, LoanClass
from app.domain.pool import FULL_SHARE_BP, PoolStatus, Risk, breaker, reaches
from app.domain.stress_test import (
    PPM,
    Case,
    DueRule,
    Loan,
    Parameters,
    Purse,
    Scenario,
    Shocked,
    Simulation,
    half_up,
    lgds,
)

_DRAW = 1 << 32
"""How many values a draw of 32 bits can take."""


@dataclass(slots=True)
class _Borrower:
    """What default of one borrower would mean, in fen; `due` by bank."""

    id: str
    industry: str
    worst: LoanClass = LoanClass.normal
    loss_fen: int = 0
    turned_bad_fen: int = 0
    due: dict[str, int] = field(default_factory=dict)
    cap_fen: int | None = None

    def add(self, loan: Loan, rule: DueRule, lgd_ppm: int) -> None:
        self.worst = max(self.worst, loan.loan_class, key=RANKED.index)
        loss = half_up(loan.covered_fen * lgd_ppm, PPM)
        self.loss_fen += loss
        if loan.loan_class not in NON_PERFORMING:
            self.turned_bad_fen += loan.outstanding_fen
        self.due[loan.bank_id] = self.due.get(loan.bank_id, 0) + rule.due(loss, loan.outstanding_fen)
        caps = [cap for cap in (self.cap_fen, rule.borrower_cap_fen) if cap is not None]
        self.cap_fen = min(caps, default=None)

    def cap(self) -> None:
        """Keep all banks' claims on it within the cap per borrower, the first banks first."""
        left = self.cap_fen
        if left is None:
            return
        for bank in sorted(self.due):
            self.due[bank] = min(self.due[bank], left)
            left -= self.due[bank]


def _borrowers(
    case: Case, lgd: Mapping[str, int], given_ppm: int | None, default_ppm: int
) -> list[_Borrower]:
    found: dict[str, _Borrower] = {}
    for loan in sorted(case.loans, key=lambda one: (one.borrower_id, one.pledge_id)):
        one = found.setdefault(loan.borrower_id, _Borrower(loan.borrower_id, loan.industry or ""))
        kinds = [lgd[kind] for kind in loan.kinds] or [default_ppm]
        ppm = half_up(sum(kinds), len(kinds)) if given_ppm is None else given_ppm
        one.add(loan, case.due[loan.scheme_id], ppm)
    for one in found.values():
        one.cap()
    return sorted(found.values(), key=lambda one: (one.industry, one.id))


def run(case: Case, parameters: Parameters) -> dict[str, Any]:
    """The result of a test, as it is kept. Takes a while: not for an event loop."""
    kinds = [kind for loan in case.loans for kind in loan.kinds]
    lgd = lgds(case.prices, parameters.lgd_ppm, kinds)
    scenarios = [
        Scenario("baseline", parameters.pd_ppm),
        Scenario("zero_pd", dict.fromkeys(LoanClass, 0)),
        Scenario("all_default", dict.fromkeys(LoanClass, PPM), PPM),
        *parameters.scenarios,
    ]
    simulation = parameters.simulation
    return {
        "loans": len(case.loans),
        "borrowers": len({loan.borrower_id for loan in case.loans}),
        "covered_fen": sum(loan.covered_fen for loan in case.loans),
        "limit_fen": case.purse.limit_fen,
        "lgd_ppm": lgd,
        "deals": {kind: case.prices[kind].deals for kind in lgd if kind in case.prices},
        "scenarios": _outcomes(case, scenarios, lgd, parameters.lgd_ppm),
        "simulation": None
        if simulation is None
        else _simulated(
            case.purse,
            _borrowers(case, lgd, None, parameters.lgd_ppm),
            parameters.pd_ppm,
            simulation,
        ),
    }


def _outcomes(
    case: Case, scenarios: Sequence[Scenario], lgd: Mapping[str, int], default_ppm: int
) -> list[dict[str, Any]]:
    """The outcome of each; what default of a borrower means is found once for each LGD."""
    met = {
        given: _borrowers(case, lgd, given, default_ppm)
        for given in dict.fromkeys(one.lgd_ppm for one in scenarios)
    }
    return [_expected(case, one, met[one.lgd_ppm]) for one in scenarios]


def _expected(case: Case, scenario: Scenario, borrowers: Sequence[_Borrower]) -> dict[str, Any]:
    """The expected outcome of a scenario; each sum is rounded half up once, at its end."""
    pds = [_pd(one, scenario) for one in borrowers]
    due: dict[str, int] = {}
    for one, pd in zip(borrowers, pds, strict=True):
        for bank, fen in one.due.items():
            due[bank] = due.get(bank, 0) + fen * pd
    owed = sum(_capped(half_up(due[bank], PPM), case.purse.bank_cap_fen) for bank in due)
    loss = half_up(sum(one.loss_fen * pd for one, pd in zip(borrowers, pds, strict=True)), PPM)
    bad = half_up(sum(one.turned_bad_fen * pd for one, pd in zip(borrowers, pds, strict=True)), PPM)
    paid = _paid(owed, case.purse)
    after = _after(case.purse.risk, bad, paid)
    return {
        "name": scenario.name,
        "loss_fen": loss,
        "due_fen": owed,
        "payout_fen": paid,
        "shortfall_fen": owed - paid,
        "npl_ratio": after.npl_ratio,
        "paid_ratio": after.paid_ratio,
        "breaker": breaker(after, case.purse.limits).value,
    }


def _pd(one: _Borrower, scenario: Scenario) -> int:
    hit = [
        shock.pd_ppm
        for shock in scenario.shocks
        if (shock.hits is Shocked.industry and one.industry == shock.value)
        or (shock.hits is Shocked.bank and shock.value in one.due)
    ]
    return max([scenario.pd_ppm[one.worst], *hit])


def _capped(fen: int, cap_fen: int | None) -> int:
    return fen if cap_fen is None else min(fen, cap_fen)


def _paid(owed_fen: int, purse: Purse) -> int:
    return min(_capped(owed_fen, purse.pool_cap_fen), purse.limit_fen)


def _after(risk: Risk, bad_fen: int, paid_fen: int) -> Risk:
    """The pool's risk after further loans went bad and were paid for; what is paid for counts as bad."""
    return Risk(risk.npl_fen + bad_fen, risk.outstanding_fen, risk.net_paid_fen + paid_fen, risk.paid_in_fen)


def _simulated(
    purse: Purse, borrowers: Sequence[_Borrower], pd_ppm: Mapping[LoanClass, int], simulation: Simulation
) -> dict[str, Any]:
    rng = Random(simulation.seed)  # noqa: S311 - a simulation is to be repeatable, not secret
    industries = list(_industries(borrowers, pd_ppm, simulation.multiplier_bp))
    losses, payouts, shortfalls = [], [], []
    hits = {"npl": 0, "paid": 0, "any": 0}
    for _ in range(simulation.runs):
        defaulted = [one for industry in industries for one in industry.defaults(rng, simulation.shock_ppm)]
        due: dict[str, int] = {}
        for one in defaulted:
            for bank, fen in one.due.items():
                due[bank] = due.get(bank, 0) + fen
        owed = sum(_capped(fen, purse.bank_cap_fen) for fen in due.values())
        paid = _paid(owed, purse)
        losses.append(sum(one.loss_fen for one in defaulted))
        payouts.append(paid)
        shortfalls.append(owed - paid)
        after = _after(purse.risk, sum(one.turned_bad_fen for one in defaulted), paid)
        npl = reaches(after.npl_fen, after.outstanding_fen, purse.limits.npl_suspend_bp)
        hits["npl"] += npl
        hits["paid"] += reaches(after.net_paid_fen, after.paid_in_fen, purse.limits.paid_ratio_suspend_bp)
        hits["any"] += breaker(after, purse.limits) is PoolStatus.suspended
    return {
        "runs": simulation.runs,
        "seed": simulation.seed,
        "loss_fen": distribution(losses),
        "payout_fen": distribution(payouts),
        "shortfall_fen": distribution(shortfalls),
        "short_runs": sum(fen > 0 for fen in shortfalls),
        "breaker_runs": hits,
    }


@dataclass(frozen=True, slots=True)
class _Industry:
    """The borrowers of one industry with the draws below which they default, calm and shocked.

    A borrower of unknown industry shares its shock with the others of which none is known.
    """

    borrowers: Sequence[_Borrower]
    calm: Sequence[int]
    shocked: Sequence[int]

    def defaults(self, rng: Random, shock_ppm: int) -> list[_Borrower]:
        """Who defaults in one run: a draw for the shock, then one of 32 bits for each borrower."""
        hit = rng.randrange(PPM) < shock_ppm
        count = len(self.borrowers)
        draws = struct.unpack(f"<{count}I", rng.randbytes(4 * count))
        lines = self.shocked if hit else self.calm
        return [one for one, draw, line in zip(self.borrowers, draws, lines, strict=True) if draw < line]


def _industries(
    borrowers: Sequence[_Borrower], pd_ppm: Mapping[LoanClass, int], multiplier_bp: int
) -> Iterator[_Industry]:
    for industry in sorted({one.industry for one in borrowers}):
        within = [one for one in borrowers if one.industry == industry]
        calm = [pd_ppm[one.worst] for one in within]
        shocked = [min(PPM, pd * multiplier_bp // FULL_SHARE_BP) for pd in calm]
        yield _Industry(within, *([pd * _DRAW // PPM for pd in pds] for pds in (calm, shocked)))


def distribution(amounts: Sequence[int]) -> dict[str, int]:
    """Mean (rounded half up), nearest-rank percentiles and maximum of the runs' amounts."""
    ranked = sorted(amounts)
    count = len(ranked)
    ranks = {f"p{at}": ranked[max(0, -(-at * count // 100) - 1)] for at in (50, 90, 95, 99)}
    return {"expected": half_up(sum(ranked), count), **ranks, "max": ranked[-1]}
