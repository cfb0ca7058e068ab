"""`/v1/pools/{id}/accounts` and `/transfers`: the double-entry book of a pool."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.ledger import LedgerAccount, LedgerEntry, LedgerTransfer
from app.queries import ledger as queries, pools as pool_queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import MAX_PAGE
from app.schemas.common import MoneyOut, Page
from app.schemas.ledger import AccountIn, AccountOut, EntryOut, TransferIn, TransferOut
from app.services import bookkeeping

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["ledger"])


def account_out(account: LedgerAccount) -> AccountOut:
    """An account as it is shown."""
    currency = account.currency
    return AccountOut(
        id=account.id,
        ledger_id=account.ledger_id,
        code=account.code,
        name=account.name,
        normal_side=account.normal_side,
        limit_side=account.limit_side,
        memo=account.memo,
        debits_posted=MoneyOut.of(account.debits_posted, currency),
        credits_posted=MoneyOut.of(account.credits_posted, currency),
        debits_pending=MoneyOut.of(account.debits_pending, currency),
        credits_pending=MoneyOut.of(account.credits_pending, currency),
        version=account.version,
    )


def transfer_out(transfer: LedgerTransfer) -> TransferOut:
    """A transfer as it is shown."""
    return TransferOut(
        id=transfer.id,
        ledger_id=transfer.ledger_id,
        kind=transfer.kind,
        debit_account_id=transfer.debit_account_id,
        credit_account_id=transfer.credit_account_id,
        amount=MoneyOut.of(transfer.amount_fen, transfer.currency),
        resolves_id=transfer.resolves_id,
        posting_id=transfer.posting_id,
        code=transfer.code,
        business_noun=transfer.business_noun,
        business_id=transfer.business_id,
        occurred_on=transfer.occurred_on,
        recorded_at=transfer.recorded_at,
    )


def entry_out(entry: LedgerEntry, transfer: LedgerTransfer) -> EntryOut:
    """A statement line as it is shown."""
    currency = transfer.currency
    return EntryOut(
        transfer_id=transfer.id,
        account_version=entry.account_version,
        side=entry.side,
        kind=transfer.kind,
        code=transfer.code,
        amount=MoneyOut.of(entry.amount_fen, currency),
        debits_posted=MoneyOut.of(entry.debits_posted, currency),
        credits_posted=MoneyOut.of(entry.credits_posted, currency),
        debits_pending=MoneyOut.of(entry.debits_pending, currency),
        credits_pending=MoneyOut.of(entry.credits_pending, currency),
        occurred_on=transfer.occurred_on,
        recorded_at=transfer.recorded_at,
    )


@router.get("/accounts")
async def accounts(
    pool_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.ledger_read)]
) -> list[AccountOut]:
    """All accounts of the pool with their balances, in one snapshot."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    return [account_out(account) for account in await queries.accounts(unit.session, pool.id)]


@router.post("/accounts", status_code=201, response_model=AccountOut)
async def open_account(
    pool_id: uuid.UUID, body: AccountIn, unit: Annotated[WriteUnit, writes(Permission.ledger_post)]
) -> Response:
    """Open a further account."""
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    account = await bookkeeping.open_account(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool=pool,
        code=body.code,
        name=body.name,
        normal_side=body.normal_side,
        limit_side=body.limit_side,
    )
    return await unit.reply(201, account_out(account))


@router.get("/accounts/{account_id}/entries")
async def entries(
    pool_id: uuid.UUID,
    account_id: uuid.UUID,
    unit: Annotated[ReadUnit, reads(Permission.ledger_read)],
    after: Annotated[int, Query(ge=0, description="Account version to continue after.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Page[EntryOut]:
    """The account's entries in booking order, each with the totals after it."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    account = await queries.get_account(unit.session, pool.id, account_id)
    statement = queries.entries(account.id, after_version=after).limit(limit + 1)
    rows = (await unit.session.execute(statement)).all()
    shown = [entry_out(entry, transfer) for entry, transfer in rows[:limit]]
    more = len(rows) > limit
    return Page(items=shown, next_cursor=str(shown[-1].account_version) if more else None)


@router.post("/transfers", status_code=201, response_model=TransferOut)
async def post(
    pool_id: uuid.UUID, body: TransferIn, unit: Annotated[WriteUnit, writes(Permission.ledger_post)]
) -> Response:
    """Book a transfer: `posted`, `pending`, or the `post` or `void` of a pending one.

    A transfer id sent again with the same values answers with the transfer already booked.
    """
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    wanted = bookkeeping.Wanted(
        id=body.id,
        kind=body.kind,
        debit_account_id=body.debit_account_id,
        credit_account_id=body.credit_account_id,
        amount=body.amount.money if body.amount else None,
        resolves_id=body.resolves_id,
        code=body.code,
        occurred_on=body.occurred_on,
    )
    transfer = await bookkeeping.book(
        unit.session, actor=unit.actor, moment=unit.moment, pool=pool, wanted=wanted
    )
    return await unit.reply(201, transfer_out(transfer))


@router.get("/transfers/{transfer_id}")
async def get(
    pool_id: uuid.UUID, transfer_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.ledger_read)]
) -> TransferOut:
    """One transfer."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    return transfer_out(await queries.get_transfer(unit.session, pool.id, transfer_id))
