"""Reads of documents: who may see which."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select, true

from app.domain import document as rules
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.models.document import Document

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Document]:
    """Documents of the caller, those shared with it, and for a regulator those of its district."""
    return select(Document).where(_seen_by(actor))


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    if actor.regulates == OUTSIDE_EVERY_PLAN:
        return true()
    reasons = [
        Document.organisation_id == actor.organisation_id,
        Document.shared_with.contains([actor.organisation_id]),
    ]
    if actor.regulates is not None:
        reasons.append(Document.district_code == actor.regulates)
    return or_(*reasons)


async def get(
    session: AsyncSession, actor: Actor, document_id: uuid.UUID, *, pointer: str = "path:document_id"
) -> Document:
    """One document the caller may see. Raises: `document.not_found` at `pointer`."""
    document = (await session.scalars(visible(actor).where(Document.id == document_id))).one_or_none()
    if document is None:
        raise rules.NOT_FOUND.error(pointer, document_id=document_id)
    return document


async def require(
    session: AsyncSession, actor: Actor, document_id: uuid.UUID | None, *, pointer: str = "/document_id"
) -> None:
    """Evidence named in a request must be a document the caller may see. Raises: `document.not_found`."""
    if document_id is not None:
        await get(session, actor, document_id, pointer=pointer)
