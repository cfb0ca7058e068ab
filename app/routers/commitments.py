"""`/v1/commitments`: what pools cover and have reserved, and the manager's word on irregular loans."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.commitment import LIVE, CommitmentStatus
from app.domain.money import BASE_CURRENCY
from app.domain.permission import Permission
from app.models.pool import Commitment
from app.queries import commitments as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.commitment import CommitmentDetailOut, CommitmentOut, CommitmentTransferOut
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.services import commitments

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/commitments", tags=["commitments"])

Reading = Annotated[ReadUnit, reads(Permission.pool_read)]
Writing = Annotated[WriteUnit, writes(Permission.commitment_write)]


async def _shown(session: AsyncSession, rows: Sequence[Commitment]) -> list[dict[str, Any]]:
    """The members of several commitments as they are shown."""
    numbers = await queries.numbers(session, rows)
    schemes = await queries.scheme_versions(session, rows)
    return [
        {
            **{name: getattr(one, name) for name in _PLAIN},
            "number": numbers[one.id],
            "scheme_code": schemes[one.id].code,
            "scheme_version": schemes[one.id].scheme_version,
            "principal": MoneyOut.of(one.principal_fen, BASE_CURRENCY),
            "covered": MoneyOut.of(one.covered_fen, BASE_CURRENCY),
            "outstanding": MoneyOut.of(one.outstanding_fen if one.status in LIVE else 0, BASE_CURRENCY),
        }
        for one in rows
    ]


_PLAIN = [name for name in CommitmentOut.model_fields if hasattr(Commitment, name)]


async def _answer(unit: WriteUnit, commitment: Commitment) -> Response:
    [members] = await _shown(unit.session, [commitment])
    return await unit.reply(200, CommitmentOut(**members), headers={"ETag": etag(commitment.version)})


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: CommitmentStatus | None = None,
    pool_id: uuid.UUID | None = None,
    bank_id: uuid.UUID | None = None,
    borrower_id: uuid.UUID | None = None,
    pledge_id: uuid.UUID | None = None,
    application_id: uuid.UUID | None = None,
    expires_by: date | None = None,
) -> Page[CommitmentOut]:
    """List commitments: a bank its own, managers and offices those of their pools."""
    statement = queries.matching(
        queries.visible(unit.actor),
        status=status,
        pool_id=pool_id,
        bank_id=bank_id,
        borrower_id=borrower_id,
        pledge_id=pledge_id,
        application_id=application_id,
        expires_by=expires_by,
    )
    found = await page(unit.session, statement, Commitment.id, paging.wanted)
    shown = await _shown(unit.session, found.rows)
    return paging.answer(found, [CommitmentOut(**members) for members in shown])


@router.get("/{commitment_id}")
async def get(commitment_id: uuid.UUID, unit: Reading, response: Response) -> CommitmentDetailOut:
    """One commitment with its transfers in the pool's ledger; another bank's is not found."""
    commitment = await queries.get(unit.session, unit.actor, commitment_id)
    response.headers["ETag"] = etag(commitment.version)
    [members] = await _shown(unit.session, [commitment])
    transfers = [
        CommitmentTransferOut(
            id=one.id,
            kind=one.kind,
            code=one.code,
            amount=MoneyOut.of(one.amount_fen, one.currency),
            resolves_id=one.resolves_id,
            expires_on=one.expires_on,
            occurred_on=one.occurred_on,
            recorded_at=one.recorded_at,
        )
        for one in await queries.transfers(unit.session, commitment)
    ]
    return CommitmentDetailOut(**members, transfers=transfers)


@router.post("/{commitment_id}/anomaly", response_model=CommitmentOut)
async def flag(commitment_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Mark a covered loan as irregular: its capacity stays reserved, no claim on it is taken (项目异常)."""
    commitment = await commitments.flag(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        commitment_id=commitment_id,
        reason=body.reason,
    )
    return await _answer(unit, commitment)


@router.post("/{commitment_id}/clearance", response_model=CommitmentOut)
async def clear(commitment_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Find an irregular loan in order again."""
    commitment = await commitments.clear(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        commitment_id=commitment_id,
        reason=body.reason,
    )
    return await _answer(unit, commitment)


@router.post("/{commitment_id}/exclusion", response_model=CommitmentOut)
async def exclude(commitment_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Take an irregular loan out of the pool for good: its cover ends and its capacity comes back."""
    commitment = await commitments.exclude(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        commitment_id=commitment_id,
        reason=body.reason,
    )
    return await _answer(unit, commitment)
