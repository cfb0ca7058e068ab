"""Reads of documents: who may see which."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select, text

from app.domain import document as rules
from app.models.document import Document, DocumentContent
from app.models.organisation import Organisation
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Document]:
    """Documents of the caller, those shared with it, and for a regulator those of its district."""
    return select(Document).where(
        seen_by(
            actor,
            Document.district_code,
            Document.organisation_id == actor.organisation_id,
            Document.shared_with.contains([actor.organisation_id]),
        )
    )


def matching(
    statement: Select[Document],
    *,
    series_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
) -> Select[Document]:
    """`statement` narrowed by what is given."""
    if series_id is not None:
        statement = statement.where(Document.series_id == series_id)
    if organisation_id is not None:
        statement = statement.where(Document.organisation_id == organisation_id)
    return statement


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


async def content(session: AsyncSession, document: Document) -> bytes:
    """The bytes of a document the caller may see."""
    return await of_sha256(session, document.sha256)


async def of_sha256(session: AsyncSession, sha256: str) -> bytes:
    """Bytes by their hash, for what has been made from them."""
    statement = select(DocumentContent.content).where(DocumentContent.sha256 == sha256)
    return bytes((await session.scalars(statement)).one())


SERIES = 7_120_121
"""Advisory locks of series: documents are append-only, so that their rows cannot be locked."""


async def lock_series(session: AsyncSession, series_id: uuid.UUID) -> Document:
    """The last version of a series, nobody else adding one before the caller's transaction ends."""
    key = text("SELECT pg_advisory_xact_lock(:space, hashtext(:series))")
    await session.execute(key, {"space": SERIES, "series": str(series_id)})
    last = select(func.max(Document.version)).where(Document.series_id == series_id).scalar_subquery()
    statement = select(Document).where(Document.series_id == series_id, Document.version == last)
    return (await session.scalars(statement)).one()


async def organisations(session: AsyncSession, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of the ids are organisations of the system."""
    return set(await session.scalars(select(Organisation.id).where(Organisation.id.in_(ids))))
