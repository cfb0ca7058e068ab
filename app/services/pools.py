"""Pools: opening one with its ledger and scheme, paying money in, and giving commitments back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import pool as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money
from app.domain.pool import AccountCode, CommitmentStatus, PoolStatus, SharingParty, SourceType
from app.domain.request import date_faults
from app.models.pool import Pool, Scheme
from app.queries import ledger as ledger_queries, pools as queries
from app.queries.serials import next_number
from app.services import events, ledger, pool_breakers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

ACCOUNTS = (
    ledger.NewAccount(AccountCode.cash, "专户存款", Side.debit, limit_side=Side.credit),
    ledger.NewAccount(AccountCode.contributions, "出资", Side.credit),
    ledger.NewAccount(AccountCode.compensation, "补偿支出", Side.debit),
    ledger.NewAccount(AccountCode.recovered, "追偿回收", Side.credit),
    ledger.NewAccount(AccountCode.covered, "已承诺本金（备查）", Side.debit, memo=True),
    ledger.NewAccount(AccountCode.cover_obligation, "承诺对应（备查）", Side.credit, memo=True),
)


@dataclass(frozen=True, slots=True)
class NewScheme:
    """Parameters of a scheme version. `shares_bp`: basis points per sharing party, summing to 10 000."""

    code: str
    effective_from: date
    leverage_multiple: int
    shares_bp: Mapping[SharingParty, int]
    legal_basis: str
    household_cap: Money | None = None
    effective_to: date | None = None
    overdue_days: int = 60
    claim_window_days: int = 180
    publicity_days: int = 5
    claim_cap: Money | None = None
    npl_warn_bp: int = 300
    npl_suspend_bp: int = 500
    paid_ratio_suspend_bp: int = 5_000
    accepts_expired_valuations: bool = False


async def open_pool(
    session: AsyncSession, *, actor: Actor, moment: Moment, name: str, currency: str, scheme: NewScheme
) -> Pool:
    """Open a pool managed by the caller, in the caller's district, with its accounts and first scheme.

    Raises: `pool.shares_not_whole`, `pool.currency_mismatch`, `pool.period_invalid`,
    `pool.thresholds_invalid`.
    """
    _require_sound(scheme, currency)
    pool_id = new_id()
    event = events.NewEvent(
        type="pool.opened",
        noun="pool",
        subject_id=pool_id,
        stream=actor.district_code,
        audience=[actor.organisation_id],
        payload={"name": name, "scheme": scheme.code},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    pool = Pool(
        id=pool_id,
        district_code=actor.district_code,
        number=await next_number(session, "pool", actor.district_code, moment.today),
        name=name,
        manager_id=actor.organisation_id,
        currency=currency,
        status=PoolStatus.active.value,
        event_id=event.id,
        recorded_at=moment.now,
        version=1,
    )
    session.add(pool)
    await session.flush()
    await ledger.open_accounts(session, moment=moment, book=book(pool), accounts=ACCOUNTS)
    session.add(_scheme(pool, scheme, 1, event.id, moment))
    await session.flush()
    return pool


async def add_scheme(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, scheme: NewScheme
) -> Scheme:
    """Put a further scheme version in effect; commitments made before keep theirs (RP-03).

    The breaker goes by what is in effect today, so it is evaluated.

    Raises: `pool.not_found`, `pool.shares_not_whole`, `pool.currency_mismatch`, `pool.period_invalid`,
    `pool.thresholds_invalid`.
    """
    pool = await queries.lock_managed(session, actor, pool_id)
    _require_sound(scheme, pool.currency)
    version = len(await queries.schemes(session, pool.id)) + 1
    event = events.NewEvent(
        type="pool.scheme_added",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"scheme": scheme.code, "version": version},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    added = _scheme(pool, scheme, version, event.id, moment)
    session.add(added)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return added


async def contribute(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    source: SourceType,
    amount: Money,
    occurred_on: date,
) -> uuid.UUID:
    """Book money paid into the pool's special account; returns the transfer's id.

    Raises: `pool.not_found`, `pool.currency_mismatch`, `request.date_in_future`.
    """
    pool = await queries.lock_managed(session, actor, pool_id)
    refuse_if(
        _currency_faults("/amount", amount, pool.currency)
        + date_faults("/occurred_on", occurred_on, today=moment.today)
    )
    accounts = {account.code: account for account in await ledger_queries.accounts(session, pool.id)}
    transfer = ledger.NewTransfer(
        debit_account_id=accounts[AccountCode.cash].id,
        credit_account_id=accounts[AccountCode.contributions].id,
        amount_fen=amount.fen,
        code=f"contribution.{source.value}",
        business_noun="pool",
        business_id=pool.id,
        occurred_on=occurred_on,
    )
    event = events.NewEvent(
        type="pool.contributed",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        occurred_on=occurred_on,
        payload={"source": source.value, "amount_fen": amount.fen, "transfer_id": str(transfer.id)},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.post(session, moment=moment, book=book(pool), transfers=[transfer], event_id=event.id)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return transfer.id


async def release(
    session: AsyncSession, *, moment: Moment, pledge_id: uuid.UUID, event_id: uuid.UUID, released_on: date
) -> int:
    """Give back the capacity reserved for a pledge; returns the covered principal released, in fen."""
    commitment = await queries.live_commitment(session, pledge_id)
    if commitment is None:
        return 0
    pool = await queries.lock(session, commitment.pool_id)
    pending = await ledger_queries.get_transfer(session, pool.id, commitment.transfer_id)
    void = ledger.resolution(pending, TransferKind.void, code="commitment.released")
    await ledger.post(session, moment=moment, book=book(pool), transfers=[void], event_id=event_id)
    commitment.release(CommitmentStatus.released, released_on)
    await session.flush()
    return commitment.covered_fen


def book(pool: Pool) -> ledger.Book:
    """The pool's ledger."""
    return ledger.Book(pool.id, pool.district_code, pool.currency)


def _require_sound(scheme: NewScheme, currency: str) -> None:
    found: list[Violation] = []
    total = sum(scheme.shares_bp.values())
    if total != rules.FULL_SHARE_BP:
        found.append(rules.SHARES_NOT_WHOLE.violation("/scheme/shares_bp", total_bp=total))
    if scheme.household_cap is not None:
        found += _currency_faults("/scheme/household_cap", scheme.household_cap, currency)
    if scheme.claim_cap is not None:
        found += _currency_faults("/scheme/claim_cap", scheme.claim_cap, currency)
    if scheme.npl_warn_bp > scheme.npl_suspend_bp:
        found.append(rules.THRESHOLDS_INVALID.violation("/scheme/npl_warn_bp"))
    if scheme.effective_to is not None and scheme.effective_to < scheme.effective_from:
        found.append(rules.PERIOD_INVALID.violation("/scheme/effective_to"))
    refuse_if(found)


def _currency_faults(pointer: str, amount: Money, currency: str) -> list[Violation]:
    if amount.currency == currency:
        return []
    return [rules.CURRENCY_MISMATCH.violation(f"{pointer}/currency", currency=currency)]


def _scheme(pool: Pool, new: NewScheme, version: int, event_id: uuid.UUID, moment: Moment) -> Scheme:
    return Scheme(
        id=new_id(),
        district_code=pool.district_code,
        pool_id=pool.id,
        code=new.code,
        scheme_version=version,
        effective_from=new.effective_from,
        effective_to=new.effective_to,
        legal_basis=new.legal_basis,
        leverage_multiple=new.leverage_multiple,
        household_cap_fen=new.household_cap.fen if new.household_cap is not None else None,
        shares_bp={party.value: share for party, share in new.shares_bp.items()},
        overdue_days=new.overdue_days,
        claim_window_days=new.claim_window_days,
        publicity_days=new.publicity_days,
        claim_cap_fen=new.claim_cap.fen if new.claim_cap is not None else None,
        npl_warn_bp=new.npl_warn_bp,
        npl_suspend_bp=new.npl_suspend_bp,
        paid_ratio_suspend_bp=new.paid_ratio_suspend_bp,
        accepts_expired_valuations=new.accepts_expired_valuations,
        event_id=event_id,
        recorded_at=moment.now,
    )
