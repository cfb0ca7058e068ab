"""`/v1/applications`: an enterprise asks a bank for financing, the bank answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.application import Answer, ApplicationStatus, NewApplication
from app.domain.application_match import BankMatch
from app.domain.money import parse_amount
from app.domain.permission import Permission
from app.errors import violation_out
from app.models.application import Application
from app.models.pool import Commitment
from app.queries import applications as queries, commitments as commitment_queries
from app.queries.applications import Offered
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.application import (
    MAX_ASSETS,
    MAX_MONTHS,
    ApplicationContractIn,
    ApplicationDecisionIn,
    ApplicationIn,
    ApplicationOut,
    BankMatchOut,
    MatchesOut,
    OfferedAssetOut,
    PoolMatchOut,
    ReservationOut,
)
from app.schemas.common import Amount, MoneyOut, Page
from app.services import application_matches, applications
from app.services.commitments import Reserving

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/applications", tags=["applications"])

Applying = Annotated[WriteUnit, writes(Permission.application_write)]
Deciding = Annotated[WriteUnit, writes(Permission.application_decide)]
Reading = Annotated[ReadUnit, reads(Permission.application_read)]


async def _outs(session: AsyncSession, rows: Sequence[Application]) -> list[ApplicationOut]:
    ids = [application.id for application in rows]
    offered = await queries.offered(session, ids)
    reserved = await commitment_queries.reservations(session, ids)
    return [_out(application, offered[application.id], reserved.get(application.id)) for application in rows]


def _out(application: Application, offered: Sequence[Offered], kept: Commitment | None) -> ApplicationOut:
    approved = application.approved_fen
    return ApplicationOut(
        id=application.id,
        number=application.number,
        organisation_id=application.organisation_id,
        borrower_id=application.borrower_id,
        bank_id=application.bank_id,
        amount=MoneyOut.of(application.amount_fen, application.currency),
        purpose=application.purpose,
        term_months=application.term_months,
        status=application.status,
        applied_on=application.applied_on,
        approved_amount=None if approved is None else MoneyOut.of(approved, application.currency),
        reason=application.reason,
        decided_on=application.decided_on,
        pledge_id=application.pledge_id,
        reservation=_reservation(kept, application.currency) if kept is not None else None,
        assets=[
            OfferedAssetOut(
                asset_id=one.asset.id,
                kind=one.asset.kind,
                number=one.asset.number,
                name=one.asset.name,
                third_party=one.third_party,
            )
            for one in offered
        ],
        district_code=application.district_code,
        version=application.version,
    )


def _reservation(kept: Commitment, currency: str) -> ReservationOut:
    return ReservationOut(
        commitment_id=kept.id,
        pool_id=kept.pool_id,
        covered=MoneyOut.of(kept.covered_fen, currency),
        ip_share_bp=kept.ip_share_bp,
        expires_on=kept.expires_on,
        status=kept.status,
    )


async def _answer(unit: WriteUnit, application: Application, status_code: int = 200) -> Response:
    [shown] = await _outs(unit.session, [application])
    return await unit.reply(status_code, shown, headers={"ETag": etag(application.version)})


@router.post("", status_code=201, response_model=ApplicationOut)
async def apply(body: ApplicationIn, unit: Applying) -> Response:
    """Ask a bank for financing against rights."""
    new = NewApplication(
        bank_id=body.bank_id,
        amount=body.amount.money,
        purpose=body.purpose,
        term_months=body.term_months,
        asset_ids=body.asset_ids,
        borrower_id=body.borrower_id,
    )
    application = await applications.apply(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, application, 201)


@router.post("/{application_id}/review", response_model=ApplicationOut)
async def review(application_id: uuid.UUID, unit: Deciding) -> Response:
    """Take an application in hand."""
    application = await applications.review(
        unit.session, actor=unit.actor, moment=unit.moment, application_id=application_id
    )
    return await _answer(unit, application)


@router.post("/{application_id}/decision", response_model=ApplicationOut)
async def decide(application_id: uuid.UUID, body: ApplicationDecisionIn, unit: Deciding) -> Response:
    """Approve an application under review, in whole or in part, or reject it with a reason.

    An approval may reserve capacity of a pool until the pledge is filed (`pool_id`).
    """
    answer = Answer(
        decision=body.decision,
        approved=body.approved_amount.money if body.approved_amount else None,
        reason=body.reason,
    )
    reserving = (
        Reserving(body.pool_id, body.ip_share_bp, body.expires_on) if body.pool_id is not None else None
    )
    application = await applications.decide(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        application_id=application_id,
        answer=answer,
        reserving=reserving,
    )
    return await _answer(unit, application)


@router.post("/{application_id}/withdrawal", response_model=ApplicationOut)
async def withdraw(application_id: uuid.UUID, unit: Applying) -> Response:
    """Take an application back."""
    application = await applications.withdraw(
        unit.session, actor=unit.actor, moment=unit.moment, application_id=application_id
    )
    return await _answer(unit, application)


@router.post("/{application_id}/contract", response_model=ApplicationOut)
async def contract(application_id: uuid.UUID, body: ApplicationContractIn, unit: Deciding) -> Response:
    """Tie an approved application to the pledge filed on it."""
    application = await applications.contract(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        application_id=application_id,
        pledge_id=body.pledge_id,
    )
    return await _answer(unit, application)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: ApplicationStatus | None = None,
    bank_id: uuid.UUID | None = None,
    borrower_id: uuid.UUID | None = None,
    asset_id: uuid.UUID | None = None,
) -> Page[ApplicationOut]:
    """List the applications the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        status=status,
        bank_id=bank_id,
        borrower_id=borrower_id,
        asset_id=asset_id,
    )
    found = await page(unit.session, statement, Application.id, paging.wanted)
    return paging.answer(found, await _outs(unit.session, found.rows))


@router.get("/matches")
async def matches(
    unit: Reading,
    amount: Annotated[Amount, Query(description="What is wanted, in CNY.")],
    term_months: Annotated[int, Query(ge=1, le=MAX_MONTHS)],
    asset_id: Annotated[list[uuid.UUID], Query(min_length=1, max_length=MAX_ASSETS)],
    ip_share_bp: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
) -> MatchesOut:
    """Whom to ask: the banks of the caller's district and their pools, with the reasons for and against."""
    found = await application_matches.match(
        unit.session,
        actor=unit.actor,
        today=unit.moment.today,
        amount_fen=parse_amount(amount),
        term_months=term_months,
        asset_ids=asset_id,
        ip_share_bp=ip_share_bp,
    )
    return _matches(found)


@router.get("/{application_id}/matches")
async def matches_of(application_id: uuid.UUID, unit: Reading) -> MatchesOut:
    """The pools in which the bank of this application may have it covered."""
    found = await application_matches.for_application(
        unit.session, actor=unit.actor, today=unit.moment.today, application_id=application_id
    )
    return _matches(found)


def _matches(found: Sequence[BankMatch]) -> MatchesOut:
    return MatchesOut(
        items=[
            BankMatchOut(
                bank_id=bank.organisation_id,
                name=bank.name,
                suits=bank.suits,
                pools=[
                    PoolMatchOut(
                        pool_id=one.candidate.pool_id,
                        number=one.candidate.number,
                        name=one.candidate.name,
                        suits=one.suits,
                        shares_bp=dict(one.candidate.shares_bp),
                        legal_basis=one.candidate.legal_basis,
                        against=[violation_out(violation) for violation in one.against],
                    )
                    for one in bank.pools
                ],
            )
            for bank in found
        ]
    )


@router.get("/{application_id}")
async def get(application_id: uuid.UUID, unit: Reading, response: Response) -> ApplicationOut:
    """One application."""
    application = await queries.get(unit.session, unit.actor, application_id)
    response.headers["ETag"] = etag(application.version)
    [shown] = await _outs(unit.session, [application])
    return shown
