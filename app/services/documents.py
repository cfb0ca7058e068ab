"""Documents: keeping bytes by their hash, and adding versions (SE-07)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import document as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.models.document import Document
from app.queries import documents as queries
from app.queries.driver import driver
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_KEEP = "INSERT INTO document_contents (sha256, content) VALUES ($1, $2) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document as its organisation hands it in.

    `previous_id` names any version of the document this one continues. `shared_with` None: as the
    version before, or nobody.
    """

    name: str
    media_type: str
    content: bytes
    shared_with: Sequence[uuid.UUID] | None = None
    previous_id: uuid.UUID | None = None


async def add(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewDocument) -> Document:
    """Keep a document, or the next version of one, in the caller's district.

    Raises: `document.not_found` and `document.not_yours` about the version before;
    `document.recipient_unknown` for each organisation that does not exist.
    """
    previous = await _previous(session, actor, new.previous_id)
    shared_with = _recipients(actor, new, previous)
    known = await queries.organisations(session, shared_with)
    refuse_if(
        [
            rules.RECIPIENT_UNKNOWN.violation(f"/shared_with/{position}", organisation_id=organisation_id)
            for position, organisation_id in enumerate(new.shared_with or ())
            if organisation_id not in known and organisation_id != actor.organisation_id
        ]
    )
    document_id = new_id()
    document = Document(
        id=document_id,
        district_code=actor.district_code,
        organisation_id=actor.organisation_id,
        series_id=previous.series_id if previous else document_id,
        name=new.name,
        media_type=new.media_type,
        sha256=hash_of(new.content),
        size_bytes=len(new.content),
        shared_with=shared_with,
        version=previous.version + 1 if previous else 1,
        event_id=new_id(),
        recorded_at=moment.now,
    )
    await events.record(session, actor=actor, moment=moment, events=[_added(document)])
    await keep(session, new.content)
    session.add(document)
    await session.flush()
    return document


def hash_of(content: bytes) -> str:
    """The name of bytes: their SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


async def keep(session: AsyncSession, content: bytes) -> None:
    """Keep bytes under their hash, once. Who may read them is said by the row that names them."""
    await (await driver(session)).execute(_KEEP, hash_of(content), content)


async def _previous(session: AsyncSession, actor: Actor, previous_id: uuid.UUID | None) -> Document | None:
    """The last version of the document named, held until the end of the transaction."""
    if previous_id is None:
        return None
    named = await queries.get(session, actor, previous_id, pointer="/series_id")
    if named.organisation_id != actor.organisation_id:
        raise rules.NOT_YOURS.error("/series_id")
    return await queries.lock_series(session, named.series_id)


def _recipients(actor: Actor, new: NewDocument, previous: Document | None) -> list[uuid.UUID]:
    """Whom it is shared with, each once; its own organisation needs no leave."""
    wanted = new.shared_with
    if wanted is None:
        wanted = previous.shared_with if previous else ()
    return [one for one in dict.fromkeys(wanted) if one != actor.organisation_id]


def _added(document: Document) -> events.NewEvent:
    """The event `document.added`, for those who may read it. Its name is left to them."""
    return events.NewEvent(
        id=document.event_id,
        type="document.added",
        noun="document",
        subject_id=document.id,
        stream=document.district_code,
        audience=[document.organisation_id, *document.shared_with],
        payload={
            "series_id": str(document.series_id),
            "version": document.version,
            "sha256": document.sha256,
            "size_bytes": document.size_bytes,
        },
    )
