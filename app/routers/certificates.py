"""`/v1/certificates`: the state of a right, signed, for its issuer and for anybody with the code."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from app.domain import certificate as rules
from app.domain.certificate import CertificateStatus
from app.domain.certificate_text import VERDICTS
from app.domain.permission import Permission
from app.infra.certificates import CertificatePress, jwk
from app.infra.db import Database
from app.infra.signing import base64url, verified
from app.models.certificate import Certificate
from app.queries import certificates as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.certificate import CertificateIn, CertificateOut, KeyOut, KeysOut, VerificationOut
from app.schemas.common import Page, ReasonIn
from app.services import certificates
from app.services.certificates import NewCertificate, Verification

public_router = APIRouter(prefix="/v1/certificates", tags=["certificates"])
router = APIRouter(prefix="/v1/certificates", tags=["certificates"])

Writing = Annotated[WriteUnit, writes(Permission.certificate_write)]
Revoking = Annotated[WriteUnit, writes(Permission.certificate_revoke)]
Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


class FileFormat(StrEnum):
    """For people or for programs."""

    pdf = "pdf"
    json = "json"


def _press(request: Request) -> CertificatePress:
    press: CertificatePress = request.app.state.press
    return press


def _out(certificate: Certificate) -> CertificateOut:
    return CertificateOut(
        id=certificate.id,
        number=certificate.number,
        code=certificate.code,
        verify_url=rules.read(certificate.body)["verify_url"],
        asset_id=certificate.asset_id,
        party_id=certificate.party_id,
        organisation_id=certificate.organisation_id,
        district_code=certificate.district_code,
        on=certificate.on,
        known_at=certificate.known_at,
        issued_at=certificate.recorded_at,
        body=certificate.body,
        body_sha256=certificate.body_sha256,
        state_sha256=certificate.state_sha256,
        signature=base64url(certificate.signature),
        key_id=certificate.key_id,
        pdf_sha256=certificate.pdf_sha256,
        status=certificate.status,
        revoked_on=certificate.revoked_on,
        reason=certificate.reason,
        version=certificate.version,
    )


@public_router.get("/keys")
async def keys(request: Request) -> KeysOut:
    """The public keys that certificates are verified with, those of earlier years too."""
    press = _press(request)
    database: Database = request.app.state.database
    async with database.read() as unit:
        earlier = {key.key_id: key.public_key for key in await queries.keys(unit.session)}
    known = {press.key_id: press.public_key} | earlier
    return KeysOut(keys=[KeyOut.model_validate(jwk(*key)) for key in known.items()])


async def verification(request: Request, code: str) -> Verification:
    """What the certificate of a code is worth now; codes are read with blanks and in small letters too."""
    database: Database = request.app.state.database
    async with database.read() as unit:
        return await certificates.verify(
            unit.session, code=code.replace(" ", "").upper(), moment=unit.moment, verified=verified
        )


@public_router.get("/verification/{code}")
async def verify(code: str, request: Request, response: Response) -> VerificationOut:
    """What a certificate is worth now, for anybody who holds it."""
    found = await verification(request, code)
    certificate = found.certificate
    response.headers["Cache-Control"] = "no-store"
    zh, en = VERDICTS[found.verdict]
    return VerificationOut(
        verdict=found.verdict,
        verdict_zh=zh,
        verdict_en=en,
        superseded_since=found.superseded_at,
        revoked_on=certificate.revoked_on,
        number=certificate.number,
        body=certificate.body,
        body_sha256=certificate.body_sha256,
        signature=base64url(certificate.signature),
        key_id=certificate.key_id,
    )


@router.post("", status_code=201, response_model=CertificateOut)
async def issue(body: CertificateIn, unit: Writing) -> Response:
    """Certify the state of a right, or what a search finds, on a day as known at a moment.

    A search is for all rights of a party, or for a right with what was discharged. A dry run hands out no
    signature.
    """
    certificate = await certificates.issue(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        press=_press(unit.request),
        new=NewCertificate(
            asset_id=body.asset_id,
            party_id=body.party_id,
            on=body.on,
            known_at=body.known_at,
            discharged=body.include_discharged,
        ),
    )
    shown = _out(certificate)
    if unit.dry_run:  # what was never issued must not verify: nobody could revoke it
        shown = shown.model_copy(update={"signature": ""})
    return await unit.reply(201, shown, headers={"ETag": etag(certificate.version)})


@router.post("/{certificate_id}/revocation", response_model=CertificateOut)
async def revoke(certificate_id: uuid.UUID, body: ReasonIn, unit: Revoking) -> Response:
    """Withdraw a certificate for good; whoever verifies it is told."""
    certificate = await certificates.revoke(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        certificate_id=certificate_id,
        reason=body.reason,
    )
    return await unit.reply(200, _out(certificate), headers={"ETag": etag(certificate.version)})


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    asset_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
    status: CertificateStatus | None = None,
) -> Page[CertificateOut]:
    """List the certificates the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor), asset_id=asset_id, party_id=party_id, status=status
    )
    found = await page(unit.session, statement, Certificate.id, paging.wanted)
    return paging.answer(found, [_out(certificate) for certificate in found.rows])


@router.get("/{certificate_id}")
async def get(certificate_id: uuid.UUID, unit: Reading, response: Response) -> CertificateOut:
    """One certificate."""
    certificate = await queries.get(unit.session, unit.actor, certificate_id)
    response.headers["ETag"] = etag(certificate.version)
    return _out(certificate)


@router.get(
    "/{certificate_id}/file",
    response_class=Response,
    responses={
        200: {
            "content": {"application/pdf": {}, "application/json": {}},
            "description": "The bytes as they were handed out; `ETag` is the SHA-256 of page or text.",
        },
        304: {"description": "The caller has them already."},
    },
)
async def file(
    certificate_id: uuid.UUID,
    unit: Reading,
    file_format: Annotated[FileFormat, Query(alias="format")] = FileFormat.pdf,
    if_none_match: Annotated[str | None, Header(description="An `ETag` the caller has.")] = None,
) -> Response:
    """A certificate as a PDF for people or as JSON for programs, always the same bytes."""
    certificate = await queries.get(unit.session, unit.actor, certificate_id)
    as_pdf = file_format is FileFormat.pdf
    tag = f'"{certificate.pdf_sha256 if as_pdf else certificate.body_sha256}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Disposition": f'attachment; filename="{certificate.number}.{file_format}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if as_pdf:
        content = await queries.pdf(unit.session, certificate)
        return Response(content, headers=headers, media_type="application/pdf")
    text = rules.file(certificate.body, signature=base64url(certificate.signature), key_id=certificate.key_id)
    return Response(text, headers=headers, media_type="application/json")
