"""Reads of imports and of the announcements they brought."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import imports as rules
from app.domain.imports import ImportKind, ImportStatus
from app.models.recordal import Import

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


def matching(*, kind: ImportKind | None = None, status: ImportStatus | None = None) -> Select[Import]:
    """Imports, narrowed by what is given."""
    statement = select(Import)
    for column, value in ((Import.kind, kind), (Import.status, status)):
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, import_id: uuid.UUID) -> Import:
    """One import. Raises: `import.not_found`."""
    found = await session.get(Import, import_id)
    if found is None:
        raise rules.NOT_FOUND.error("path:import_id", import_id=import_id)
    return found
