"""`/v1/pools/{id}/accounts`: the accounts of a pool's double-entry book."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.ledger import LedgerAccount, LedgerEntry, LedgerTransfer
from app.queries import ledger as queries, pools as pool_queries
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import MAX_PAGE
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.ledger import AccountIn, AccountOut, EntryOut, HoldingOut, PendingOut
from app.services import bookkeeping

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["ledger"])

MAX_HOLDS = 1_000
SHOWN = (
    "id",
    "ledger_id",
    "code",
    "name",
    "currency",
    "normal_side",
    "limit_side",
    "memo",
    "frozen_by",
    "debits_posted",
    "credits_posted",
    "debits_pending",
    "credits_pending",
    "version",
)


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
        frozen_by=account.frozen_by,
        debits_posted=MoneyOut.of(account.debits_posted, currency),
        credits_posted=MoneyOut.of(account.credits_posted, currency),
        debits_pending=MoneyOut.of(account.debits_pending, currency),
        credits_pending=MoneyOut.of(account.credits_pending, currency),
        version=account.version,
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


@router.get("/accounts/{account_id}")
async def holding(
    pool_id: uuid.UUID, account_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.ledger_read)]
) -> HoldingOut:
    """An account's balance, what is pending on it and its last entry, all of one moment."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = await queries.holding(unit.session, pool.id, account_id, limit=MAX_HOLDS)
    currency = found.account["currency"]
    return HoldingOut(
        account=account_out(LedgerAccount(**{name: found.account[name] for name in SHOWN})),
        last_entry=_last_out(found.last, currency) if found.last is not None else None,
        held=found.held,
        holds=[
            PendingOut(
                transfer_id=hold["id"],
                side=hold["side"],
                code=hold["code"],
                amount=MoneyOut.of(hold["amount_fen"], currency),
                freezes=hold["freezes"],
                business_noun=hold["business_noun"],
                business_id=hold["business_id"],
                occurred_on=hold["occurred_on"],
                expires_on=hold["expires_on"],
            )
            for hold in found.holds
        ],
    )


def _last_out(last: Mapping[str, Any], currency: str) -> EntryOut:
    amounts = ("amount", "debits_posted", "credits_posted", "debits_pending", "credits_pending")
    money = {
        name: MoneyOut.of(last["amount_fen" if name == "amount" else name], currency) for name in amounts
    }
    return EntryOut.model_validate({**last, **money})


@router.post("/accounts/{account_id}/freeze", response_model=AccountOut)
async def freeze(
    pool_id: uuid.UUID,
    account_id: uuid.UUID,
    body: ReasonIn,
    unit: Annotated[WriteUnit, writes(Permission.ledger_post)],
) -> Response:
    """Freeze an account: it takes nothing but voids and expiries until it is given back."""
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    account = await bookkeeping.freeze(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool=pool,
        account_id=account_id,
        reason=body.reason,
    )
    return await unit.reply(200, account_out(account))


@router.post("/accounts/{account_id}/unfreeze", response_model=AccountOut)
async def unfreeze(
    pool_id: uuid.UUID,
    account_id: uuid.UUID,
    body: ReasonIn,
    unit: Annotated[WriteUnit, writes(Permission.ledger_post)],
) -> Response:
    """Give a frozen account back, by the void of the transfer that froze it."""
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    account = await bookkeeping.unfreeze(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool=pool,
        account_id=account_id,
        reason=body.reason,
    )
    return await unit.reply(200, account_out(account))


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
