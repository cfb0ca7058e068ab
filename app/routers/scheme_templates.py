"""`/v1/scheme-templates`: the named schemes a district may start from when it opens a pool."""

from __future__ import annotations

from fastapi import APIRouter

from app.domain.permission import Permission
from app.routers.dependencies import reads
from app.schemas.scheme import SchemeTemplateOut
from app.services import scheme_templates

router = APIRouter(prefix="/v1/scheme-templates", tags=["pools"])

READING = reads(Permission.pool_read)


@router.get("", dependencies=[READING])
async def search() -> list[SchemeTemplateOut]:
    """List the named schemes of published measures, each as the body that opens a pool with it."""
    return [SchemeTemplateOut.of(one) for one in scheme_templates.templates().values()]


@router.get("/{code}", dependencies=[READING])
async def get(code: str) -> SchemeTemplateOut:
    """One named scheme; fill in what `status` calls open, and send `pool` to `POST /v1/pools`."""
    return SchemeTemplateOut.of(scheme_templates.get(code))
