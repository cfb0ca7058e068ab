"""Watching balances: the monitors of the accounts a posting moved tell what was crossed, once (POL-22)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from app.domain.money import format_amount
from app.domain.monitor import Crossing, MonitorField, balance, crossed
from app.domain.notice import NoticeKind
from app.domain.permission import system_actor
from app.queries import monitors as queries
from app.services import events, notices

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.services.ledger.opening import Book


async def evaluate(
    session: AsyncSession, *, moment: Moment, book: Book, account_ids: Collection[uuid.UUID]
) -> None:
    """Bring monitors in line with the balances of accounts that the caller has locked.

    A crossing is an event of the pool and a notice to its manager; the way back is noted only.
    """
    found = await queries.of_accounts(session, book.ledger_id, account_ids)
    for monitor, account, manager_id in found:
        shown = balance(MonitorField(monitor.field), account)
        now = crossed(Crossing(monitor.crossing), shown, monitor.threshold_fen)
        if now == monitor.crossed:
            continue
        monitor.turn(now)
        if not now:
            continue
        facts = {
            "code": account.code,
            "balance": format_amount(shown),
            "threshold": format_amount(monitor.threshold_fen),
        }
        event = events.NewEvent(
            type="account.balance_crossed",
            noun="monitor",
            subject_id=monitor.id,
            stream=book.district_code,
            audience=[manager_id],
            payload={
                "pool_id": str(book.ledger_id),
                "account_code": account.code,
                "field": monitor.field,
                "crossing": monitor.crossing,
                "balance_fen": shown,
                "threshold_fen": monitor.threshold_fen,
            },
        )
        await events.record(session, actor=system_actor("monitor"), moment=moment, events=[event])
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.balance_crossed,
            recipients=[manager_id],
            facts=facts,
        )
    await session.flush()
