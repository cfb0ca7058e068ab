"""Matching lines with transfers of the special account, rule by rule."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain.notice import NoticeKind
from app.queries import bank_statements as queries, pools as pool_queries
from app.services import events, notices

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.bank_statement import BankStatement
    from app.models.pool import Pool


async def match(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, statement_id: uuid.UUID
) -> BankStatement:
    """Look again for transfers that unmatched lines mean, of this statement and those before it.

    Raises: `pool.not_found`, `bank_statement.not_found`.
    """
    pool = await pool_queries.keep_book(session, actor, pool_id)
    pool = await pool_queries.lock(session, pool.id)
    statement = await queries.get(session, pool.id, statement_id)
    found = await queries.match(session, pool.id)
    event = told(pool, statement, "matched", {rule.value: count for rule, count in found.items()})
    await events.record(session, actor=actor, moment=moment, events=[event])
    return statement


async def tell_unmatched(
    session: AsyncSession, *, moment: Moment, pool: Pool, statement: BankStatement, event: events.NewEvent
) -> None:
    """Tell the manager how many lines of a new statement wait for a decision."""
    tally = (await queries.tallies(session, [statement.id]))[statement.id]
    if tally.unmatched:
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.statement_unmatched,
            recipients=[pool.manager_id],
            facts={"number": statement.number, "lines": tally.unmatched},
        )


def told(pool: Pool, statement: BankStatement, what: str, facts: dict[str, object]) -> events.NewEvent:
    """What happened to a statement, for those who keep the pool's books."""
    return events.NewEvent(
        type=f"bank_statement.{what}",
        noun="bank_statement",
        subject_id=statement.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"pool_id": str(pool.id), "number": statement.number, **facts},
    )
