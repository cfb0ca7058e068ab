"""Stress tests on the wire. Probabilities and losses given default are parts per million (ppm)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from app.domain.loan_class import LoanClass
from app.domain.stress_test import (
    BASELINE_PD_PPM,
    DEFAULT_LGD_PPM,
    MAX_RUNS,
    MAX_SCENARIOS,
    PPM,
    Parameters,
    Scenario,
    Shock,
    Shocked,
    Simulation,
)
from app.schemas.common import Day, InstantIn, MoneyOut, Name, RequestModel, ResponseModel

Ppm = Annotated[int, Field(ge=0, le=PPM)]
Pds = Annotated[
    dict[Annotated[LoanClass, Field(strict=False)], Ppm],
    Field(description="PD by class of loan; classes left out keep the baseline's."),
]


class ShockIn(RequestModel):
    """Borrowers of an industry (its code) or a bank (its id) default at least with this probability."""

    hits: Annotated[Shocked, Field(strict=False)]
    value: Name
    pd_ppm: Ppm


class ScenarioIn(RequestModel):
    """A deterministic case; what it leaves out is as in the baseline."""

    name: Name
    pd_ppm: Pds = Field(default_factory=dict)
    lgd_ppm: Ppm | None = None
    shocks: list[ShockIn] = Field(default_factory=list, max_length=20)


class SimulationIn(RequestModel):
    """Seeded runs; in each an industry is shocked with `shock_ppm`, its PDs multiplied by `multiplier_bp`."""

    runs: Annotated[int, Field(ge=1, le=MAX_RUNS)]
    seed: Annotated[int, Field(ge=0, lt=1 << 53)]
    shock_ppm: Ppm = 50_000
    multiplier_bp: Annotated[int, Field(ge=10_000, le=1_000_000)] = 30_000


class StressTestIn(RequestModel):
    """A test of a pool's loans as of a day (`on`: today) and, if given, as known at an instant."""

    on: Day | None = None
    as_of: InstantIn | None = None
    pd_ppm: Pds = Field(default_factory=dict)
    lgd_ppm: Ppm = DEFAULT_LGD_PPM
    scenarios: list[ScenarioIn] = Field(default_factory=list, max_length=MAX_SCENARIOS)
    simulation: SimulationIn | None = None

    def parameters(self) -> Parameters:
        """What the test is run with."""
        base = {**BASELINE_PD_PPM, **self.pd_ppm}
        return Parameters(
            pd_ppm=base,
            lgd_ppm=self.lgd_ppm,
            scenarios=[
                Scenario(
                    one.name,
                    {**base, **one.pd_ppm},
                    one.lgd_ppm,
                    [Shock(hit.hits, hit.value, hit.pd_ppm) for hit in one.shocks],
                )
                for one in self.scenarios
            ],
            simulation=Simulation(**self.simulation.model_dump()) if self.simulation is not None else None,
        )


class OutcomeOut(ResponseModel):
    """The expected outcome of a scenario; `payout` is what the pool can pay of what is `due`."""

    name: str
    loss: MoneyOut
    due: MoneyOut
    payout: MoneyOut
    shortfall: MoneyOut
    npl_ratio: str
    paid_ratio: str
    breaker: str


class DistributionOut(ResponseModel):
    """Over all runs: the mean, nearest-rank percentiles and the most."""

    expected: MoneyOut
    p50: MoneyOut
    p90: MoneyOut
    p95: MoneyOut
    p99: MoneyOut
    max: MoneyOut


class BreakerRunsOut(ResponseModel):
    """In how many runs a line that suspends was reached: that of the NPL ratio, of payouts, or either."""

    npl: int
    paid: int
    any: int


class SimulatedOut(ResponseModel):
    """What the runs came to; `short_runs` are those in which the pool could not pay all that was due."""

    runs: int
    seed: int
    loss: DistributionOut
    payout: DistributionOut
    shortfall: DistributionOut
    short_runs: int
    breaker_runs: BreakerRunsOut


class ResultOut(ResponseModel):
    """The result: `limit` is the most the pool can pay; LGD by kind of right, and the deals it rests on.

    A kind without deals has the LGD given by default.
    """

    loans: int
    borrowers: int
    covered: MoneyOut
    limit: MoneyOut
    lgd_ppm: dict[str, int]
    deals: dict[str, int]
    scenarios: list[OutcomeOut]
    simulation: SimulatedOut | None


class ReplayOut(ResponseModel):
    """Whether the kept evidence yields the result again, and whether the record still yields the evidence."""

    result_equal: bool
    evidence_equal: bool


class StressTestOut(ResponseModel):
    """A stress test as kept."""

    id: uuid.UUID
    number: str
    pool_id: uuid.UUID
    on: date
    as_of: datetime | None
    known_at: datetime
    parameters: dict[str, Any]
    result: ResultOut
    sha256: str
    replay: ReplayOut | None = None


def shown(kept: Any, currency: str) -> Any:
    """A kept result with its amounts as money: what ends in `_fen`, and all below it."""
    if isinstance(kept, Mapping):
        return {
            name.removesuffix("_fen"): _money(value, currency)
            if name.endswith("_fen")
            else shown(value, currency)
            for name, value in kept.items()
        }
    return [shown(one, currency) for one in kept] if isinstance(kept, list) else kept


def _money(value: int | Mapping[str, int], currency: str) -> Any:
    if isinstance(value, Mapping):
        return {name: MoneyOut.of(fen, currency) for name, fen in value.items()}
    return MoneyOut.of(value, currency)
