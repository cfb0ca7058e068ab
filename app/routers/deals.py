"""`/v1/deals`: licences and transfers from draft to their end."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.deal import DealKind, DealStatus, recording_due_on
from app.domain.deal_paper import ExportEvidence, Settlement
from app.domain.permission import Permission
from app.models.deal import Deal
from app.queries import deals as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.deal import (
    DealIn,
    DealOut,
    DealRefusalIn,
    DealRegistrationIn,
    DealSignatureIn,
    DealTerminationIn,
    ExportEvidenceIn,
    ExportEvidenceOut,
    FilingIn,
    LicenceDealIn,
    RecordingIn,
    SettlementIn,
    SettlementOut,
    TransferDealIn,
)
from app.services import deals

router = APIRouter(prefix="/v1/deals", tags=["deals"])

Writing = Annotated[WriteUnit, writes(Permission.deal_write)]
Recording = Annotated[WriteUnit, writes(Permission.deal_record)]
Reading = Annotated[ReadUnit, reads(Permission.deal_read)]


def _out(deal: Deal, asset_ids: list[uuid.UUID], today: date) -> DealOut:
    """The deal as those in it and its district see it."""
    licence = deal.kind == DealKind.licence
    due_on = recording_due_on(deal.contract_on) if licence and deal.contract_on else None
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
        territory=deal.territory if licence else None,
        field=deal.field if licence else None,
        term_from=deal.term_from,
        term_to=deal.term_to,
        amount=MoneyOut.of(deal.amount_fen, deal.currency),
        contract_no=deal.contract_no,
        contract_on=deal.contract_on,
        recording_due_on=due_on,
        recording_overdue=overdue,
        record_no=deal.record_no,
        recorded_on=deal.recorded_on,
        affiliated=deal.affiliated,
        export_evidence=ExportEvidenceOut.model_validate(deal.export_evidence)
        if deal.export_evidence
        else None,
        filed_on=deal.filed_on,
        registration_no=deal.registration_no,
        registered_on=deal.registered_on,
        settled_on=deal.settled_on,
        settlement=SettlementOut.model_validate(deal.settlement) if deal.settlement else None,
        status=deal.status,
        version=deal.version,
    )


async def _answer(unit: WriteUnit, deal: Deal, status_code: int = 200) -> Response:
    covered = await queries.asset_ids(unit.session, [deal.id])
    shown = _out(deal, covered[deal.id], unit.moment.today)
    return await unit.reply(status_code, shown, headers={"ETag": etag(deal.version)})


def _evidence(given: ExportEvidenceIn | None) -> ExportEvidence | None:
    return ExportEvidence(given.type, given.number) if given else None


def _new(body: LicenceDealIn | TransferDealIn) -> deals.NewDeal:
    """The deal as the drafter describes it."""
    if isinstance(body, LicenceDealIn):
        return deals.NewLicence(
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
    return deals.NewTransfer(
        grantor_id=body.grantor_id,
        grantee_id=body.grantee_id,
        asset_ids=body.asset_ids,
        amount_fen=body.amount.fen,
        currency=body.amount.currency,
        contract_no=body.contract_no,
        listing_id=body.listing_id,
        affiliated=body.affiliated,
        export_evidence=_evidence(body.export_evidence),
    )


@router.post("", status_code=201, response_model=DealOut)
async def draft(body: DealIn, unit: Writing) -> Response:
    """Draft a licence or a transfer, from a listing or without one."""
    deal = await deals.draft(unit.session, actor=unit.actor, moment=unit.moment, new=_new(body))
    return await _answer(unit, deal, 201)


@router.post("/{deal_id}/agreement", response_model=DealOut)
async def agree(deal_id: uuid.UUID, unit: Writing) -> Response:
    """Both sides agreed; a transfer or an exclusive or sole licence reserves its rights for 30 days."""
    deal = await deals.agree(unit.session, actor=unit.actor, moment=unit.moment, deal_id=deal_id)
    return await _answer(unit, deal)


@router.post("/{deal_id}/signature", response_model=DealOut)
async def sign(deal_id: uuid.UUID, body: DealSignatureIn, unit: Writing) -> Response:
    """The contract is signed, or everything that speaks against it is said.

    A licence is in effect; a transfer keeps its rights reserved until the office has decided.
    """
    deal = await deals.sign(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        signed_on=body.signed_on,
        export_evidence=_evidence(body.export_evidence),
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/filing", response_model=DealOut)
async def file(deal_id: uuid.UUID, body: FilingIn, unit: Writing) -> Response:
    """The transfer was filed with the office."""
    deal = await deals.file(
        unit.session, actor=unit.actor, moment=unit.moment, deal_id=deal_id, filed_on=body.filed_on
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/correction", response_model=DealOut)
async def correct(deal_id: uuid.UUID, body: ReasonIn, unit: Recording) -> Response:
    """The office wants the transfer's papers corrected."""
    deal = await deals.correct(
        unit.session, actor=unit.actor, moment=unit.moment, deal_id=deal_id, reason=body.reason
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/refiling", response_model=DealOut)
async def refile(deal_id: uuid.UUID, body: FilingIn, unit: Writing) -> Response:
    """The corrected papers were filed."""
    deal = await deals.refile(
        unit.session, actor=unit.actor, moment=unit.moment, deal_id=deal_id, filed_on=body.filed_on
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/refusal", response_model=DealOut)
async def refuse(deal_id: uuid.UUID, body: DealRefusalIn, unit: Recording) -> Response:
    """The office refused the transfer; its rights are free again."""
    deal = await deals.refuse(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        reason=body.reason,
        refused_on=body.refused_on,
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/registration", response_model=DealOut)
async def register(deal_id: uuid.UUID, body: DealRegistrationIn, unit: Recording) -> Response:
    """The office registered the transfer: the title passes on that day."""
    deal = await deals.register(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        registration_no=body.registration_no,
        registered_on=body.registered_on,
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/settlement", response_model=DealOut)
async def settle(deal_id: uuid.UUID, body: SettlementIn, unit: Writing) -> Response:
    """The price of the transfer, or the fee of the licence, was paid."""
    deal = await deals.settle(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        deal_id=deal_id,
        settled_on=body.settled_on,
        settlement=Settlement(body.kind, body.receipt_no),
    )
    return await _answer(unit, deal)


@router.post("/{deal_id}/closure", response_model=DealOut)
async def close(deal_id: uuid.UUID, unit: Writing) -> Response:
    """Close the settled transfer."""
    deal = await deals.close(unit.session, actor=unit.actor, moment=unit.moment, deal_id=deal_id)
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
async def terminate(deal_id: uuid.UUID, body: DealTerminationIn, unit: Writing) -> Response:
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
    kind: DealKind | None = None,
    status: DealStatus | None = None,
    listing_id: uuid.UUID | None = None,
    asset_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
) -> Page[DealOut]:
    """List the deals the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        kind=kind,
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
