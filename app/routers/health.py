"""Liveness, readiness and metrics; public."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from app.domain.request import NOT_READY
from app.infra.db import Database
from app.schemas.health import Health

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def live() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz")
async def ready(request: Request) -> Health:
    """The database answers too, and a new sandbox has its sample data. Raises: `request.not_ready`."""
    if request.app.state.filling:
        raise NOT_READY.error()
    database: Database = request.app.state.database
    async with database.read():
        return Health(status="ok")


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
