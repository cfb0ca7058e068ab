"""Stress tests: a pool's live loans read at one cut, computed beside the event loop, and kept (UNI-13)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.domain import stress_test as rules
from app.domain.errors import Violation, refuse_if
from app.domain.fact import AS_OF_IN_FUTURE
from app.domain.identifiers import new_id
from app.domain.pool import FULL_SHARE_BP, AccountCode, SharingParty
from app.domain.pool_breaker import BankLoans
from app.domain.request import date_faults
from app.domain.scheme import LiabilityLimit, Tier, TierMode
from app.domain.seal import canonical
from app.domain.stress_test import Case, DueRule, Loan, Parameters, Purse
from app.domain.stress_test_run import run as compute
from app.models.pool import Pool
from app.models.stress_test import StressTest
from app.queries import pool_exposures, pool_risks, pools as pool_queries
from app.queries.pool_exposures import Cut
from app.queries.serials import next_number
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.pool_exposure import Exposure
    from app.models.pool import Scheme


TOGETHER = 2
"""Stress tests that one process reads or computes at a time: a further one would slow all that it serves."""


class _Room:
    """Places for tests under way; without a free one a caller is refused, so that none holds a connection."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="stress-test")

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place while the block runs. Raises: `stress_test.busy`."""
        if self._free == 0:
            raise rules.BUSY.error(limit=TOGETHER)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def compute(self, case: Case, parameters: Parameters) -> dict[str, Any]:
        """The result, computed in a thread kept for it: others are served, and find threads, meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, compute, case, parameters)


ROOM = _Room(TOGETHER)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A test that may be run: of which day, by what was known, what it is computed from, and how."""

    on: date
    as_of: datetime | None
    case: Case
    parameters: Parameters


async def prepared(
    session: AsyncSession,
    *,
    pool: Pool,
    moment: Moment,
    on: date,
    as_of: datetime | None,
    parameters: Parameters,
) -> Prepared:
    """Read all that a test is computed from: the loans a pool covered on a day, by what was known then.

    In a session that is one snapshot: a payout that commits meanwhile is in all of it or in none.

    Raises: all that apply of `request.date_in_future`, `statistic.as_of_in_future`,
    `stress_test.scenario_twice`; then of `stress_test.too_much_work`, `stress_test.too_many_scenarios`.
    """
    refuse_if(_faults(moment, on, as_of, parameters))
    case = await gather(session, pool, Cut(on, as_of, moment.now))
    refuse_if(_work_faults(case, parameters))
    return Prepared(on, as_of, case, parameters)


async def run(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool, prepared: Prepared
) -> StressTest:
    """Compute a test, in a thread of its own, and keep it with its result."""
    evidence, chosen = prepared.case.as_json(), prepared.parameters.as_json()
    result = await ROOM.compute(prepared.case, prepared.parameters)
    event = events.NewEvent(
        type="stress_test.run",
        noun="stress_test",
        subject_id=new_id(),
        stream=pool.district_code,
        audience=sorted({pool.manager_id, actor.organisation_id}),
        payload={"pool": pool.number, "on": str(prepared.on)},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = StressTest(
        id=event.subject_id,
        district_code=pool.district_code,
        number=await next_number(session, "stress_test", pool.district_code, moment.today),
        pool_id=pool.id,
        on=prepared.on,
        known_at=moment.now,
        as_of=prepared.as_of,
        evidence=evidence,
        parameters=chosen,
        result=result,
        sha256=digest(evidence, chosen),
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    return made


def _faults(moment: Moment, on: date, as_of: datetime | None, parameters: Parameters) -> list[Violation]:
    found = date_faults("/on", on, today=moment.today)
    if as_of is not None and as_of > moment.now:
        found.append(AS_OF_IN_FUTURE.violation("/as_of"))
    taken = set(rules.BUILT_IN)
    for position, scenario in enumerate(parameters.scenarios):
        if scenario.name in taken:
            found.append(rules.SCENARIO_TWICE.violation(f"/scenarios/{position}/name", name=scenario.name))
        taken.add(scenario.name)
    return found


def _work_faults(case: Case, parameters: Parameters) -> list[Violation]:
    found = []
    scenarios = len(parameters.scenarios) + len(rules.BUILT_IN)
    if parameters.scenarios and scenarios * len(case.loans) > rules.MAX_CASES:
        found.append(
            rules.TOO_MANY_CASES.violation(
                "/scenarios", scenarios=scenarios, loans=len(case.loans), limit=rules.MAX_CASES
            )
        )
    borrowers = len({loan.borrower_id for loan in case.loans})
    allowed = rules.allowed_runs(borrowers)
    if parameters.simulation is not None and parameters.simulation.runs > allowed:
        found.append(
            rules.TOO_MUCH_WORK.violation(
                "/simulation/runs",
                runs=parameters.simulation.runs,
                borrowers=borrowers,
                limit=rules.MAX_WORK,
                allowed=allowed,
            )
        )
    return found


async def replayed(session: AsyncSession, test: StressTest) -> tuple[bool, bool]:
    """Whether the kept evidence yields the kept result, and whether the record still yields the evidence.

    The second may fail where what was not known by its event's instant came in since: a transaction that was
    under way when the test was made, a mandate or a deal whose row was changed with effect for that day.
    """
    kept, chosen = Case.of(test.evidence), Parameters.of(test.parameters)
    again = await ROOM.compute(kept, chosen)
    sound = digest(test.evidence, test.parameters) == test.sha256
    pool = await session.get_one(Pool, test.pool_id)
    gathered = await gather(session, pool, Cut(test.on, test.as_of, test.known_at))
    return (
        sound and canonical(again) == canonical(test.result),
        canonical(gathered.as_json()) == canonical(test.evidence),
    )


def digest(evidence: dict[str, Any], parameters: dict[str, Any]) -> str:
    """SHA-256 of evidence and parameters as canonical JSON: keys sorted, no blanks."""
    return hashlib.sha256(canonical({"evidence": evidence, "parameters": parameters}).encode()).hexdigest()


async def gather(session: AsyncSession, pool: Pool, cut: Cut) -> Case:
    """All a test is computed from, at a cut."""
    loans = await pool_exposures.exposures(session, pool.id, cut)
    scheme = await pool_exposures.terms(session, pool.id, cut)
    schemes = {one.id: one for one in await pool_queries.schemes(session, pool.id)}
    return Case(
        loans=[_loan(one) for one in loans],
        prices=await pool_exposures.prices(session, cut.on),
        purse=await _purse(session, pool, cut, scheme, loans),
        due={str(one): _rule(schemes[one]) for one in sorted({loan.scheme_id for loan in loans})},
    )


def _loan(one: Exposure) -> Loan:
    return Loan(
        pledge_id=str(one.pledge_id),
        bank_id=str(one.bank_id),
        borrower_id=str(one.borrower_id),
        industry=one.industry,
        loan_class=one.loan_class,
        outstanding_fen=one.outstanding_fen,
        covered_fen=one.covered_fen,
        kinds=[item.kind for item in one.items],
        scheme_id=str(one.scheme_id),
    )


def _rule(scheme: Scheme) -> DueRule:
    tiers = [
        Tier({SharingParty(party): bp for party, bp in tier["shares_bp"].items()}, tier["upto_fen"])
        for tier in scheme.tiers
    ]
    return DueRule(tiers, TierMode(scheme.tier_mode), scheme.claim_cap_fen, scheme.enterprise_cap_fen)


async def _purse(session: AsyncSession, pool: Pool, cut: Cut, scheme: Scheme, loans: list[Exposure]) -> Purse:
    """What the pool can pay: all in the special account, as what is set aside is for loans among these."""
    book = await pool_exposures.books(session, pool.id, cut)
    net = {code: account.net_fen for code, account in book.items()}
    paid_in = pool_risks.paid_in(net)
    limit = max(0, net[AccountCode.cash])
    if scheme.liability_limit == LiabilityLimit.total:
        limit = min(limit, max(0, paid_in - net[AccountCode.compensation]))
    year_bp = scheme.bank_year_cap_bp
    return Purse(
        limit_fen=limit,
        risk=pool_exposures.risk(
            [*map(BankLoans.of, loans), *await pool_exposures.owed(session, pool.id, cut)], book
        ),
        limits=pool_risks.limits(scheme),
        bank_cap_fen=None if year_bp is None else paid_in * year_bp // FULL_SHARE_BP,
        pool_cap_fen=scheme.pool_year_cap_fen,
    )
