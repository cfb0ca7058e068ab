"""Freezing an account: a pending transfer of nothing that only its void gives back (POL-23)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import ledger as rules
from app.domain.ledger import Side, TransferKind
from app.domain.ledger_transfer import NewTransfer
from app.domain.pool import AccountCode
from app.queries import ledger as queries
from app.services import events, ledger, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.ledger import LedgerAccount
    from app.models.pool import Pool


async def freeze(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    account_id: uuid.UUID,
    reason: str,
) -> LedgerAccount:
    """Freeze an account: it takes nothing but voids and expiries of what is pending on it.

    What had been set aside stays so and can be given back, but not posted. Memo accounts are not frozen:
    pledges and claims move them.

    Raises: `account.not_found`, `account.frozen`, `transfer.memo_account`.
    """
    account = await queries.get_account(session, pool.id, account_id)
    if account.memo:
        raise rules.MEMO_ACCOUNT.error(code=account.code)
    (control,) = [
        one.id for one in await queries.accounts(session, pool.id) if one.code == AccountCode.control
    ]
    locked = await queries.lock_accounts(session, pool.id, [account_id, control])
    if any(one.frozen_by is not None for one in locked if one.id == account_id):
        raise rules.FROZEN.error(code=account.code)
    made = NewTransfer(
        debit_account_id=account_id,
        credit_account_id=control,
        amount_fen=0,
        code="account.frozen",
        business_noun="account",
        business_id=account_id,
        kind=TransferKind.pending,
        freezes=Side.debit,
        narrative=reason,
    )
    await _booked(
        session, actor, moment, pool, account=account, made=made, type_="account.frozen", reason=reason
    )
    return await queries.get_account(session, pool.id, account_id)


async def unfreeze(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    account_id: uuid.UUID,
    reason: str,
) -> LedgerAccount:
    """Give a frozen account back: another client than the one that froze it does (RB-02).

    Raises: `account.not_found`, `account.not_frozen`, `account.closed`, `transfer.same_person`.
    """
    account = await queries.get_account(session, pool.id, account_id)
    await queries.lock_accounts(session, pool.id, [account_id])
    account = await queries.get_account(session, pool.id, account_id)
    if account.frozen_by is None:
        raise rules.NOT_FROZEN.error()
    frozen = await queries.get_known(session, pool.id, account.frozen_by)
    if frozen.resolved_by is not None:
        raise rules.CLOSED.error()
    if frozen.maker_id == actor.client_id:
        raise rules.SAME_PERSON.error()
    made = NewTransfer(
        debit_account_id=frozen.transfer.debit_account_id,
        credit_account_id=frozen.transfer.credit_account_id,
        amount_fen=frozen.transfer.amount_fen,
        code="account.unfrozen",
        business_noun="account",
        business_id=account_id,
        kind=TransferKind.void,
        resolves_id=frozen.transfer.id,
        narrative=reason,
    )
    await _booked(
        session, actor, moment, pool, account=account, made=made, type_="account.unfrozen", reason=reason
    )
    return await queries.get_account(session, pool.id, account_id)


async def _booked(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    *,
    account: LedgerAccount,
    made: NewTransfer,
    type_: str,
    reason: str,
) -> None:
    event = events.NewEvent(
        type=type_,
        noun="account",
        subject_id=account.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"code": account.code, "reason": reason, "transfer_id": str(made.id)},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[made], event_id=event.id)
