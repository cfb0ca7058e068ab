"""Keyset pages over UUIDv7 ids: stable while rows are added, never a COUNT unless asked for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Select, func, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list: rows with an id above `after`, at most `limit` of them."""

    after: uuid.UUID | None = None
    limit: int = 20
    include_total: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Rows of one page, the cursor of the next, and the total when it was asked for."""

    rows: Sequence[T]
    next_cursor: str | None
    total: int | None


async def page(session: AsyncSession, statement: Select[T], id_column: Any, wanted: PageRequest) -> Slice[T]:
    """One page of `statement` (one entity, no ordering of its own needed), ordered by id."""
    total = None
    if wanted.include_total:
        total = await session.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    if wanted.after is not None:
        statement = statement.where(id_column > wanted.after)
    ordered = statement.order_by(None).order_by(id_column).limit(wanted.limit + 1)
    rows = (await session.scalars(ordered)).all()
    more = len(rows) > wanted.limit
    kept = rows[: wanted.limit]
    return Slice(kept, str(kept[-1].id) if more else None, total)  # type: ignore[attr-defined]
