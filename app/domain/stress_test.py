"""Stress tests of a pool: what it would pay on its live loans if many of them went bad at once (UNI-13).

All of it is whole numbers: fen, and parts per million (ppm) for the probability of default (PD) and the loss
given default (LGD). Chance comes from a generator seeded by the caller, so that the same loans, parameters
and seed give the same result to the byte, on any machine.

The model. What defaults is a borrower, with all its loans at once, at the PD of the worst class among them.
What is lost of a loan is its covered principal times its LGD; the pool's part is its share by the scheme
frozen with the commitment, within the caps per claim and per borrower. Over a year the pool pays no more than
its caps per bank and in all, and no more than it has. In a simulated run a common shock may hit an industry:
then the PD of all its borrowers is multiplied. Defaults are independent otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.claim_settlement import shares_of_loss, slices
from app.domain.errors import ErrorKind, define
from app.domain.loan_class import LoanClass
from app.domain.pool import Limits, Risk, SharingParty
from app.domain.scheme import Tier, TierMode

PPM = 1_000_000
MAX_RUNS = 20_000
MAX_WORK = 5_000_000
"""Runs times borrowers that one test may take: about two seconds of one core."""
MAX_SCENARIOS = 20
MAX_CASES = 150_000
"""Scenarios, the built-in ones too, times loans that one test may take: some seconds of one core."""

NOT_FOUND = define("stress_test.not_found", ErrorKind.not_found, "未找到该压力测试", "No such stress test.")
TOO_MUCH_WORK = define(
    "stress_test.too_much_work",
    ErrorKind.invalid,
    "计算量过大：{runs} 次模拟 × {borrowers} 个借款人超过 {limit}；该资金池最多 {allowed} 次",
    "{runs} runs of {borrowers} borrowers exceed {limit}: this pool allows at most {allowed} runs.",
)
TOO_MANY_CASES = define(
    "stress_test.too_many_scenarios",
    ErrorKind.invalid,
    "情景过多：{scenarios} 个情景（含内置）× {loans} 笔贷款超过 {limit}",
    "{scenarios} scenarios, the built-in ones among them, of {loans} loans exceed {limit}.",
)
BUSY = define(
    "stress_test.busy",
    ErrorKind.unavailable,
    "已有 {limit} 个压力测试正在计算，请稍后用同一幂等键重试",
    "{limit} stress tests are being computed already; retry shortly with the same key.",
    retryable=True,
)
SCENARIO_TWICE = define(
    "stress_test.scenario_twice",
    ErrorKind.invalid,
    "情景名称“{name}”重复或者为内置情景",
    "The scenario name “{name}” is given twice, or is one of the built-in ones.",
)


class Shocked(StrEnum):
    """What a scenario's shock hits: the borrowers of an industry, or of a bank."""

    industry = "industry"
    bank = "bank"


@dataclass(frozen=True, slots=True)
class Shock:
    """Borrowers of one industry or bank default at least with this probability."""

    hits: Shocked
    value: str
    pd_ppm: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One deterministic case: the expected outcome at these PDs. `lgd_ppm` None: as found or given."""

    name: str
    pd_ppm: Mapping[LoanClass, int]
    lgd_ppm: int | None = None
    shocks: Sequence[Shock] = ()


BASELINE_PD_PPM: Mapping[LoanClass, int] = {
    LoanClass.normal: 10_000,
    LoanClass.attention: 50_000,
    LoanClass.substandard: 300_000,
    LoanClass.doubtful: 600_000,
    LoanClass.loss: PPM,
}
"""An assumption for want of a history of defaults; a caller that has one gives its own."""
DEFAULT_LGD_PPM = 600_000
BUILT_IN = ("baseline", "zero_pd", "all_default")


@dataclass(frozen=True, slots=True)
class Simulation:
    """Seeded runs. In each, every industry is shocked with `shock_ppm`; its PDs are then multiplied."""

    runs: int
    seed: int
    shock_ppm: int = 50_000
    multiplier_bp: int = 30_000


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the caller chooses. `lgd_ppm` serves the kinds of rights that no deal of ours has priced."""

    pd_ppm: Mapping[LoanClass, int] = field(default_factory=lambda: dict(BASELINE_PD_PPM))
    lgd_ppm: int = DEFAULT_LGD_PPM
    scenarios: Sequence[Scenario] = ()
    simulation: Simulation | None = None

    def as_json(self) -> dict[str, Any]:
        """As they are kept."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Parameters:
        """As they were kept."""
        return cls(
            pd_ppm=_by_class(kept["pd_ppm"]),
            lgd_ppm=kept["lgd_ppm"],
            scenarios=[
                Scenario(
                    one["name"],
                    _by_class(one["pd_ppm"]),
                    one["lgd_ppm"],
                    [Shock(Shocked(hit["hits"]), hit["value"], hit["pd_ppm"]) for hit in one["shocks"]],
                )
                for one in kept["scenarios"]
            ],
            simulation=None if kept["simulation"] is None else Simulation(**kept["simulation"]),
        )


def _by_class(kept: Mapping[str, int]) -> dict[LoanClass, int]:
    return {LoanClass(name): ppm for name, ppm in kept.items()}


@dataclass(frozen=True, slots=True)
class Loan:
    """A covered loan; `kinds` are the kinds of the rights that secure it, one for each of them."""

    pledge_id: str
    bank_id: str
    borrower_id: str
    industry: str | None
    loan_class: LoanClass
    outstanding_fen: int
    covered_fen: int
    kinds: Sequence[str]
    scheme_id: str


@dataclass(frozen=True, slots=True)
class Price:
    """What transfers of rights of a kind brought, and what the same rights had last been valued at."""

    deals: int
    price_fen: int
    valuation_fen: int


@dataclass(frozen=True, slots=True)
class Purse:
    """What the pool has and what its breaker looks at now, in fen; `None` caps do not bind.

    `limit_fen` is the most it can pay: its balance, and under a scheme liable for all that was paid in no
    more than is left of that.
    """

    limit_fen: int
    risk: Risk
    limits: Limits
    bank_cap_fen: int | None
    pool_cap_fen: int | None


@dataclass(frozen=True, slots=True)
class DueRule:
    """What the pool owes by the scheme frozen with a commitment: its share, within the caps of the loan."""

    tiers: Sequence[Tier]
    mode: TierMode
    claim_cap_fen: int | None = None
    borrower_cap_fen: int | None = None

    def due(self, loss_fen: int, outstanding_fen: int) -> int:
        """The pool's part of a loss on a loan with so much outstanding, as a claim would share it (RP-11)."""
        if loss_fen == 0:
            return 0
        parts = shares_of_loss(loss_fen, slices(max(outstanding_fen, loss_fen), self.tiers, self.mode))
        return (
            parts[SharingParty.pool]
            if self.claim_cap_fen is None
            else min(parts[SharingParty.pool], self.claim_cap_fen)
        )


@dataclass(frozen=True, slots=True)
class Case:
    """All a test is computed from; `due` by scheme."""

    loans: Sequence[Loan]
    prices: Mapping[str, Price]
    purse: Purse
    due: Mapping[str, DueRule]

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Case:
        """As it was kept."""
        purse = kept["purse"]
        return cls(
            loans=[Loan(**one | {"loan_class": LoanClass(one["loan_class"])}) for one in kept["loans"]],
            prices={kind: Price(**one) for kind, one in kept["prices"].items()},
            purse=Purse(**purse | {"risk": Risk(**purse["risk"]), "limits": Limits(**purse["limits"])}),
            due={scheme: _due_rule(one) for scheme, one in kept["due"].items()},
        )


def _due_rule(kept: Mapping[str, Any]) -> DueRule:
    tiers = [
        Tier({SharingParty(party): bp for party, bp in one["shares_bp"].items()}, one["upto_fen"])
        for one in kept["tiers"]
    ]
    return DueRule(tiers, TierMode(kept["mode"]), kept["claim_cap_fen"], kept["borrower_cap_fen"])


def lgds(prices: Mapping[str, Price], default_ppm: int, kinds: Iterable[str]) -> dict[str, int]:
    """LGD by kind of right: what our own transfers fell short of the last valuations, or the default."""
    found = {}
    for kind in sorted(set(kinds)):
        price = prices.get(kind)
        if price is None or price.valuation_fen <= 0:
            found[kind] = default_ppm
        else:
            found[kind] = max(0, PPM - price.price_fen * PPM // price.valuation_fen)
    return found


def half_up(part: int, whole: int) -> int:
    """`part` / `whole`, neither negative, rounded half up."""
    return (2 * part + whole) // (2 * whole)


def allowed_runs(borrowers: int) -> int:
    """How many runs a test of so many borrowers may take."""
    return min(MAX_RUNS, MAX_WORK // max(1, borrowers))
