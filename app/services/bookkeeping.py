"""Bookkeeping by hand: accounts opened and transfers booked by those who keep a pool's books."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import ledger as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money
from app.domain.pool import AccountCode
from app.domain.request import date_faults
from app.queries import ledger as queries, pools as pool_queries
from app.services import events, ledger, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.ledger import LedgerAccount, LedgerTransfer
    from app.models.pool import Pool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A transfer as a caller asks for it; a resolution needs only what it resolves."""

    id: uuid.UUID | None
    kind: TransferKind
    debit_account_id: uuid.UUID | None
    credit_account_id: uuid.UUID | None
    amount: Money | None
    resolves_id: uuid.UUID | None
    code: str
    occurred_on: date | None


async def open_account(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    code: str,
    name: str,
    normal_side: Side,
    limit_side: Side | None,
) -> LedgerAccount:
    """Open an account in the pool's ledger. Raises: `account.code_taken`."""
    event = events.NewEvent(
        type="account.opened",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"code": code, "name": name},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    account = ledger.NewAccount(code, name, normal_side, limit_side)
    (opened,) = await ledger.open_accounts(session, moment=moment, book=pools.book(pool), accounts=[account])
    return opened


async def book(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool, wanted: Wanted
) -> LedgerTransfer:
    """Book one transfer, or return the one already booked under its id.

    Commitments are made and given back by pledges only, payouts and recoveries by claims: their accounts
    refuse transfers by hand.

    Raises: what `ledger.post` raises, `transfer.exists_with_different_values`,
    `transfer.fields_missing`, `transfer.memo_account`, `transfer.claim_account`, `request.date_in_future`.
    """
    if wanted.occurred_on is not None:
        refuse_if(date_faults("/occurred_on", wanted.occurred_on, today=moment.today))
    await pool_queries.lock(session, pool.id)
    transfer = await _complete(session, pool, wanted)
    known = await queries.find_transfer(session, pool.id, transfer.id)
    if known is not None:
        _require_same(known, transfer, moment)
        return known
    await _require_cash(session, pool, transfer)
    event = events.NewEvent(
        type=f"transfer.{transfer.kind.value}",
        noun="transfer",
        subject_id=transfer.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        occurred_on=transfer.occurred_on,
        payload={"code": transfer.code, "amount_fen": transfer.amount_fen},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=event.id)
    return await queries.get_transfer(session, pool.id, transfer.id)


async def _complete(session: AsyncSession, pool: Pool, wanted: Wanted) -> ledger.NewTransfer:
    if wanted.amount is not None and wanted.amount.currency != pool.currency:
        raise rules.CURRENCY_MISMATCH.error("/amount/currency")
    transfer_id = wanted.id or new_id()
    if wanted.kind in (TransferKind.post, TransferKind.void):
        if wanted.resolves_id is None:
            raise rules.FIELDS_MISSING.error("/resolves_id", fields="resolves_id")
        pending = await queries.get_transfer(session, pool.id, wanted.resolves_id)
        whole = ledger.resolution(pending, wanted.kind, code=wanted.code)
        amount_fen = wanted.amount.fen if wanted.amount is not None else whole.amount_fen
        return replace(whole, id=transfer_id, amount_fen=amount_fen, occurred_on=wanted.occurred_on)
    if wanted.debit_account_id is None or wanted.credit_account_id is None or wanted.amount is None:
        raise rules.FIELDS_MISSING.error(fields="debit_account_id, credit_account_id, amount")
    return ledger.NewTransfer(
        id=transfer_id,
        kind=wanted.kind,
        debit_account_id=wanted.debit_account_id,
        credit_account_id=wanted.credit_account_id,
        amount_fen=wanted.amount.fen,
        code=wanted.code,
        business_noun="pool",
        business_id=pool.id,
        occurred_on=wanted.occurred_on,
    )


def _require_same(known: LedgerTransfer, transfer: ledger.NewTransfer, moment: Moment) -> None:
    compared = ("kind", "debit_account_id", "credit_account_id", "amount_fen", "resolves_id", "code")
    differing = [name for name in compared if getattr(known, name) != getattr(transfer, name)]
    if known.occurred_on != (transfer.occurred_on or moment.today):
        differing.append("occurred_on")
    if differing:
        raise rules.ID_TAKEN.error("/id", fields=", ".join(differing))


async def _require_cash(session: AsyncSession, pool: Pool, transfer: ledger.NewTransfer) -> None:
    wanted = {transfer.debit_account_id, transfer.credit_account_id}
    for account in await queries.accounts(session, pool.id):
        if account.id in wanted and account.memo:
            raise rules.MEMO_ACCOUNT.error(code=account.code)
        if account.id in wanted and account.code in (AccountCode.compensation, AccountCode.recovered):
            raise rules.CLAIM_ACCOUNT.error(code=account.code)
