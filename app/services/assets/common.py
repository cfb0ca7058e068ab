"""What every change of a right in the register begins with and tells."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.district import NATIONAL
from app.domain.request import ExpectVersion
from app.models.asset import Asset
from app.queries import assets as queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def lock_one(session: AsyncSession, asset_id: uuid.UUID, expect_version: ExpectVersion) -> Asset:
    """The right, locked, as the caller knows it. Raises: `asset.not_found`, `request.version_…`."""
    (asset,) = await queries.lock(session, [asset_id], pointer="path:asset_id")
    expect_version(asset.version)
    return asset


def event(
    happened: str, asset_id: uuid.UUID, payload: Mapping[str, Any], occurred_on: date | None = None
) -> events.NewEvent:
    """A public event of the national register."""
    return events.NewEvent(
        type=happened,
        noun="asset",
        subject_id=asset_id,
        stream=NATIONAL,
        public=True,
        payload=payload,
        occurred_on=occurred_on,
    )
