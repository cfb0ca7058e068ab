"""`/v1/documents`: evidence and contracts, kept by their hash and never deleted."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from app.domain import document as rules
from app.domain.permission import Permission
from app.models.document import Document
from app.queries import documents as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.document import DocumentIn, DocumentOut
from app.services import documents

router = APIRouter(prefix="/v1/documents", tags=["documents"])

Writing = Annotated[WriteUnit, writes(Permission.document_write)]
Reading = Annotated[ReadUnit, reads(Permission.document_read)]


@router.post("", status_code=201, response_model=DocumentOut)
async def add(body: DocumentIn, unit: Writing) -> Response:
    """Keep a document, or the next version of one."""
    new = documents.NewDocument(
        name=body.name,
        media_type=body.media_type,
        content=rules.decode(body.content_base64),
        shared_with=body.shared_with,
        previous_id=body.series_id,
    )
    document = await documents.add(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await unit.reply(201, DocumentOut.model_validate(document))


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    series_id: uuid.UUID | None = None,
    mine: Annotated[bool, Query(description="Only those of the caller's organisation.")] = False,
) -> Page[DocumentOut]:
    """List the documents the caller may see, without their bytes."""
    statement = queries.matching(
        queries.visible(unit.actor),
        series_id=series_id,
        organisation_id=unit.actor.organisation_id if mine else None,
    )
    found = await page(unit.session, statement, Document.id, paging.wanted)
    return paging.answer(found, [DocumentOut.model_validate(document) for document in found.rows])


@router.get("/{document_id}")
async def get(document_id: uuid.UUID, unit: Reading) -> DocumentOut:
    """One version of a document, without its bytes."""
    return DocumentOut.model_validate(await queries.get(unit.session, unit.actor, document_id))


@router.get(
    "/{document_id}/content",
    response_class=Response,
    responses={
        200: {"content": {rules.OCTETS: {}}, "description": "The bytes; `ETag` is their SHA-256."},
        304: {"description": "The caller has them already."},
    },
)
async def content(
    document_id: uuid.UUID,
    unit: Reading,
    if_none_match: Annotated[str | None, Header(description="An `ETag` the caller has.")] = None,
) -> Response:
    """The bytes of a document, to be saved: a browser never shows them as a page of this service."""
    document = await queries.get(unit.session, unit.actor, document_id)
    tag = f'"{document.sha256}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Type": rules.served_as(document.media_type),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(await queries.content(unit.session, document), headers=headers)
