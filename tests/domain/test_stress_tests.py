"""Stress tests to the fen: the named scenarios, the seed, and what limits a payout (UNI-13)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from app.domain.loan_class import LoanClass
from app.domain.pool import Limits, Risk, SharingParty
from app.domain.scheme import Tier, TierMode
from app.domain.seal import canonical
from app.domain.stress_test import (
    BASELINE_PD_PPM,
    PPM,
    Case,
    DueRule,
    Loan,
    Parameters,
    Price,
    Purse,
    Scenario,
    Shock,
    Shocked,
    Simulation,
    allowed_runs,
    lgds,
)
from app.domain.stress_test_run import distribution, run

FORTY = DueRule([Tier({SharingParty.pool: 4_000, SharingParty.bank: 6_000})], TierMode.whole)
PURSE = Purse(
    limit_fen=1_000_000,
    risk=Risk(0, 0, 0, 1_000_000),
    limits=Limits(300, 500, 5_000),
    bank_cap_fen=None,
    pool_cap_fen=None,
)


def loan(number: int, covered: int, **changes: Any) -> Loan:
    made = Loan(
        pledge_id=f"p{number:04}",
        bank_id=f"b{number % 3}",
        borrower_id=f"f{number:04}",
        industry=("software", "industry", None)[number % 3],
        loan_class=LoanClass.normal,
        outstanding_fen=covered,
        covered_fen=covered,
        kinds=["patent"],
        scheme_id="s",
    )
    return replace(made, **changes)


def case(loans: list[Loan], rule: DueRule = FORTY, **purse: Any) -> Case:
    outstanding = sum(one.outstanding_fen for one in loans)
    whole = replace(PURSE, risk=Risk(0, outstanding, 0, 1_000_000))
    return Case(loans, {}, replace(whole, **purse), {"s": rule})


def outcome(result: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [one for one in result["scenarios"] if one["name"] == name]
    return found


loans_given = st.lists(
    st.builds(
        loan,
        st.integers(0, 40),
        st.integers(1, 10**10),
        loan_class=st.sampled_from(LoanClass),
        kinds=st.lists(st.sampled_from(["patent", "trademark"]), max_size=3),
    ),
    max_size=20,
    unique_by=lambda one: one.pledge_id,
)


@given(loans_given, st.integers(0, 10**10))
def test_nobody_defaults_or_everybody_does(loans: list[Loan], balance: int) -> None:
    """UNI-13: zero PD costs nothing; when all default the pool pays min(balance, liability)."""
    result = run(case(loans, limit_fen=balance), Parameters())
    calm, worst = outcome(result, "zero_pd"), outcome(result, "all_default")
    assert (calm["loss_fen"], calm["due_fen"], calm["payout_fen"]) == (0, 0, 0)
    liability = sum(FORTY.due(one.covered_fen, one.outstanding_fen) for one in loans)
    assert worst["loss_fen"] == sum(one.covered_fen for one in loans)
    assert worst["payout_fen"] == min(balance, liability)
    assert worst["payout_fen"] + worst["shortfall_fen"] == worst["due_fen"] == liability


@settings(max_examples=30)
@given(loans_given, st.integers(0, 2**53 - 1))
def test_runs_lie_between_nobody_and_everybody(loans: list[Loan], seed: int) -> None:
    """UNI-13: percentiles rise, and a run never pays more than there is, nor than is due."""
    parameters = Parameters(lgd_ppm=PPM, simulation=Simulation(runs=50, seed=seed))
    result = run(case(loans, limit_fen=10**9), parameters)
    worst = outcome(result, "all_default")
    for name in ("loss_fen", "payout_fen", "shortfall_fen"):
        found = result["simulation"][name]
        ranked = [found[rank] for rank in ("p50", "p90", "p95", "p99", "max")]
        assert ranked == sorted(ranked)
        assert ranked[-1] <= worst[name]
        assert found["expected"] <= ranked[-1]


@pytest.mark.parametrize(("pd", "expected"), [(0, 0), (PPM, 400_000)])
def test_certain_runs_are_certain(pd: int, expected: int) -> None:
    """UNI-13: at zero PD no draw defaults, at a million every draw does, shocked or not."""
    chance = Parameters(
        pd_ppm=dict.fromkeys(LoanClass, pd), lgd_ppm=PPM, simulation=Simulation(200, 7, shock_ppm=500_000)
    )
    result = run(case([loan(number, 10_000) for number in range(100)]), chance)["simulation"]
    assert set(result["payout_fen"].values()) == {expected}
    assert result["breaker_runs"]["npl"] == (200 if pd else 0)


CASE = case([loan(number, 1_000 + number, loan_class=LoanClass.attention) for number in range(60)])
CHANCE = Parameters(simulation=Simulation(runs=300, seed=20_260_101))
_ELSEWHERE = """
import json, sys
from app.domain.seal import canonical
from app.domain.stress_test import Case, Parameters
from app.domain.stress_test_run import run
kept = json.load(sys.stdin)
print(canonical(run(Case.of(kept["case"]), Parameters.of(kept["parameters"]))))
"""


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    """UNI-13: from the evidence as it is kept, whatever the hash seed of the interpreter; another seed differs."""
    kept = json.dumps({"case": CASE.as_json(), "parameters": CHANCE.as_json()})
    again = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE],
        input=kept,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "4711"},
        timeout=60,
    )
    assert again.stdout.strip() == canonical(run(CASE, CHANCE))
    other = replace(CHANCE, simulation=Simulation(runs=300, seed=20_260_102))
    assert run(CASE, other)["simulation"]["loss_fen"] != run(CASE, CHANCE)["simulation"]["loss_fen"]


def test_a_known_draw_stays_what_it_is() -> None:
    """UNI-13: a release of the interpreter that drew otherwise would be noticed."""
    result = run(CASE, CHANCE)["simulation"]
    assert result["loss_fen"] == LOSSES


LOSSES = {"expected": 2_056, "p50": 1_860, "p90": 3_671, "p95": 4_316, "p99": 5_549, "max": 7_997}


def test_the_mean_of_many_runs_is_the_expected_loss() -> None:
    """UNI-13: without shocks the simulation agrees with the sum of PD times loss, within a few per cent."""
    calm = Parameters(simulation=Simulation(runs=20_000, seed=1, shock_ppm=0))
    result = run(CASE, calm)
    expected, found = outcome(result, "baseline")["loss_fen"], result["simulation"]["loss_fen"]["expected"]
    assert abs(found - expected) * 100 <= 3 * expected


def test_a_shock_spreads_the_losses_of_an_industry() -> None:
    """UNI-13: a common shock makes bad runs worse than independent defaults do."""
    base = [loan(number, 1_000, industry="software") for number in range(200)]
    tails = []
    for multiplier in (10_000, 100_000):
        chance = Simulation(2_000, 5, shock_ppm=100_000, multiplier_bp=multiplier)
        tails.append(run(case(base), Parameters(simulation=chance))["simulation"]["loss_fen"]["p99"])
    assert tails[1] > 3 * tails[0]


def test_a_borrower_defaults_with_all_its_loans_at_its_worst_class() -> None:
    """UNI-13: one borrower, two banks: the worse class counts for both loans."""
    loans = [
        loan(1, 1_000, borrower_id="f", bank_id="a"),
        loan(2, 1_000, borrower_id="f", bank_id="b", loan_class=LoanClass.loss),
    ]
    result = run(case(loans), Parameters(lgd_ppm=PPM))
    assert result["borrowers"] == 1
    assert outcome(result, "baseline")["loss_fen"] == 2_000


def test_a_scenario_shocks_a_bank_or_an_industry() -> None:
    """UNI-13: who is hit defaults at least so often; the others as before."""
    loans = [loan(number, 1_000) for number in range(3)]
    zero = dict.fromkeys(LoanClass, 0)
    scenarios = [
        Scenario("industry", zero, PPM, [Shock(Shocked.industry, "software", PPM)]),
        Scenario("bank", zero, PPM, [Shock(Shocked.bank, "b1", 500_000), Shock(Shocked.bank, "b2", PPM)]),
    ]
    result = run(case(loans), Parameters(scenarios=scenarios))
    assert [outcome(result, name)["loss_fen"] for name in ("industry", "bank")] == [1_000, 1_500]


def test_caps_bound_what_is_due_and_paid() -> None:
    """RP-10: per claim, per borrower, per bank and for the pool."""
    loans = [loan(number, 1_000, borrower_id=f"f{number // 2}", bank_id="b") for number in range(4)]
    for rule, purse, due, paid in (
        (replace(FORTY, claim_cap_fen=300), {}, 1_200, 1_200),
        (replace(FORTY, borrower_cap_fen=500), {}, 1_000, 1_000),
        (FORTY, {"bank_cap_fen": 700}, 700, 700),
        (FORTY, {"pool_cap_fen": 900}, 1_600, 900),
        (FORTY, {"limit_fen": 100, "pool_cap_fen": 900}, 1_600, 100),
    ):
        worst = outcome(run(case(loans, rule, **purse), Parameters()), "all_default")
        assert (worst["due_fen"], worst["payout_fen"]) == (due, paid)


def test_losses_given_default_come_from_our_own_prices() -> None:
    """UNI-13: rights valued at 100 that brought 65 lose 35 %; a price above the valuation loses nothing."""
    prices = {"patent": Price(3, 650, 1_000), "trademark": Price(1, 1_200, 1_000)}
    assert lgds(prices, 600_000, ["patent", "trademark", "copyright"]) == {
        "copyright": 600_000,
        "patent": 350_000,
        "trademark": 0,
    }
    two = case([loan(1, 1_000, kinds=["patent", "trademark"], loan_class=LoanClass.loss)])
    result = run(replace(two, prices=prices), Parameters())
    assert outcome(result, "baseline")["loss_fen"] == 175
    assert result["deals"] == {"patent": 3, "trademark": 1}


def test_the_breaker_of_a_scenario() -> None:
    """RP-13: what turns bad counts with all its principal; what was bad already is not counted twice."""
    loans = [loan(1, 95_000), loan(2, 5_000)]
    zero = dict.fromkeys(LoanClass, 0)
    hit = Scenario("hit", zero, 0, [Shock(Shocked.bank, "b2", PPM)])
    found = outcome(run(case(loans), Parameters(scenarios=[hit])), "hit")
    assert (found["npl_ratio"], found["breaker"]) == ("5.0000", "suspended")
    bad = [loans[0], replace(loans[1], loan_class=LoanClass.substandard)]
    already = replace(PURSE.risk, npl_fen=5_000, outstanding_fen=100_000)
    found = outcome(run(case(bad, risk=already), Parameters(scenarios=[hit])), "hit")
    assert found["npl_ratio"] == "5.0000"


def test_an_empty_pool_loses_nothing() -> None:
    result = run(case([]), Parameters(simulation=Simulation(10, 1)))
    assert result["simulation"]["loss_fen"]["max"] == outcome(result, "all_default")["due_fen"] == 0


def test_percentiles_are_nearest_ranks() -> None:
    """The least amount that at least so many per cent of the runs do not exceed."""
    found = distribution(list(range(1, 101)))
    assert found == {"expected": 51, "p50": 50, "p90": 90, "p95": 95, "p99": 99, "max": 100}
    assert distribution([4]) == {"expected": 4, "p50": 4, "p90": 4, "p95": 4, "p99": 4, "max": 4}


def test_the_work_of_a_test_is_bounded() -> None:
    assert (allowed_runs(0), allowed_runs(1_000), allowed_runs(10_000)) == (20_000, 5_000, 500)
    assert BASELINE_PD_PPM[LoanClass.loss] == PPM
