"""`/v1/enrolments`: small firms in trusteeship, from application to being counted."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import enrolment as rules
from app.domain.enrolment import EnrolmentStatus
from app.domain.permission import Permission
from app.domain.size_class import SizeClass
from app.models.enrolment import Enrolment, ServiceRecord
from app.queries import enrolments as queries, service_records as record_queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.enrolment import (
    AgreementIn,
    EndIn,
    EnrolmentBatchIn,
    EnrolmentBatchOut,
    EnrolmentCheckIn,
    EnrolmentConfirmationIn,
    EnrolmentIn,
    EnrolmentOut,
    EnrolmentTerminationIn,
    EvaluationIn,
    EvaluationOut,
    FindingOut,
    FirmIn,
    MatchIn,
    ProviderChangeIn,
    ProxyConfirmationIn,
    ProxyConsentWithdrawalIn,
    ProxyTerminationIn,
    RenewalIn,
)
from app.schemas.service_record import ServiceRecordIn, ServiceRecordOut
from app.services import enrolments, service_records

if TYPE_CHECKING:
    from app.domain.errors import Violation

router = APIRouter(prefix="/v1/enrolments", tags=["enrolments"])

Writing = Annotated[WriteUnit, writes(Permission.enrolment_write)]
Checking = Annotated[WriteUnit, writes(Permission.enrolment_check)]
Counting = Annotated[WriteUnit, writes(Permission.enrolment_count)]
Serving = Annotated[WriteUnit, writes(Permission.service_record_write)]
Reading = Annotated[ReadUnit, reads(Permission.enrolment_read)]


def _finding(found: Violation) -> FindingOut:
    return FindingOut(
        code=found.code.code,
        message_zh=found.zh,
        message_en=found.en,
        basis=found.code.basis,
        facts=dict(found.facts),
    )


def _shown(enrolment: Enrolment) -> dict[str, Any]:
    shown = {name: getattr(enrolment, name) for name in EnrolmentOut.model_fields if name != "findings"}
    return shown | {"findings": [_finding(found) for found in rules.read(enrolment.findings)]}


def _out(enrolment: Enrolment) -> EnrolmentOut:
    return EnrolmentOut(**_shown(enrolment))


async def _answer(unit: WriteUnit, enrolment: Enrolment, status_code: int = 200) -> Response:
    return await unit.reply(status_code, _out(enrolment), headers={"ETag": etag(enrolment.version)})


def _new(body: FirmIn, party_id: uuid.UUID) -> enrolments.NewEnrolment:
    return enrolments.NewEnrolment(
        party_id=party_id,
        industry=body.industry,
        employees=body.employees,
        revenue_wan=body.revenue_wan,
        assets_wan=body.assets_wan,
    )


@router.post("", status_code=201, response_model=EnrolmentOut)
async def enrol(body: EnrolmentIn, unit: Writing) -> Response:
    """A firm enrols itself in a programme."""
    enrolment = await enrolments.enrol(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        programme_id=body.programme_id,
        new=_new(body, body.party_id or unit.actor.party_id),
    )
    return await _answer(unit, enrolment, 201)


@router.post("/batch", status_code=201, response_model=EnrolmentBatchOut)
async def enrol_many(body: EnrolmentBatchIn, unit: Writing) -> Response:
    """A selected provider enters firms, which have to confirm; every fault of every row at once."""
    entered = await enrolments.enrol_many(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        programme_id=body.programme_id,
        rows=[_new(row, row.party_id) for row in body.rows],
    )
    return await unit.reply(201, EnrolmentBatchOut(items=[_out(enrolment) for enrolment in entered]))


async def _confirm(unit: WriteUnit, enrolment_id: uuid.UUID, document_id: uuid.UUID | None) -> Response:
    enrolment = await enrolments.confirm(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        document_id=document_id,
    )
    return await _answer(unit, enrolment)


async def _withdraw(unit: WriteUnit, enrolment_id: uuid.UUID, document_id: uuid.UUID | None) -> Response:
    enrolment = await enrolments.withdraw_consent(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        document_id=document_id,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/confirmation", response_model=EnrolmentOut)
async def confirm(enrolment_id: uuid.UUID, body: EnrolmentConfirmationIn, unit: Writing) -> Response:  # noqa: ARG001
    """The firm confirms what an agency entered, or consents again to the use of its data."""
    return await _confirm(unit, enrolment_id, None)


@router.post("/{enrolment_id}/proxy-confirmation", response_model=EnrolmentOut)
async def confirm_by_proxy(enrolment_id: uuid.UUID, body: ProxyConfirmationIn, unit: Checking) -> Response:
    """The operator confirms for a firm without an account, on the firm's document."""
    return await _confirm(unit, enrolment_id, body.document_id)


@router.post("/{enrolment_id}/consent-withdrawal", response_model=EnrolmentOut)
async def withdraw_consent(enrolment_id: uuid.UUID, unit: Writing) -> Response:
    """Forget the firm's figures; its size class and what was counted stay."""
    return await _withdraw(unit, enrolment_id, None)


@router.post("/{enrolment_id}/proxy-consent-withdrawal", response_model=EnrolmentOut)
async def withdraw_consent_by_proxy(
    enrolment_id: uuid.UUID, body: ProxyConsentWithdrawalIn, unit: Checking
) -> Response:
    """The operator does so for a firm without an account, on the firm's document."""
    return await _withdraw(unit, enrolment_id, body.document_id)


@router.post("/{enrolment_id}/check", response_model=EnrolmentOut)
async def check(enrolment_id: uuid.UUID, body: EnrolmentCheckIn, unit: Checking) -> Response:
    """Judge whether the firm is eligible; an ineligible one is told every condition it failed."""
    enrolment = await enrolments.check(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        size_class=SizeClass(body.size_class) if body.size_class is not None else None,
        reason=body.reason,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/match", response_model=EnrolmentOut)
async def match(enrolment_id: uuid.UUID, body: MatchIn, unit: Checking) -> Response:
    """Give a checked firm to a selected provider within its quota."""
    enrolment = await enrolments.match(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        provider_id=body.provider_id,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/agreement", response_model=EnrolmentOut)
async def sign(enrolment_id: uuid.UUID, body: AgreementIn, unit: Serving) -> Response:
    """The provider records its agreement with the firm, which is in service from then on."""
    enrolment = await enrolments.sign(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        agreement_no=body.agreement_no,
        active_from=body.active_from,
        active_to=body.active_to,
        document_id=body.document_id,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/provider-change", response_model=EnrolmentOut)
async def change_provider(enrolment_id: uuid.UUID, body: ProviderChangeIn, unit: Checking) -> Response:
    """Give the firm to another provider; what was served counts on."""
    enrolment = await enrolments.change_provider(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        provider_id=body.provider_id,
        reason=body.reason,
        ended_on=body.ended_on,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/termination", response_model=EnrolmentOut)
async def terminate(enrolment_id: uuid.UUID, body: EnrolmentTerminationIn, unit: Writing) -> Response:
    """Give the enrolment up: the firm, its provider, or who entered it while it has none.

    One that was renewed ends instead, and what was served before can still be evaluated.
    """
    enrolment = await enrolments.terminate(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        ended_on=body.ended_on,
        reason=body.reason,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/proxy-termination", response_model=EnrolmentOut)
async def terminate_unconfirmed(
    enrolment_id: uuid.UUID, body: ProxyTerminationIn, unit: Checking
) -> Response:
    """The operator clears away a row that an agency entered and the firm never confirmed."""
    enrolment = await enrolments.terminate_unconfirmed(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        reason=body.reason,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/end", response_model=EnrolmentOut)
async def end(enrolment_id: uuid.UUID, body: EndIn, unit: Writing) -> Response:
    """The service is over; a daily job does this when the agreed term has passed."""
    enrolment = await enrolments.end(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        ended_on=body.ended_on,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/renewal", response_model=EnrolmentOut)
async def renew(enrolment_id: uuid.UUID, body: RenewalIn, unit: Serving) -> Response:
    """Go on with the same provider under a new agreement."""
    enrolment = await enrolments.renew(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        agreement_no=body.agreement_no,
        active_to=body.active_to,
        active_from=body.active_from,
        document_id=body.document_id,
    )
    return await _answer(unit, enrolment)


@router.post("/{enrolment_id}/evaluation", response_model=EvaluationOut)
async def evaluate(enrolment_id: uuid.UUID, body: EvaluationIn, unit: Counting) -> Response:
    """Count a service that has ended, or say every condition it failed."""
    found = await enrolments.evaluate(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        score=body.score,
        evaluated_on=body.evaluated_on,
        reason=body.reason,
    )
    out = EvaluationOut(**_shown(found.enrolment), covered=found.covered)
    return await unit.reply(200, out, headers={"ETag": etag(found.enrolment.version)})


@router.post("/{enrolment_id}/service-records", status_code=201, response_model=ServiceRecordOut)
async def add_record(enrolment_id: uuid.UUID, body: ServiceRecordIn, unit: Serving) -> Response:
    """The provider writes down a service it delivered."""
    record = await service_records.add(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enrolment_id=enrolment_id,
        kind=body.kind,
        summary=body.summary,
        occurred_on=body.occurred_on,
        document_id=body.document_id,
    )
    headers = {"ETag": etag(record.version)}
    return await unit.reply(201, ServiceRecordOut.model_validate(record), headers=headers)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    programme_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
    provider_id: uuid.UUID | None = None,
    status: EnrolmentStatus | None = None,
) -> Page[EnrolmentOut]:
    """List the enrolments the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        programme_id=programme_id,
        party_id=party_id,
        provider_id=provider_id,
        status=status,
    )
    found = await page(unit.session, statement, Enrolment.id, paging.wanted)
    return paging.answer(found, [_out(enrolment) for enrolment in found.rows])


@router.get("/{enrolment_id}")
async def get(enrolment_id: uuid.UUID, unit: Reading, response: Response) -> EnrolmentOut:
    """One enrolment."""
    enrolment = await queries.get(unit.session, unit.actor, enrolment_id)
    response.headers["ETag"] = etag(enrolment.version)
    return _out(enrolment)


@router.get("/{enrolment_id}/service-records")
async def records(enrolment_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[ServiceRecordOut]:
    """The services delivered under one enrolment."""
    enrolment = await queries.get(unit.session, unit.actor, enrolment_id)
    statement = record_queries.of_enrolment(unit.actor, enrolment.id)
    found = await page(unit.session, statement, ServiceRecord.id, paging.wanted)
    return paging.answer(found, [ServiceRecordOut.model_validate(row) for row in found.rows])
