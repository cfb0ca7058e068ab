"""Taking in a statement: read whole, judged whole, continued from the one before, matched at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import bank_statement as rules, bank_statement_row as row_rules, imports as import_rules
from app.domain.bank_statement_row import StatementLine, signed
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.identifiers import new_id, new_ids
from app.domain.money import MAX_FEN, RANGE, Money, format_amount
from app.domain.pool import CURRENCY_MISMATCH
from app.domain.request import date_faults
from app.models.bank_statement import BankStatement
from app.queries import (
    bank_statements as queries,
    documents as document_queries,
    pools as pool_queries,
)
from app.queries.driver import driver
from app.queries.serials import next_number
from app.services import events
from app.services.bank_statements.matching import tell_unmatched, told
from app.services.imports.cells import rows_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pool import Pool

MAX_FAULTS = 100
"""Of one file that are told at once."""


@dataclass(frozen=True, slots=True)
class NewStatement:
    """A file uploaded before as a document; what is not given is taken from it and the statement before."""

    document_id: uuid.UUID
    begins_on: date | None = None
    ends_on: date | None = None
    opening: Money | None = None
    closing: Money | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Days and balances of a statement."""

    begins_on: date
    ends_on: date
    opening_fen: int
    closing_fen: int


_LINES = """
INSERT INTO bank_statement_lines (id, district_code, statement_id, ledger_id, ordinal, occurred_on,
  amount_fen, counterparty, reference, status, version)
SELECT id, $2, $3, $4, ordinal, occurred_on, amount_fen, counterparty, reference, 'unmatched', 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, ordinal bigint, occurred_on date, amount_fen bigint,
  counterparty text, reference text)
"""


async def take_in(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, new: NewStatement
) -> BankStatement:
    """Keep a statement with its lines and match them; the manager learns of what matches nothing.

    Raises: `pool.not_found`, `document.not_found`, `bank_statement.duplicate`, the objections of the file
    all at once (`import.…`, `bank_statement.…`), `bank_statement.not_next`, `.opening_differs`,
    `request.date_in_future`.
    """
    seen = await pool_queries.keep_book(session, actor, pool_id)
    document = await document_queries.get(session, actor, new.document_id, pointer="/document_id")
    pool = await pool_queries.lock(session, seen.id)
    sha256 = bytes.fromhex(document.sha256)
    known = await queries.of_file(session, pool.id, sha256)
    if known is not None:
        raise rules.DUPLICATE.error("/document_id", number=known.number)
    refuse_if(_currency_faults(pool, new))
    lines = _read(await document_queries.content(session, document), document.name)
    frame = _frame(lines, new, await queries.last(session, pool.id), moment.today)
    statement = BankStatement(
        id=new_id(),
        district_code=pool.district_code,
        number=await next_number(session, "bank_statement", pool.district_code, moment.today),
        ledger_id=pool.id,
        begins_on=frame.begins_on,
        ends_on=frame.ends_on,
        opening_fen=frame.opening_fen,
        closing_fen=frame.closing_fen,
        sha256=sha256,
        event_id=new_id(),
        recorded_at=moment.now,
    )
    facts: dict[str, object] = {
        "begins_on": str(frame.begins_on),
        "ends_on": str(frame.ends_on),
        "document_id": str(document.id),
        "lines": len(lines),
    }
    event = told(pool, statement, "imported", facts)
    statement.event_id = event.id
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(statement)
    await session.flush()
    await _write(session, statement, lines)
    await queries.match(session, pool.id)
    await tell_unmatched(session, moment=moment, pool=pool, statement=statement, event=event)
    return statement


def _currency_faults(pool: Pool, new: NewStatement) -> list[Violation]:
    return [
        CURRENCY_MISMATCH.violation(f"/{name}/currency", currency=pool.currency)
        for name, money in (("opening", new.opening), ("closing", new.closing))
        if money is not None and money.currency != pool.currency
    ]


def _read(content: bytes, name: str) -> list[StatementLine]:
    lines: list[StatementLine] = []
    faults: list[Violation] = []
    for line, cells, row in rows_of(content, name, row_rules.COLUMNS, column=row_rules.column):
        try:
            if len(cells) != len(row):
                raise import_rules.ROW_WIDTH.error(f"/lines/{line}", cells=len(cells), columns=len(row))
            lines.append(row_rules.read_line(row, line=line))
        except DomainError as refused:
            faults += refused.violations
    refuse_if(faults[:MAX_FAULTS])
    return row_rules.in_order(lines)


def _frame(
    lines: Sequence[StatementLine], new: NewStatement, before: BankStatement | None, today: date
) -> _Frame:
    """Days and balances, all that contradicts them at once."""
    next_on = before.ends_on + timedelta(days=1) if before else None
    begins_on = new.begins_on or next_on or (lines[0].occurred_on if lines else None)
    ends_on = new.ends_on or (lines[-1].occurred_on if lines else None)
    if begins_on is None or ends_on is None:
        raise rules.DAYS_UNKNOWN.error("/ends_on" if begins_on else "/begins_on")
    told_opening = new.opening.fen if new.opening is not None else row_rules.opening(lines)
    opening = told_opening if told_opening is not None else (before.closing_fen if before else None)
    if opening is None:
        raise rules.OPENING_UNKNOWN.error("/opening")
    closing = opening + sum(one.amount_fen for one in lines)
    faults = date_faults("/ends_on", ends_on, today=today)
    if ends_on < begins_on:
        faults.append(rules.DAYS_WRONG.violation("/ends_on", begins_on=begins_on, ends_on=ends_on))
    faults += [
        rules.LINE_OUTSIDE.violation(
            f"/lines/{one.line}/date", day=one.occurred_on, begins_on=begins_on, ends_on=ends_on
        )
        for one in lines
        if not begins_on <= one.occurred_on <= ends_on
    ]
    faults += row_rules.broken(lines, opening)
    if new.closing is not None and new.closing.fen != closing:
        faults.append(
            rules.SUM_DIFFERS.violation("/closing", computed=signed(closing), given=signed(new.closing.fen))
        )
    faults += [
        rules.OVERDRAWN.violation(pointer, given=signed(fen))
        for pointer, fen in (("/opening", opening), ("/closing", closing))
        if fen < 0
    ]
    faults += [
        RANGE.violation(pointer, given=signed(fen), maximum=format_amount(MAX_FEN))
        for pointer, fen in (("/opening", opening), ("/closing", closing))
        if fen > MAX_FEN
    ]
    if before is not None and next_on is not None:
        faults += _continuity_faults(before, next_on, begins_on, opening)
    refuse_if(faults[:MAX_FAULTS])
    return _Frame(begins_on, ends_on, opening, closing)


def _continuity_faults(
    before: BankStatement, next_on: date, begins_on: date, opening_fen: int
) -> list[Violation]:
    faults: list[Violation] = []
    if begins_on != next_on:
        faults.append(rules.NOT_NEXT.violation("/begins_on", expected=next_on, given=begins_on))
    if opening_fen != before.closing_fen:
        faults.append(
            rules.OPENING_DIFFERS.violation(
                "/opening", expected=signed(before.closing_fen), given=signed(opening_fen)
            )
        )
    return faults


async def _write(session: AsyncSession, statement: BankStatement, lines: Sequence[StatementLine]) -> None:
    rows = [
        {
            "id": str(line_id),
            "ordinal": ordinal,
            "occurred_on": str(one.occurred_on),
            "amount_fen": one.amount_fen,
            "counterparty": one.counterparty,
            "reference": one.reference,
        }
        for ordinal, (line_id, one) in enumerate(zip(new_ids(len(lines)), lines, strict=True), start=1)
    ]
    await (await driver(session)).execute(
        _LINES,
        json.dumps(rows, ensure_ascii=False),
        statement.district_code,
        statement.id,
        statement.ledger_id,
    )
