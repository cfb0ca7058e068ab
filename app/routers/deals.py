"""`/v1/deals`: licences from draft to recorded, and their end."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.deal import DealStatus, recording_due_on
from app.domain.permission import Permission
from app.models.deal import Deal
from app.queries import deals as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page
from app.schemas.deal import DealIn, DealOut, RecordingIn, SignatureIn, TerminationIn
from app.services import deals

router = APIRouter(prefix="/v1/deals", tags=["deals"])

Writing = Annotated[WriteUnit, writes(Permission.deal_write)]
Recording = Annotated[WriteUnit, writes(Permission.deal_record)]
Reading = Annotated[ReadUnit, reads(Permission.deal_read)]


def _out(deal: Deal, asset_ids: list[uuid.UUID], today: date) -> DealOut:
    """The deal as those in it and its district see it."""
    due_on = recording_due_on(deal.contract_on) if deal.contract_on else None
    overdue = deal.status == DealStatus.effective and due_on is not None and due_on < today
    return DealOut(
        id=deal.id,
        number=deal.number,
        kind=deal.kind,
        licence_type=deal.licence_type,
        listing_id=deal.listing_id,
        organisation_id=deal.organisation_id,
        district_code=deal.district_code,
        grantor_id=deal.grantor_id,
        grantee_id=deal.grantee_id,
        asset_ids=asset_ids,
        territory=deal.territory,
        field=deal.field,
        term_from=deal.term_from,
        term_to=deal.term_to,
        amount=MoneyOut.of(deal.amount_fen, deal.currency),
        contract_no=deal.contract_no,
        contract_on=deal.contract_on,
        recording_due_on=due_on,
        recording_overdue=overdue,
        record_no=deal.record_no,
        recorded_on=deal.recorded_on,
        status=deal.status,
        version=deal.version,
    )


async def _answer(unit: WriteUnit, deal: Deal, status_code: int = 200) -> Response:
    covered = await queries.asset_ids(unit.session, [deal.id])
    shown = _out(deal, covered[deal.id], unit.moment.today)
    return await unit.reply(status_code, shown, headers={"ETag": etag(deal.version)})


@router.post("", status_code=201, response_model=DealOut)
async def draft(body: DealIn, unit: Writing) -> Response:
    """Draft a licence, from a listing or without one."""
    new = deals.NewLicence(
        licence_type=body.licence_type,
        grantor_id=body.grantor_id,
        grantee_id=body.grantee_id,
        asset_ids=body.asset_ids,
        territory=body.territory,
        field=body.field,
        term_from=body.term_from,
        term_to=body.term_to,
        amount_fen=body.amount.fen,
        currency=body.amount.currency,
        contract_no=body.contract_no,
        listing_id=body.listing_id,
    )
    deal = await deals.draft(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, deal, 201)


@router.post("/{deal_id}/agreement", response_model=DealOut)
async def agree(deal_id: uuid.UUID, unit: Writing) -> Response:
    """Both sides agreed; an exclusive or sole licence reserves its rights for 30 days."""
    deal = await deals.agree(unit.session, actor=unit.actor, moment=unit.moment, deal_id=deal_id)
    return await _answer(unit, deal)


@router.post("/{deal_id}/signature", response_model=DealOut)
async def sign(deal_id: uuid.UUID, body: SignatureIn, unit: Writing) -> Response:
    """The contract is signed and the licence in effect, or everything that speaks against it is said."""
    deal = await deals.sign(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        signed_on=body.signed_on,
        co_owner_consents=body.co_owner_consents,
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/recordings", response_model=DealOut)
async def record(deal_id: uuid.UUID, body: RecordingIn, unit: Recording) -> Response:
    """The office recorded the licence."""
    deal = await deals.record(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        record_no=body.record_no,
        recorded_on=body.recorded_on,
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/termination", response_model=DealOut)
async def terminate(deal_id: uuid.UUID, body: TerminationIn, unit: Writing) -> Response:
    """End the deal; its rights are free again."""
    deal = await deals.terminate(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        reason=body.reason,
        terminated_on=body.terminated_on,
    )
    return await _answer(unit, deal)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: DealStatus | None = None,
    listing_id: uuid.UUID | None = None,
    asset_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
) -> Page[DealOut]:
    """List the deals the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        status=status,
        listing_id=listing_id,
        asset_id=asset_id,
        party_id=party_id,
    )
    found = await page(
        unit.session,
        statement,
        Deal.id,
        paging.wanted,
    )
    covered = await queries.asset_ids(unit.session, [deal.id for deal in found.rows])
    items = [_out(deal, covered[deal.id], unit.moment.today) for deal in found.rows]
    return paging.answer(found, items)


@router.get("/{deal_id}")
async def get(deal_id: uuid.UUID, unit: Reading, response: Response) -> DealOut:
    """One deal."""
    deal = await queries.get(unit.session, unit.actor, deal_id)
    response.headers["ETag"] = etag(deal.version)
    covered = await queries.asset_ids(unit.session, [deal_id])
    return _out(deal, covered[deal_id], unit.moment.today)
