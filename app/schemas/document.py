"""Documents on the wire."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.document import MAX_SHARED
from app.schemas.common import Id, Legible, RequestModel, ResponseModel

FileName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f\x7f]+$"),
    Legible,
]
"""A name a download can take: no folders and no control characters."""

MediaType = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$",
    ),
    Field(examples=["application/pdf"]),
]
"""Type and subtype in lower case, without parameters (RFC 6838 §4.2)."""


class DocumentIn(RequestModel):
    """A document to be kept. `series_id` names a version of the document that this one continues.

    Without `shared_with` a new version is shared as the one before, a new document with nobody but the
    regulators of the district.
    """

    name: FileName
    media_type: MediaType
    content_base64: Annotated[str, Field(examples=["56S65L6L"])]
    shared_with: Annotated[list[Id], Field(max_length=MAX_SHARED)] | None = None
    series_id: Id | None = None


class DocumentOut(ResponseModel):
    """One version of a document; `series_id` is the same in all of its versions."""

    id: uuid.UUID
    series_id: uuid.UUID
    version: int
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    organisation_id: uuid.UUID
    shared_with: list[uuid.UUID]
    district_code: str
    recorded_at: datetime
