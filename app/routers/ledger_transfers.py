"""`/v1/pools/{id}/transfers`: booked by hand, one or thousands at once, resolved and reversed."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.ledger_book import Outcome
from app.domain.permission import Permission
from app.errors import violation_out
from app.queries import ledger as queries, pools as pool_queries
from app.queries.ledger import KnownTransfer
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.schemas.common import MoneyOut
from app.schemas.ledger import (
    BatchIn,
    BatchItemIn,
    BatchItemOut,
    BatchMode,
    BatchOut,
    ReversalIn,
    TransferIn,
    TransferOut,
)
from app.services import bookkeeping

router = APIRouter(prefix="/v1/pools/{pool_id}", tags=["ledger"])


def transfer_out(known: KnownTransfer) -> TransferOut:
    """A transfer as it is shown."""
    transfer = known.transfer
    return TransferOut(
        id=transfer.id,
        ledger_id=known.ledger_id,
        kind=transfer.kind,
        debit_account_id=transfer.debit_account_id,
        credit_account_id=transfer.credit_account_id,
        amount=MoneyOut.of(transfer.amount_fen, known.currency),
        resolves_id=transfer.resolves_id,
        resolved_by=known.resolved_by,
        resolved_as=known.resolved_as,
        reverses_id=transfer.reverses_id,
        reversed_by=known.reversed_by,
        posting_id=transfer.posting_id or transfer.id,
        code=transfer.code,
        narrative=transfer.narrative,
        business_noun=transfer.business_noun,
        business_id=transfer.business_id,
        occurred_on=transfer.occurred_on or known.booked_on,
        booked_on=known.booked_on,
        corrects_on=transfer.corrects_on,
        expires_on=transfer.expires_on,
        adjustment=transfer.adjustment,
        recorded_at=known.recorded_at,
    )


def _wanted(body: TransferIn) -> bookkeeping.Wanted:
    batched = body if isinstance(body, BatchItemIn) else None
    return bookkeeping.Wanted(
        kind=body.kind,
        code=body.code,
        id=body.id,
        debit_account_id=body.debit_account_id,
        credit_account_id=body.credit_account_id,
        amount=body.amount.money if body.amount else None,
        resolves_id=body.resolves_id,
        occurred_on=body.occurred_on,
        corrects_on=body.corrects_on,
        expires_on=body.expires_on,
        narrative=body.narrative,
        adjustment=body.adjustment,
        posting_id=batched.posting_id if batched else None,
        linked=batched.linked if batched else False,
    )


@router.post("/transfers", status_code=201, response_model=TransferOut)
async def post(
    pool_id: uuid.UUID, body: TransferIn, unit: Annotated[WriteUnit, writes(Permission.ledger_post)]
) -> Response:
    """Book a transfer: `posted`, `pending`, or the `post` or `void` of a pending one.

    A transfer id sent again with the same values answers with the transfer already booked. From the pool's
    `second_person_from` on, what one client books pending is posted by another; so is every reversal.
    """
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    booked = await bookkeeping.book(
        unit.session, actor=unit.actor, moment=unit.moment, pool=pool, wanted=_wanted(body)
    )
    return await unit.reply(201, transfer_out(booked))


@router.post("/transfers:batch", response_model=BatchOut)
async def post_batch(
    pool_id: uuid.UUID, body: BatchIn, unit: Annotated[WriteUnit, writes(Permission.ledger_post)]
) -> Response:
    """Book up to ten thousand transfers at once, with a result for each.

    `atomic` books all or none and tells every objection; `continue` books what can be, where linked
    transfers and the transfers of one posting stand or fall together. A batch sent again books nothing twice.
    """
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    items = await bookkeeping.book_all(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool=pool,
        wanted=[_wanted(one) for one in body.transfers],
        atomic=body.mode is BatchMode.atomic,
    )
    return await unit.reply(200, _batch_out(items))


def _batch_out(items: list[bookkeeping.Item]) -> BatchOut:
    counted = {outcome: sum(item.outcome is outcome for item in items) for outcome in Outcome}
    results = [
        BatchItemOut(
            id=item.id,
            outcome=item.outcome,
            posting_id=item.booked.transfer.posting_id if item.booked else None,
            violations=[violation_out(violation) for violation in item.violations],
        )
        for item in items
    ]
    return BatchOut(
        created=counted[Outcome.created],
        exists=counted[Outcome.exists],
        refused=counted[Outcome.refused],
        results=results,
    )


@router.post("/transfers/{transfer_id}/reversal", status_code=201, response_model=TransferOut)
async def propose_reversal(
    pool_id: uuid.UUID,
    transfer_id: uuid.UUID,
    body: ReversalIn,
    unit: Annotated[WriteUnit, writes(Permission.ledger_post)],
) -> Response:
    """Propose to take a posted transfer back in whole; another client posts or voids the proposal."""
    pool = await pool_queries.keep_book(unit.session, unit.actor, pool_id)
    proposed = await bookkeeping.propose_reversal(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pool=pool,
        transfer_id=transfer_id,
        effective=body.effective,
        reason=body.reason,
    )
    return await unit.reply(201, transfer_out(proposed))


@router.get("/transfers/{transfer_id}")
async def get(
    pool_id: uuid.UUID, transfer_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.ledger_read)]
) -> TransferOut:
    """One transfer, with the transfers that resolved or reversed it."""
    pool = await pool_queries.get_book(unit.session, unit.actor, pool_id)
    return transfer_out(await queries.get_known(unit.session, pool.id, transfer_id))
