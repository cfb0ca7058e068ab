"""`/v1/imports`: runs of imports with their progress and manifests."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from app.domain.imports import ImportKind, ImportStatus
from app.domain.permission import Permission
from app.models.recordal import Import
from app.queries import imports as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.imports import ImportOut

router = APIRouter(prefix="/v1/imports", tags=["imports"])

Reading = Annotated[ReadUnit, reads(Permission.import_read)]


def _out(run: Import) -> ImportOut:
    shown = ImportOut.model_validate(run)
    manifest = {name: value for name, value in run.manifest.items() if name != "reports"}
    event_id = run.event_id if run.status == ImportStatus.completed else None
    return shown.model_copy(update={"manifest": manifest, "event_id": event_id})


@router.get("")
async def search(
    unit: Reading, paging: PageDep, *, kind: ImportKind | None = None, status: ImportStatus | None = None
) -> Page[ImportOut]:
    """List the imports, those that are under way or were cut off among them."""
    found = await page(unit.session, queries.matching(kind=kind, status=status), Import.id, paging.wanted)
    return paging.answer(found, [_out(run) for run in found.rows])


@router.get("/{import_id}")
async def get(import_id: uuid.UUID, unit: Reading) -> ImportOut:
    """One import."""
    return _out(await queries.get(unit.session, import_id))
