"""`/v1/pledges/{id}/packages`: the offices' forms, filled in, for programs and for people."""

from __future__ import annotations

import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import filing_package as rules
from app.domain.asset import AssetKind
from app.domain.certificate_text import SAMPLE
from app.domain.permission import Permission
from app.infra import typesetting
from app.infra.certificates import CertificatePress
from app.queries import filing_packages, pledges as pledge_queries
from app.routers.dependencies import ReadUnit, reads
from app.schemas.filing_package import FilingPackageOut

router = APIRouter(prefix="/v1/pledges/{pledge_id}/packages", tags=["filings"])

Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]
_PDF = "application/pdf"


@router.get(
    "/{asset_kind}.pdf",
    response_class=Response,
    responses={200: {"content": {_PDF: {}}, "description": "The form; the same bytes for the same data."}},
)
async def page(pledge_id: uuid.UUID, asset_kind: AssetKind, unit: Reading, request: Request) -> Response:
    """The form of a kind of right as a page to print, sign and hand in."""
    pledge = await pledge_queries.get(unit.session, unit.actor, pledge_id)
    data = rules.package(await filing_packages.case(unit.session, pledge, asset_kind))
    press: CertificatePress = request.app.state.press
    extra: dict[str, Any] = {
        "description": rules.description(data),
        "sample": list(SAMPLE) if press.sample else None,
    }
    made = await typesetting.pdf("filing_package", data | extra, made_at=pledge.recorded_at)
    name = quote(f"{pledge.number}-{asset_kind.value}.pdf", safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "ETag": f'"{data["sha256"]}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(made, media_type=_PDF, headers=headers)


@router.get("/{asset_kind}")
async def get(pledge_id: uuid.UUID, asset_kind: AssetKind, unit: Reading) -> FilingPackageOut:
    """The data of the office's form for the rights of a kind; the debt is the same in both forms."""
    pledge = await pledge_queries.get(unit.session, unit.actor, pledge_id)
    case = await filing_packages.case(unit.session, pledge, asset_kind)
    return FilingPackageOut.model_validate(rules.package(case))
