"""`/v1/pools/{id}/bank-statements`: what the bank says of the special account, line by line."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.bank_statement import LineStatus
from app.domain.permission import Permission
from app.models.bank_statement import BankStatement, BankStatementLine
from app.models.pool import Pool
from app.queries import bank_statements as queries, pools as pool_queries
from app.queries.paging import PageRequest, page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.bank_statement import (
    BankDifferencesOut,
    BankStatementIn,
    BankStatementLineOut,
    BankStatementOut,
    LineMatchIn,
    MissingOut,
)
from app.schemas.common import MAX_ROWS, MoneyOut, Page, ReasonIn
from app.services import bank_statements

router = APIRouter(prefix="/v1/pools/{pool_id}/bank-statements", tags=["bank statements"])

Reading = Annotated[ReadUnit, reads(Permission.ledger_read)]
Writing = Annotated[WriteUnit, writes(Permission.bank_statement_write)]


async def _outs(
    unit: ReadUnit | WriteUnit, pool: Pool, rows: Sequence[BankStatement]
) -> list[BankStatementOut]:
    tallies = await queries.tallies(unit.session, [row.id for row in rows])
    return [
        BankStatementOut(
            id=row.id,
            number=row.number,
            ledger_id=row.ledger_id,
            begins_on=row.begins_on,
            ends_on=row.ends_on,
            opening=MoneyOut.of(row.opening_fen, pool.currency),
            closing=MoneyOut.of(row.closing_fen, pool.currency),
            file_sha256=row.sha256.hex(),
            matched=tallies[row.id].matched,
            unmatched=tallies[row.id].unmatched,
            explained=tallies[row.id].explained,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]


def _direction(fen: int) -> str:
    return "in" if fen > 0 else "out"


def _line(row: BankStatementLine, currency: str) -> BankStatementLineOut:
    return BankStatementLineOut(
        id=row.id,
        ordinal=row.ordinal,
        occurred_on=row.occurred_on,
        direction=_direction(row.amount_fen),
        amount=MoneyOut.of(abs(row.amount_fen), currency),
        counterparty=row.counterparty,
        reference=row.reference,
        status=row.status,
        rule=row.rule,
        transfer_id=row.transfer_id,
        reason=row.reason,
        version=row.version,
    )


async def _answer(unit: WriteUnit, pool_id: uuid.UUID, row: BankStatementLine) -> Response:
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    return await unit.reply(200, _line(row, pool.currency), headers={"ETag": etag(row.version)})


@router.post("", status_code=201, response_model=BankStatementOut)
async def take_in(pool_id: uuid.UUID, body: BankStatementIn, unit: Writing) -> Response:
    """Take in a statement that continues the one before; its lines are matched with the ledger at once."""
    new = bank_statements.NewStatement(
        document_id=body.document_id,
        begins_on=body.begins_on,
        ends_on=body.ends_on,
        opening=body.opening.money if body.opening else None,
        closing=body.closing.money if body.closing else None,
    )
    row = await bank_statements.take_in(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, new=new
    )
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    [shown] = await _outs(unit, pool, [row])
    return await unit.reply(201, shown)


@router.get("")
async def search(pool_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[BankStatementOut]:
    """All statements of the pool's special account."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    found = await page(unit.session, queries.of_pool(pool.id), BankStatement.id, paging.wanted)
    return paging.answer(found, await _outs(unit, pool, found.rows))


@router.get("/{statement_id}")
async def get(pool_id: uuid.UUID, statement_id: uuid.UUID, unit: Reading) -> BankStatementOut:
    """One statement."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    [shown] = await _outs(unit, pool, [await queries.get(unit.session, pool.id, statement_id)])
    return shown


@router.get("/{statement_id}/lines")
async def lines(
    pool_id: uuid.UUID,
    statement_id: uuid.UUID,
    unit: Reading,
    paging: PageDep,
    *,
    status: LineStatus | None = None,
) -> Page[BankStatementLineOut]:
    """The lines of a statement in the order of the bank."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    statement = await queries.get(unit.session, pool.id, statement_id)
    wanted = queries.lines(statement, status=status)
    found = await page(unit.session, wanted, BankStatementLine.id, paging.wanted)
    return paging.answer(found, [_line(row, pool.currency) for row in found.rows])


@router.get("/{statement_id}/differences")
async def differences(pool_id: uuid.UUID, statement_id: uuid.UUID, unit: Reading) -> BankDifferencesOut:
    """What only the ledger has, and what only the bank has, over the statement's days."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    statement = await queries.get(unit.session, pool.id, statement_id)
    tally = (await queries.tallies(unit.session, [statement.id]))[statement.id]
    count, missing = await queries.missing(unit.session, statement, MAX_ROWS)
    wanted = queries.lines(statement, status=LineStatus.unmatched)
    extra = await page(unit.session, wanted, BankStatementLine.id, PageRequest(limit=MAX_ROWS))
    return BankDifferencesOut(
        matched=tally.matched,
        missing_count=count,
        extra_count=tally.unmatched,
        missing=[
            MissingOut(
                transfer_id=one.transfer_id,
                occurred_on=one.occurred_on,
                direction=_direction(one.amount_fen),
                amount=MoneyOut.of(abs(one.amount_fen), pool.currency),
                code=one.code,
            )
            for one in missing
        ],
        extra=[_line(row, pool.currency) for row in extra.rows],
    )


@router.post("/{statement_id}/matching", response_model=BankStatementOut)
async def match(pool_id: uuid.UUID, statement_id: uuid.UUID, unit: Writing) -> Response:
    """Match again by rule, after transfers were booked that the bank already showed."""
    row = await bank_statements.match(
        unit.session, actor=unit.actor, moment=unit.moment, pool_id=pool_id, statement_id=statement_id
    )
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    [shown] = await _outs(unit, pool, [row])
    return await unit.reply(200, shown)


@router.post("/{statement_id}/lines/{line_id}/match", response_model=BankStatementLineOut)
async def match_by_hand(
    pool_id: uuid.UUID, statement_id: uuid.UUID, line_id: uuid.UUID, body: LineMatchIn, unit: Writing
) -> Response:
    """Say which transfer a line means; amount and direction must agree."""
    row = await bank_statements.match_by_hand(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        statement_id=statement_id,
        line_id=line_id,
        transfer_id=body.transfer_id,
    )
    return await _answer(unit, pool_id, row)


@router.post("/{statement_id}/lines/{line_id}/unmatch", response_model=BankStatementLineOut)
async def unmatch(pool_id: uuid.UUID, statement_id: uuid.UUID, line_id: uuid.UUID, unit: Writing) -> Response:
    """Take back a match or an explanation; not in a closed period."""
    row = await bank_statements.unmatch(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        statement_id=statement_id,
        line_id=line_id,
    )
    return await _answer(unit, pool_id, row)


@router.post("/{statement_id}/lines/{line_id}/explanation", response_model=BankStatementLineOut)
async def explain(
    pool_id: uuid.UUID, statement_id: uuid.UUID, line_id: uuid.UUID, body: ReasonIn, unit: Writing
) -> Response:
    """Say why a line has no transfer; by another client than the one that brought the statement."""
    row = await bank_statements.explain(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool_id=pool_id,
        statement_id=statement_id,
        line_id=line_id,
        reason=body.reason,
    )
    return await _answer(unit, pool_id, row)
