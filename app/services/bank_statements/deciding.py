"""Deciding on lines by hand: the transfer a line means, why there is none, and taking that back."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import approval as approval_rules, bank_statement as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.bank_statement import LineEvent, LineStatus, MatchRule
from app.domain.errors import refuse_if
from app.queries import bank_statements as queries, ledger as ledger_queries, pools as pool_queries
from app.services import approvals, events, periods
from app.services.bank_statements.matching import told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.bank_statement import BankStatement, BankStatementLine
    from app.models.pool import Pool


async def match_by_hand(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    statement_id: uuid.UUID,
    line_id: uuid.UUID,
    transfer_id: uuid.UUID,
) -> BankStatementLine:
    """Say which transfer a line means: it must move the special account by that amount, that way.

    Raises: `pool.not_found`, `bank_statement.not_found`, `.line_not_found`, `transfer.not_found`,
    `state.illegal_transition`, `bank_statement.transfer_differs`, `.transfer_taken`.
    """
    pool, statement, line = await _lock(session, actor, pool_id, statement_id, line_id)
    transfer = await ledger_queries.get_transfer(session, pool.id, transfer_id)
    line.advance(LineEvent.match)
    with session.no_autoflush:
        if await queries.cash_moved(session, pool.id, transfer.id) != line.amount_fen:
            raise rules.TRANSFER_DIFFERS.error("/transfer_id")
        if await queries.line_of_transfer(session, pool.id, transfer.id) is not None:
            raise rules.TRANSFER_TAKEN.error("/transfer_id")
    line.transfer_id = transfer.id
    line.rule = MatchRule.by_hand.value
    await _record(session, actor, moment, told(pool, statement, "line_matched", _of(line)))
    return line


async def unmatch(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    statement_id: uuid.UUID,
    line_id: uuid.UUID,
) -> BankStatementLine:
    """Take back what a line was matched with or how it was explained; not if a closed period rests on it.

    Raises: `pool.not_found`, `bank_statement.not_found`, `.line_not_found`, `state.illegal_transition`,
    `period.closed`.
    """
    pool, statement, line = await _lock(session, actor, pool_id, statement_id, line_id)
    before = _of(line)
    line.advance(LineEvent.unmatch)
    with session.no_autoflush:
        first = await _first_day(session, pool, line)
        refuse_if(
            await periods.booking_faults(session, pool.id, first, adjustment=True, pointer="path:line_id")
        )
    line.transfer_id = line.rule = line.reason = None
    await _record(session, actor, moment, told(pool, statement, "line_unmatched", before))
    return line


async def explain(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    statement_id: uuid.UUID,
    line_id: uuid.UUID,
    reason: str,
) -> BankStatementLine:
    """Say why a line has no transfer, as another client than the one that brought the statement.

    Raises: `pool.not_found`, `bank_statement.not_found`, `.line_not_found`, `approval.same_person`,
    `state.illegal_transition`.
    """
    pool, statement, line = await _lock(session, actor, pool_id, statement_id, line_id)
    if await queries.importer(session, statement) == actor.client_id:
        raise approval_rules.SAME_PERSON.error()
    rules.LINE.next(LineStatus(line.status), LineEvent.explain)
    event = told(pool, statement, "line_explained", _of(line) | {"reason": reason})
    await events.record(session, actor=actor, moment=moment, events=[event])
    # Before the line: the database looks for the decision when the line is written.
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.check,
        decision=Decision.approved,
        round_no=line.version + 1,
        reason=reason,
        subject_id=line.id,
    )
    line.advance(LineEvent.explain)
    line.reason = reason
    await session.flush()
    return line


async def _lock(
    session: AsyncSession,
    actor: Actor,
    pool_id: uuid.UUID,
    statement_id: uuid.UUID,
    line_id: uuid.UUID,
) -> tuple[Pool, BankStatement, BankStatementLine]:
    """The line under the lock of its pool, so that no period is closed meanwhile."""
    seen = await pool_queries.keep_book(session, actor, pool_id)
    pool = await pool_queries.lock(session, seen.id)
    statement = await queries.get(session, pool.id, statement_id)
    return pool, statement, await queries.lock_line(session, statement, line_id)


async def _first_day(session: AsyncSession, pool: Pool, line: BankStatementLine) -> date:
    """The earlier of the line's day and its transfer's: what is in transit bears the months between."""
    if line.transfer_id is None:
        return line.occurred_on
    transfer = await ledger_queries.get_transfer(session, pool.id, line.transfer_id)
    return min(line.occurred_on, transfer.occurred_on)


def _of(line: BankStatementLine) -> dict[str, object]:
    facts: dict[str, object] = {"line_id": str(line.id), "amount_fen": line.amount_fen}
    if line.transfer_id is not None:
        facts["transfer_id"] = str(line.transfer_id)
    if line.status == LineStatus.explained:
        facts["reason"] = line.reason
    return facts


async def _record(session: AsyncSession, actor: Actor, moment: Moment, event: events.NewEvent) -> None:
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
