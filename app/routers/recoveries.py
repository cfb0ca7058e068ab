"""`/v1/claims/{id}/recoveries`: money that comes back flows to those who bore the loss."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.money import Money
from app.domain.permission import Permission
from app.routers import claims
from app.routers.dependencies import WriteUnit, writes
from app.schemas.claim import ClaimOut
from app.schemas.recovery import RecoveryIn
from app.services import recoveries

router = APIRouter(prefix="/v1/claims/{claim_id}/recoveries", tags=["claims"])

Writing = Annotated[WriteUnit, writes(Permission.claim_write)]


@router.post("", status_code=201, response_model=ClaimOut)
async def record(claim_id: uuid.UUID, body: RecoveryIn, unit: Writing) -> Response:
    """Share what came back pro rata to what each party bore; the pool's part is booked with it (RP-14)."""
    new = recoveries.NewRecovery(
        source=body.source,
        gross=body.gross.money,
        cost=body.cost.money if body.cost is not None else Money(0, body.gross.currency),
        occurred_on=body.occurred_on,
        document_id=body.document_id,
        interest=body.interest.money if body.interest is not None else None,
    )
    claim = await recoveries.record(
        unit.session, actor=unit.actor, moment=unit.moment, claim_id=claim_id, new=new
    )
    return await claims.answer(unit, claim, 201)
