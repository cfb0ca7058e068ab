"""`/v1/pledges/{pledge_id}/coverage`: what a pledge's rights are worth against its loan (PL-27, PLG-08)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter

from app.domain import pledge_coverage as rules
from app.domain.permission import Permission
from app.models.pledge import Pledge
from app.queries import pledge_classifications, pledges as queries
from app.queries.pledge_coverages import Stand
from app.routers.dependencies import ReadUnit, reads
from app.schemas.amendment import CoverageOut, WorthOut
from app.schemas.common import MoneyOut
from app.services import pledges

router = APIRouter(prefix="/v1/pledges", tags=["pledges"])


@router.get("/{pledge_id}/coverage")
async def get(pledge_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.pledge_read)]) -> CoverageOut:
    """The loan against the latest signed valuations that its bank may rest on; for it and its offices."""
    pledge = await queries.get(unit.session, unit.actor, pledge_id)
    if not (pledge_classifications.is_bank(unit.actor, pledge) or unit.actor.oversees(pledge.district_code)):
        raise rules.CONFIDENTIAL.error()
    stand = await pledges.stand(unit.session, pledge, today=unit.moment.today)
    return _out(pledge, stand, unit.moment.today)


def _out(pledge: Pledge, stand: Stand, today: date) -> CoverageOut:
    coverage, currency = stand.coverage, pledge.currency

    def money(fen: int | None) -> MoneyOut | None:
        return MoneyOut.of(fen, currency) if fen is not None else None

    return CoverageOut(
        pledge_id=pledge.id,
        owed=money(coverage.owed_fen),
        value=MoneyOut.of(coverage.value_fen, currency),
        lendable=MoneyOut.of(coverage.lendable_fen, currency),
        ltv_bp=coverage.ltv_bp,
        cap_bp=coverage.combined_cap_bp,
        shortfall=money(coverage.shortfall_fen),
        short_since=pledge.short_since,
        unvalued=[right.asset_id for right in coverage.rights if right.value_fen is None],
        rights=[
            WorthOut(
                asset_id=right.asset_id,
                number=right.number,
                valuation_id=right.valuation_id,
                mode=right.mode,
                value=money(right.value_fen),
                base_on=right.base_on,
                aged=right.aged(today, coverage.limits),
                ended=right.ended,
                cap_bp=coverage.cap_bp(right),
            )
            for right in coverage.rights
        ],
    )
