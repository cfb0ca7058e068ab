"""Pools: opening one with its ledger and its first scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.fund import SOURCE_ZH
from app.domain.identifiers import new_id
from app.domain.ledger import Side
from app.domain.money import Money
from app.domain.pool import AccountCode, PoolStatus, SourceType
from app.models.fund import FundSource
from app.models.pool import Pool
from app.queries.serials import next_number
from app.services import events, ledger, schemes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.scheme import Terms
    from app.models.ledger import LedgerAccount

ACCOUNTS = (
    ledger.NewAccount(AccountCode.cash, "专户存款", Side.debit, limit_side=Side.credit),
    ledger.NewAccount(AccountCode.contributions, "出资", Side.credit),
    ledger.NewAccount(AccountCode.compensation, "补偿支出", Side.debit),
    ledger.NewAccount(AccountCode.recovered, "追偿回收", Side.credit),
    ledger.NewAccount(AccountCode.interest, "利息收入", Side.credit),
    ledger.NewAccount(AccountCode.interest_receivable, "应收利息", Side.debit),
    ledger.NewAccount(AccountCode.fees, "管理费", Side.debit),
    ledger.NewAccount(AccountCode.covered, "已承诺本金（备查）", Side.debit, memo=True),
    ledger.NewAccount(AccountCode.cover_obligation, "承诺对应（备查）", Side.credit, memo=True),
    ledger.NewAccount(AccountCode.control, "冻结对应（备查）", Side.credit, memo=True),
)


async def open_pool(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    name: str,
    currency: str,
    scheme: Terms,
    second_person_from: Money | None = None,
) -> Pool:
    """Open a pool managed by the caller, in the caller's district, with its accounts and first scheme.

    Raises what `schemes.require_sound` raises.
    """
    schemes.require_sound(scheme, pointer="/scheme")
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
        second_person_fen=second_person_from.fen if second_person_from is not None else None,
        status=PoolStatus.active.value,
        event_id=event.id,
        recorded_at=moment.now,
        version=1,
    )
    session.add(pool)
    await session.flush()
    accounts = await ledger.open_accounts(session, moment=moment, book=book(pool), accounts=ACCOUNTS)
    session.add(_own_money(pool, accounts, moment))
    session.add(schemes.version(pool, scheme, 1, event.id, moment))
    await session.flush()
    return pool


def _own_money(pool: Pool, accounts: Sequence[LedgerAccount], moment: Moment) -> FundSource:
    """The source that nobody pays in: interest, and what else comes in for the pool itself (RP-19)."""
    account = next(one for one in accounts if one.code == AccountCode.interest)
    return FundSource(
        id=new_id(),
        district_code=pool.district_code,
        pool_id=pool.id,
        type=SourceType.interest.value,
        name=SOURCE_ZH[SourceType.interest],
        committed_fen=0,
        eligible_ip=None,
        eligible_districts=None,
        purpose=None,
        account_id=account.id,
        effective_from=moment.today,
        event_id=pool.event_id,
        recorded_at=moment.now,
    )


def book(pool: Pool) -> ledger.Book:
    """The pool's ledger."""
    return ledger.Book(pool.id, pool.district_code, pool.currency)
