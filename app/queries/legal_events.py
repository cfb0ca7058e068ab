"""Reads of what offices announced of rights."""

from __future__ import annotations

import uuid

from sqlalchemy import Select, select

from app.models.asset import LegalEvent


def of_asset(asset_id: uuid.UUID) -> Select[LegalEvent]:
    """What was announced of a right."""
    return select(LegalEvent).where(LegalEvent.asset_id == asset_id)
