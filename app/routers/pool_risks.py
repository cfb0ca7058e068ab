"""`/v1/pools/{id}`: risk and its distance to the breaker, banks, exposure and periodic reports."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain import pool as rules
from app.domain.errors import refuse_if
from app.domain.fact import AS_OF_IN_FUTURE
from app.domain.permission import Permission
from app.domain.pool import Limits, PoolStatus
from app.domain.pool_breaker import BankLoans, by_bank, distance
from app.domain.pool_exposure import Dimension, Exposure, connected, grouped, hhi
from app.domain.pool_report import report_period
from app.domain.request import date_faults
from app.models.pool import BankBreaker, Pool, Scheme
from app.queries import party_successions, pool_exposures, pool_reports, pool_risks, pools as queries
from app.queries.pool_exposures import Account, Cut
from app.queries.pool_reports import Flows
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.common import Day, Instant, MoneyOut, SignedMoneyOut
from app.schemas.pool import ReleaseIn
from app.schemas.pool_risk import (
    BankRiskOut,
    ConnectedOut,
    DistanceOut,
    ExposureOut,
    ExposureRowOut,
    LinesOut,
    NamedOut,
    PoolRiskOut,
    ReportOut,
    ReportRowOut,
    RoomOut,
)
from app.services import pool_breakers

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["pools"])
Reading = Annotated[ReadUnit, reads(Permission.pool_read)]
OnDay = Annotated[Day | None, Query(description="As it stood on that day by effective dates; today.")]
AsOf = Annotated[Instant | None, Query(description="By what was known (sealed) at that instant.")]
GROUPS_SHOWN = 20
"""The largest groups of connected borrowers."""


def _cut(unit: ReadUnit, on: date | None, as_of: datetime | None) -> Cut:
    """Raises: `request.date_in_future`, `statistic.as_of_in_future`."""
    faults = date_faults("query:on", on, today=unit.moment.today) if on is not None else []
    if as_of is not None and as_of > unit.moment.now:
        faults.append(AS_OF_IN_FUTURE.violation("query:as_of"))
    refuse_if(faults)
    return Cut(on or unit.moment.today, as_of)


def _money(fen: int | None, pool: Pool) -> MoneyOut | None:
    return None if fen is None else MoneyOut.of(fen, pool.currency)


def _room(book: Mapping[str, Account], scheme: Scheme, pool: Pool) -> RoomOut:
    available = max(0, pool_exposures.available(book))
    covered = book[rules.AccountCode.covered].debits_pending_fen
    limit = rules.capacity(scheme.leverage_multiple, available)
    return RoomOut(
        available=MoneyOut.of(available, pool.currency),
        limit=MoneyOut.of(limit, pool.currency),
        covered=MoneyOut.of(covered, pool.currency),
        free=MoneyOut.of(max(0, limit - covered), pool.currency),
        leverage_multiple=scheme.leverage_multiple,
        leverage_used=rules.times(covered, available),
    )


def _bank(
    loans: BankLoans, limits: Limits, pool: Pool, *, name: str, status: PoolStatus | None
) -> BankRiskOut:
    away = distance(loans.risk, limits, payouts=False)
    return BankRiskOut(
        bank_id=loans.bank_id,
        name=name,
        status=status,
        called_for=rules.breaker(loans.risk, limits),
        outstanding=MoneyOut.of(loans.outstanding_fen, pool.currency),
        npl=MoneyOut.of(loans.npl_fen, pool.currency),
        npl_ratio=loans.npl_ratio,
        npl_to_warn=_money(away.npl_to_warn_fen, pool),
        npl_to_suspend=_money(away.npl_to_suspend_fen, pool),
    )


async def _banks(
    unit: ReadUnit | WriteUnit, pool: Pool, loans: Iterable[BankLoans], limits: Limits, *, standing: bool
) -> list[BankRiskOut]:
    """Each bank with loans, and today also each with a breaker (`standing`)."""
    known = {one.bank_id: one for one in by_bank(loans)}
    breakers: Mapping[uuid.UUID, BankBreaker] = {}
    if standing:
        breakers = await pool_risks.breakers(unit.session, pool.id)
    ids = sorted({*known, *breakers})
    names = await pool_risks.names(unit.session, ids)
    return [
        _bank(
            known.get(one, BankLoans(one, 0, 0)),
            limits,
            pool,
            name=names[one],
            status=pool_breakers.status_of(breakers.get(one)) if standing else None,
        )
        for one in ids
    ]


@router.get("/risk")
async def risk(pool_id: uuid.UUID, unit: Reading, on: OnDay = None, as_of: AsOf = None) -> PoolRiskOut:
    """The ratios of the breaker on a day, and what further bad loans or payouts would trip it."""
    pool = await queries.get_book(unit.session, unit.actor, pool_id)
    cut = _cut(unit, on, as_of)
    standing = cut.on == unit.moment.today and as_of is None
    scheme = await pool_exposures.terms(unit.session, pool.id, cut)
    limits = pool_risks.limits(scheme)
    if standing:  # what the breaker sees, whatever the ledger has grown to
        loans = await pool_risks.banks(unit.session, pool.id)
        book = await pool_exposures.books_now(unit.session, pool.id)
    else:
        loans = await pool_exposures.banks(unit.session, pool.id, cut)
        book = await pool_exposures.books(unit.session, pool.id, cut)
    found = pool_exposures.risk(loans, book)
    away = distance(found, limits)
    return PoolRiskOut(
        pool_id=pool.id,
        on=cut.on,
        as_of=as_of,
        currency=pool.currency,
        status=pool.status if standing else None,
        called_for=rules.breaker(found, limits),
        outstanding=MoneyOut.of(found.outstanding_fen, pool.currency),
        npl=MoneyOut.of(found.npl_fen, pool.currency),
        npl_ratio=found.npl_ratio,
        net_paid=MoneyOut.of(max(0, found.net_paid_fen), pool.currency),
        paid_in=MoneyOut.of(found.paid_in_fen, pool.currency),
        paid_ratio=found.paid_ratio,
        lines=LinesOut(
            npl_warn=rules.percent(limits.npl_warn_bp, rules.FULL_SHARE_BP),
            npl_suspend=rules.percent(limits.npl_suspend_bp, rules.FULL_SHARE_BP),
            paid_suspend=rules.percent(limits.paid_ratio_suspend_bp, rules.FULL_SHARE_BP),
        ),
        distance=DistanceOut(
            npl_to_warn=_money(away.npl_to_warn_fen, pool),
            npl_to_suspend=_money(away.npl_to_suspend_fen, pool),
            paid_to_suspend=_money(away.paid_to_suspend_fen, pool),
        ),
        capacity=_room(book, scheme, pool),
        banks=await _banks(unit, pool, loans, limits, standing=standing),
    )


async def _standing_banks(unit: ReadUnit | WriteUnit, pool: Pool) -> list[BankRiskOut]:
    limits = pool_risks.limits(await pool_risks.terms(unit.session, pool.id, unit.moment.today))
    loans = await pool_risks.banks(unit.session, pool.id)
    return await _banks(unit, pool, loans, limits, standing=True)


@router.get("/banks")
async def banks(pool_id: uuid.UUID, unit: Reading) -> list[BankRiskOut]:
    """The banks with loans under the pool and their breakers; a bank sees its own only."""
    pool = await queries.get(unit.session, unit.actor, pool_id)
    found = await _standing_banks(unit, pool)
    whole = queries.reads_book(unit.actor, pool)
    return [one for one in found if whole or one.bank_id == unit.actor.organisation_id]


@router.post("/banks/{bank_id}/release", response_model=BankRiskOut)
async def release_bank(
    pool_id: uuid.UUID,
    bank_id: uuid.UUID,
    body: ReleaseIn,
    unit: Annotated[WriteUnit, writes(Permission.pool_release)],
) -> Response:
    """Lift a bank's suspension by document, once the NPL ratio of its loans no longer warns (RP-13)."""
    pool = await pool_breakers.release_bank(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        bank_id=bank_id,
        document_id=body.document_id,
        reason=body.reason,
    )
    [released] = [one for one in await _standing_banks(unit, pool) if one.bank_id == bank_id]
    return await unit.reply(200, released)


@router.get("/exposure")
async def exposure(
    pool_id: uuid.UUID,
    unit: Reading,
    by: Annotated[
        list[Dimension], Query(max_length=4, description="bank, industry, appraiser, agency; bank alone.")
    ] = [Dimension.bank],  # noqa: B006 - FastAPI copies defaults
    on: OnDay = None,
    as_of: AsOf = None,
) -> ExposureOut:
    """Covered principal by any of the dimensions, each one's concentration, and connected borrowers."""
    pool = await queries.get_book(unit.session, unit.actor, pool_id)
    cut = _cut(unit, on, as_of)
    dimensions = list(dict.fromkeys(by))
    loans = await pool_exposures.exposures(unit.session, pool.id, cut)
    whole = sum(loan.covered_fen for loan in loans)
    names = await _names(unit, [loan.bank_id for loan in loans], loans)
    rows = sorted(grouped(loans, dimensions).items(), key=lambda row: (-row[1], tuple(map(str, row[0]))))
    borrowers = {loan.borrower_id for loan in loans}
    others = {pledgor for loan in loans for pledgor in loan.pledgor_ids}
    ties = await party_successions.ties(unit.session, borrowers | others)
    parties = await pool_exposures.parties(unit.session, borrowers)
    return ExposureOut(
        pool_id=pool.id,
        on=cut.on,
        as_of=as_of,
        covered=MoneyOut.of(whole, pool.currency),
        loans=len(loans),
        rows=[
            ExposureRowOut(
                values={
                    dimension: None if value is None else NamedOut(id=value, name=names.get(value, value))
                    for dimension, value in zip(dimensions, key, strict=True)
                },
                covered=MoneyOut.of(fen, pool.currency),
                share=rules.percent(fen, whole),
            )
            for key, fen in rows
        ],
        hhi={one: hhi(grouped(loans, [one]).values()) for one in Dimension},
        connected=[
            ConnectedOut(
                borrowers=[NamedOut(id=str(one), name=parties[one]) for one in group.borrower_ids],
                covered=MoneyOut.of(group.covered_fen, pool.currency),
                share=rules.percent(group.covered_fen, whole),
            )
            for group in connected(loans, ties)[:GROUPS_SHOWN]
        ],
    )


async def _names(unit: ReadUnit, ids: Iterable[uuid.UUID], loans: Iterable[Exposure] = ()) -> dict[str, str]:
    """What the organisations concerned are called, by their ids as text."""
    items = [item for loan in loans for item in loan.items]
    wanted = {*ids, *(item.appraiser_id for item in items), *(item.agency_id for item in items)}
    found = await pool_risks.names(unit.session, [one for one in wanted if one is not None])
    return {str(one): name for one, name in found.items()}


@router.get("/report")
async def report(
    pool_id: uuid.UUID,
    unit: Reading,
    period: Annotated[str, Query(max_length=7, description="A quarter or a month: 2021Q3, 2021-07.")],
) -> ReportOut:
    """A month or quarter by bank: enrolments, claims, payouts, recoveries, and how the loans then stood."""
    pool = await queries.get_book(unit.session, unit.actor, pool_id)
    found = report_period(period, unit.moment.today)
    cut = Cut(found.last)
    flows = {
        row.bank_id: row for row in await pool_reports.flows(unit.session, pool.id, found.first, found.last)
    }
    exposures = await pool_exposures.exposures(unit.session, pool.id, cut, with_rights=False)
    owed = await pool_exposures.owed(unit.session, pool.id, cut)
    loans = [*map(BankLoans.of, exposures), *owed]
    covered = Counter[uuid.UUID]()
    for one in exposures:
        covered[one.bank_id] += one.covered_fen
    book = await pool_exposures.books(unit.session, pool.id, cut)
    standing = {one.bank_id: one for one in by_bank(loans)}
    ids = sorted({*standing, *(bank for bank in flows if bank is not None)})
    names = await _names(unit, ids)
    rows = [
        _row(
            NamedOut(id=str(one), name=names[str(one)]),
            flows.get(one, Flows(one)),
            standing.get(one, BankLoans(one, 0, 0)),
            covered[one],
            pool,
        )
        for one in ids
    ]
    nobody = uuid.UUID(int=0)
    if None in flows:
        rows.append(_row(None, flows[None], BankLoans(nobody, 0, 0), 0, pool))
    risk_then = pool_exposures.risk(loans, book)
    total = BankLoans(nobody, risk_then.outstanding_fen, risk_then.npl_fen)
    return ReportOut(
        pool_id=pool.id,
        period=found.name,
        first=found.first,
        last=found.last,
        total=_row(None, _sum(flows.values()), total, covered.total(), pool),
        paid_in=MoneyOut.of(risk_then.paid_in_fen, pool.currency),
        paid_ratio=risk_then.paid_ratio,
        capacity=_room(book, await pool_exposures.terms(unit.session, pool.id, cut), pool),
        banks=rows,
    )


def _sum(rows: Iterable[Flows]) -> Flows:
    total = Flows(None)
    for row in rows:
        total = replace(
            total,
            enrolled=total.enrolled + row.enrolled,
            principal_fen=total.principal_fen + row.principal_fen,
            covered_fen=total.covered_fen + row.covered_fen,
            claims=total.claims + row.claims,
            claimed_fen=total.claimed_fen + row.claimed_fen,
            payouts=total.payouts + row.payouts,
            paid_fen=total.paid_fen + row.paid_fen,
            recovered_fen=total.recovered_fen + row.recovered_fen,
        )
    return total


def _row(bank: NamedOut | None, flows: Flows, loans: BankLoans, covered_fen: int, pool: Pool) -> ReportRowOut:
    return ReportRowOut(
        bank=bank,
        enrolled=flows.enrolled,
        enrolled_principal=MoneyOut.of(flows.principal_fen, pool.currency),
        enrolled_covered=MoneyOut.of(flows.covered_fen, pool.currency),
        claims=flows.claims,
        claimed=MoneyOut.of(flows.claimed_fen, pool.currency),
        payouts=flows.payouts,
        paid=SignedMoneyOut.of(flows.paid_fen, pool.currency),
        recovered=SignedMoneyOut.of(flows.recovered_fen, pool.currency),
        outstanding=MoneyOut.of(loans.outstanding_fen, pool.currency),
        npl=MoneyOut.of(loans.npl_fen, pool.currency),
        npl_ratio=loans.npl_ratio,
        covered=MoneyOut.of(covered_fen, pool.currency),
    )
