"""`/v1/assets/{asset_id}/term-extensions`: days the office adds to an invention's term (LS-03)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.queries import assets as queries
from app.routers.assets import out
from app.routers.dependencies import WriteUnit, etag, writes
from app.schemas.asset import AssetOut
from app.schemas.fee import ExtensionIn
from app.services import assets

router = APIRouter(prefix="/v1/assets/{asset_id}/term-extensions", tags=["assets"])

Writing = Annotated[WriteUnit, writes(Permission.asset_status)]


@router.post("", status_code=201, response_model=AssetOut)
async def extend(asset_id: uuid.UUID, body: ExtensionIn, unit: Writing) -> Response:
    """Add days to the term of an invention. Needs If-Match; answers the right as it now is."""
    asset = await assets.extend_term(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        new=assets.NewExtension(body.days, body.kind, body.decided_on, body.source, body.approved_on),
        expect_version=unit.require_version,
    )
    shown = out(asset, await queries.details(unit.session, [asset.id]), unit.moment.today)
    return await unit.reply(201, shown, headers={"ETag": etag(asset.version)})
