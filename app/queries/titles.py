"""The chain of title of a right: every title with its owner's name and the document behind it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from app.models.asset import Title
from app.models.party import Party
from app.models.recordal import Recordal

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Link:
    """A title in the chain, with what was known of its end: `live` while none was."""

    title: Title
    name: str | None
    recordal: Recordal | None
    ceased_on: date | None
    live: bool


async def chain(
    session: AsyncSession, asset_id: uuid.UUID, *, on: date | None = None, known_at: datetime | None = None
) -> list[Link]:
    """The titles of a right, in the order of acquisition (AST-05), as known at `known_at`, else as known now.

    With `on`: those held on that day (`domain.asset_history.titles_held`).
    """
    statement = (
        select(Title, Party.name, Recordal)
        .outerjoin(Party, Party.id == Title.party_id)
        .outerjoin(Recordal, Recordal.id == Title.recordal_id)
        .where(Title.asset_id == asset_id)
        .order_by(Title.acquired_on.nulls_first(), Title.ordinal, Title.recorded_at, Title.id)
    )
    live: ColumnElement[bool] = Title.ceased_at.is_(None)
    if known_at is None:
        statement = statement.where(Title.superseded_at.is_(None))
    else:
        live = or_(live, Title.ceased_at > known_at)
        statement = statement.where(
            Title.recorded_at <= known_at, or_(Title.superseded_at.is_(None), Title.superseded_at > known_at)
        )
    if on is not None:
        begun = or_(Title.acquired_on.is_(None), Title.acquired_on <= on)
        statement = statement.where(begun, or_(live, Title.ceased_on > on))
    found = await session.execute(statement.add_columns(live))
    return [
        Link(title, name, recordal, None if is_live else title.ceased_on, is_live)
        for title, name, recordal, is_live in found
    ]
