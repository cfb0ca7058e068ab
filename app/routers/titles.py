"""`/v1/assets/{asset_id}/titles`: the chain of title, and what carries it on that is no deal."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.title import NewTitles, Share
from app.queries import assets as asset_queries, titles as queries
from app.queries.titles import Link
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.schemas.common import Day, Instant
from app.schemas.title import RecordalOut, TitleOut, TitlesIn, TitlesOut
from app.services import titles as service

router = APIRouter(prefix="/v1/assets/{asset_id}/titles", tags=["assets"])

Telling = Annotated[WriteUnit, writes(Permission.asset_status)]
Read = Annotated[ReadUnit, reads(Permission.asset_read)]


def _title(link: Link) -> TitleOut:
    title = link.title
    return TitleOut(
        party_id=title.party_id,
        name=link.name,
        unrecorded=title.party_id is None,
        share_ppm=title.share_ppm,
        ordinal=title.ordinal,
        acquired_on=title.acquired_on,
        ceased_on=link.ceased_on,
        live=link.live,
        recorded_at=title.recorded_at,
        recordal=RecordalOut.model_validate(link.recordal) if link.recordal else None,
    )


@router.post("", status_code=201, response_model=TitlesOut)
async def pass_title(asset_id: uuid.UUID, body: TitlesIn, unit: Telling) -> Response:
    """Record that title passed by law, ruling or auction, or that co-owners divided it. Needs If-Match."""
    new = NewTitles(
        kind=body.kind,
        owners=[Share(owner.party_id, owner.share_ppm) for owner in body.owners],
        acquired_on=body.acquired_on,
        executed_on=body.executed_on,
        reference=body.reference,
        document_id=body.document_id,
        source=body.source,
    )
    asset = await service.pass_title(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        new=new,
        expect_version=unit.require_version,
    )
    chain = await queries.chain(unit.session, asset_id)
    shown = TitlesOut(asset_id=asset_id, items=[_title(link) for link in chain])
    return await unit.reply(201, shown, headers={"ETag": etag(asset.version)})


@router.get("")
async def titles(
    asset_id: uuid.UUID,
    unit: Read,
    on: Annotated[Day | None, Query(description="Only titles held on this day.")] = None,
    known_at: Annotated[Instant | None, Query(description="As known then. Default: now.")] = None,
) -> TitlesOut:
    """The chain of title: who owned the right from when until when, by which recorded document."""
    await asset_queries.get(unit.session, asset_id)
    chain = await queries.chain(unit.session, asset_id, on=on, known_at=known_at)
    return TitlesOut(asset_id=asset_id, items=[_title(link) for link in chain])
