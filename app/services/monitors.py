"""Monitors: setting a threshold on an account's balance, and ending it (POL-22)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import ledger as ledger_rules, monitor as rules
from app.domain.identifiers import new_id
from app.domain.monitor import Crossing, MonitorField
from app.models.ledger import Monitor
from app.queries import ledger as ledger_queries, monitors as queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.money import Money
    from app.domain.permission import Actor
    from app.models.pool import Pool


async def add(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    account_code: str,
    field: MonitorField,
    crossing: Crossing,
    threshold: Money,
) -> Monitor:
    """Watch a balance from now on; being beyond the threshold already is no crossing.

    The account is locked meanwhile, so that no posting comes between the look and the watch.
    Raises: `account.not_found`, `transfer.currency_mismatch`, `monitor.memo_account`.
    """
    if threshold.currency != pool.currency:
        raise ledger_rules.CURRENCY_MISMATCH.error("/threshold/currency")
    found = [one for one in await ledger_queries.accounts(session, pool.id) if one.code == account_code]
    if not found:
        raise ledger_rules.ACCOUNT_NOT_FOUND.error("/account_code")
    if found[0].memo:
        raise rules.MEMO_ACCOUNT.error("/account_code", code=account_code)
    await ledger_queries.lock_accounts(session, pool.id, [found[0].id])
    account = await ledger_queries.get_account(session, pool.id, found[0].id)
    monitor_id = new_id()
    event = _event(pool, monitor_id, "added", account_code=account_code, threshold_fen=threshold.fen)
    await events.record(session, actor=actor, moment=moment, events=[event])
    monitor = Monitor(
        id=monitor_id,
        district_code=pool.district_code,
        ledger_id=pool.id,
        account_code=account_code,
        field=field.value,
        crossing=crossing.value,
        threshold_fen=threshold.fen,
        crossed=rules.crossed(crossing, rules.balance(field, account), threshold.fen),
        ended_on=None,
        event_id=event.id,
        recorded_at=moment.now,
        version=1,
    )
    session.add(monitor)
    await session.flush()
    return monitor


async def end(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool, monitor_id: uuid.UUID
) -> Monitor:
    """Watch no more. Raises: `monitor.not_found`, `monitor.ended`."""
    monitor = await queries.lock(session, pool.id, monitor_id)
    if monitor.ended_on is not None:
        raise rules.ENDED.error()
    event = _event(pool, monitor.id, "ended", account_code=monitor.account_code)
    await events.record(session, actor=actor, moment=moment, events=[event])
    monitor.end(moment.today)
    await session.flush()
    return monitor


def _event(pool: Pool, monitor_id: uuid.UUID, what: str, **payload: object) -> events.NewEvent:
    return events.NewEvent(
        type=f"monitor.{what}",
        noun="monitor",
        subject_id=monitor_id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"pool_id": str(pool.id), **payload},
    )
