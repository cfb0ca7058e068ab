"""`/v1/pools/{id}`: balances of a day, trial balance, statements, journals, ties, and export of the books."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from app.domain import fact as statistic_rules, ledger_export as rules
from app.domain.clock import Moment
from app.domain.ledger_export import ExportFormat
from app.domain.permission import Permission
from app.infra import ledger_files
from app.models.ledger import LedgerAccount, LedgerEntry, LedgerTransfer
from app.queries import (
    ledger as queries,
    ledger_balances,
    ledger_exports,
    ledger_statements,
    ledger_ties,
    pools as pool_queries,
)
from app.queries.ledger_balances import Balance, Balances, Totals
from app.queries.ledger_statements import Stand, Statement
from app.queries.ledger_ties import Mismatch, Tied
from app.queries.paging import Slice
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import MAX_PAGE, PageDep
from app.schemas.common import Day, Instant, MoneyOut, Page, SignedMoneyOut
from app.schemas.ledger_report import (
    AccountBalanceOut,
    BalanceOut,
    JournalLegOut,
    JournalOut,
    MismatchOut,
    StandOut,
    StatementLineOut,
    StatementMonthOut,
    StatementOut,
    TieOut,
    TiesOut,
    TotalsOut,
    TrialBalanceOut,
)
from app.services import ledger_exports as ledger_exports_service

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["ledger"])
Unit = Annotated[ReadUnit, reads(Permission.ledger_read)]
On = Annotated[Day | None, Query(description="At the end of this day; today by default.")]
AsOf = Annotated[Instant | None, Query(description="What was known (sealed) at that instant.")]
First = Annotated[Day, Query(alias="from", description="First day of booking.")]
Last = Annotated[Day, Query(alias="to", description="Last day of booking.")]


@router.get("/accounts/{account_id}/balance")
async def balance(
    pool_id: uuid.UUID, account_id: uuid.UUID, unit: Unit, on: On = None, as_of: AsOf = None
) -> AccountBalanceOut:
    """What an account had at the end of a day, as known now or at an instant."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    account = await queries.get_account(unit.session, pool.id, account_id)
    found = await _balances(unit, pool.id, on, as_of, account.id)
    return AccountBalanceOut(
        on=found.on,
        as_of=found.as_of,
        seals=dict(found.seals),
        settled=found.settled,
        account=_balance(found.accounts[0], pool.currency),
    )


@router.get("/trial-balance")
async def trial_balance(pool_id: uuid.UUID, unit: Unit, on: On = None, as_of: AsOf = None) -> TrialBalanceOut:
    """All accounts at the end of a day, as known now or at an instant: debits equal credits."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = await _balances(unit, pool.id, on, as_of, None)
    summed = {
        name: MoneyOut.of(sum(getattr(one.totals, name) for one in found.accounts), pool.currency)
        for name in ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
    }
    return TrialBalanceOut(
        on=found.on,
        as_of=found.as_of,
        seals=dict(found.seals),
        settled=found.settled,
        accounts=[_balance(one, pool.currency) for one in found.accounts],
        **summed,
    )


async def _balances(
    unit: ReadUnit, ledger_id: uuid.UUID, on: date | None, as_of: Instant | None, account_id: uuid.UUID | None
) -> Balances:
    if as_of is not None and as_of > unit.moment.now:
        raise statistic_rules.AS_OF_IN_FUTURE.error("query:as_of")
    return await ledger_balances.balances(
        unit.session,
        ledger_id,
        on=on or unit.moment.today,
        as_of=as_of,
        now=unit.moment.now,
        account_id=account_id,
    )


@router.get("/accounts/{account_id}/statement")
async def statement(
    *,
    pool_id: uuid.UUID,
    account_id: uuid.UUID,
    unit: Unit,
    first: First,
    last: Last,
    cursor: Annotated[int, Query(ge=0, description="`next_cursor` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> StatementOut:
    """An account's entries booked on some days, with how it stood before and after, in booking order."""
    _require_days(first, last)
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    account = await queries.get_account(unit.session, pool.id, account_id)
    found = await ledger_statements.statement(
        unit.session, account, first=first, last=last, after_version=cursor, limit=limit
    )
    return _statement(account, found, unit.moment)


@router.get("/journals")
async def journals(
    pool_id: uuid.UUID, unit: Unit, first: First, last: Last, paging: PageDep
) -> Page[JournalOut]:
    """Postings booked on some days, each with all its transfers, in the order of their booking."""
    _require_days(first, last)
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = await ledger_statements.journals(
        unit.session, pool.id, first=first, last=last, after=paging.wanted.after, limit=paging.wanted.limit
    )
    total = None
    if paging.wanted.include_total:
        total = await ledger_statements.count_journals(unit.session, pool.id, first=first, last=last)
    shown = [
        JournalOut(
            posting_id=legs[0].posting_id,
            booked_on=legs[0].booked_on,
            event_id=legs[0].event_id,
            recorded_at=legs[0].recorded_at,
            legs=[_leg(leg) for leg in legs],
        )
        for legs in found.journals
    ]
    return paging.answer(Slice(found.journals, found.next_cursor, total), shown)


@router.get("/ties")
async def ties(pool_id: uuid.UUID, unit: Unit, first: First, last: Last) -> TiesOut:
    """Payouts and recoveries of some days as the statistics count them, and as the accounts say."""
    _require_days(first, last)
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = await ledger_ties.tied(unit.session, pool.id, first=first, last=last)
    return TiesOut(
        first_day=first,
        last_day=last,
        tied=not any(one.mismatches for one in found),
        ties=[_tie(one, pool.currency) for one in found],
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
)
async def export(
    pool_id: uuid.UUID,
    unit: Unit,
    request: Request,
    wanted: Annotated[ExportFormat, Query(alias="format", description="csv comes as a ZIP of tables.")],
) -> StreamingResponse:
    """Trial balance, journals and every statement of the books, from one snapshot; it is put on record."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    district_code = pool.district_code
    books = await ledger_exports.books(
        unit.session, pool, moment=unit.moment, taken_by=f"{unit.actor.client_id} {unit.actor.request_id}"
    )
    # Written whole before it is sent, so that a slow reader holds no snapshot and a fault is still a problem.
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    try:
        await ledger_files.write(books, wanted, file)
    except BaseException:
        file.close()
        raise
    # The snapshot can only read, and has been read.
    await unit.session.rollback()
    async with request.app.state.database.write(unit.actor.client_id) as writing:
        await ledger_exports_service.record(
            writing.session,
            actor=unit.actor,
            moment=writing.moment,
            pool_id=pool_id,
            district_code=district_code,
            head=books.head,
            wanted=wanted,
        )
    name = f"{books.head.pool_number}-{books.head.taken_on}.{ledger_files.SUFFIXES[wanted]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(file.seek(0, 2)),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_chunks(file), media_type=ledger_files.MEDIA_TYPES[wanted], headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(1 << 18):
            yield chunk


def _require_days(first: date, last: date) -> None:
    if first > last:
        raise rules.DAYS_REVERSED.error("query:from", first=first, last=last)


def _totals(totals: Totals, normal_side: str, currency: str) -> TotalsOut:
    return TotalsOut(
        debits_posted=MoneyOut.of(totals.debits_posted, currency),
        credits_posted=MoneyOut.of(totals.credits_posted, currency),
        debits_pending=MoneyOut.of(totals.debits_pending, currency),
        credits_pending=MoneyOut.of(totals.credits_pending, currency),
        balance=SignedMoneyOut.of(totals.balance(normal_side), currency),
    )


def _balance(found: Balance, currency: str) -> BalanceOut:
    return BalanceOut(
        account_id=found.account_id,
        code=found.code,
        name=found.name,
        normal_side=found.normal_side,
        memo=found.memo,
        totals=_totals(found.totals, found.normal_side, currency),
    )


def _statement(account: LedgerAccount, found: Statement, moment: Moment) -> StatementOut:
    def stand(given: Stand) -> StandOut:
        totals = _totals(given.totals, account.normal_side, account.currency)
        return StandOut(account_version=given.account_version, totals=totals)

    return StatementOut(
        account_id=account.id,
        code=account.code,
        name=account.name,
        normal_side=account.normal_side,
        first_day=found.first,
        last_day=found.last,
        final=found.last < moment.today,
        opening=stand(found.opening),
        closing=stand(found.closing),
        months=[
            StatementMonthOut(
                begins_on=month.begins_on,
                status=month.status,
                round=month.round,
                closing=stand(month.stand) if month.stand is not None else None,
            )
            for month in found.months
        ],
        items=[_line(entry, transfer, account) for entry, transfer in found.lines],
        next_cursor=str(found.lines[-1][0].account_version) if found.more else None,
    )


def _line(entry: LedgerEntry, transfer: LedgerTransfer, account: LedgerAccount) -> StatementLineOut:
    totals = Totals(entry.debits_posted, entry.credits_posted, entry.debits_pending, entry.credits_pending)
    return StatementLineOut(
        account_version=entry.account_version,
        transfer_id=transfer.id,
        posting_id=transfer.posting_id,
        side=entry.side,
        kind=transfer.kind,
        code=transfer.code,
        narrative=transfer.narrative,
        amount=MoneyOut.of(entry.amount_fen, account.currency),
        posted=MoneyOut.of(entry.posted_fen, account.currency),
        totals=_totals(totals, account.normal_side, account.currency),
        occurred_on=entry.occurred_on,
        booked_on=entry.booked_on,
        corrects_on=transfer.corrects_on,
        resolves_id=transfer.resolves_id,
        reverses_id=transfer.reverses_id,
        recorded_at=entry.recorded_at,
    )


def _leg(leg: LedgerTransfer) -> JournalLegOut:
    return JournalLegOut(
        transfer_id=leg.id,
        kind=leg.kind,
        debit_account_id=leg.debit_account_id,
        credit_account_id=leg.credit_account_id,
        amount=MoneyOut.of(leg.amount_fen, leg.currency),
        code=leg.code,
        narrative=leg.narrative,
        business_noun=leg.business_noun,
        business_id=leg.business_id,
        occurred_on=leg.occurred_on,
        corrects_on=leg.corrects_on,
        resolves_id=leg.resolves_id,
        reverses_id=leg.reverses_id,
        adjustment=leg.adjustment,
    )


def _tie(found: Tied, currency: str) -> TieOut:
    return TieOut(
        measure=found.tie.measure,
        account=found.tie.account,
        counted=SignedMoneyOut.of(found.counted_fen, currency),
        booked=SignedMoneyOut.of(found.booked_fen, currency),
        difference=SignedMoneyOut.of(found.booked_fen - found.counted_fen, currency),
        mismatches=[_mismatch(one, currency) for one in found.mismatches],
    )


def _mismatch(found: Mismatch, currency: str) -> MismatchOut:
    return MismatchOut(
        event_id=found.event_id,
        occurred_on=found.occurred_on,
        claim_id=found.claim_id,
        counted=None if found.counted_fen is None else SignedMoneyOut.of(found.counted_fen, currency),
        booked=None if found.booked_fen is None else SignedMoneyOut.of(found.booked_fen, currency),
        transfer_ids=list(found.transfer_ids),
    )
