"""Titles on the wire: the chain of owners, and how it goes on otherwise than by a deal."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.title import PassingKind
from app.schemas.common import Day, Id, Name, Reference, RequestModel, ResponseModel


class ShareIn(RequestModel):
    """An owner; `share_ppm` in millionths of the right, null for undivided ownership."""

    party_id: Id
    share_ppm: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class TitlesIn(RequestModel):
    """All owners of a right from `acquired_on`, the day the office recorded it, the first patentee first.

    `executed_on`: the day of the agreement, the ruling or the death. `reference`: the number of the notice.
    """

    kind: Annotated[PassingKind, Field(strict=False)]
    owners: Annotated[list[ShareIn], Field(min_length=1, max_length=200)]
    acquired_on: Day
    executed_on: Day | None = None
    reference: Reference | None = None
    document_id: Id
    source: Name


class RecordalOut(ResponseModel):
    """The document behind a title: its reference in the office's register, signed and recorded when."""

    office: str
    kind: str
    reference: str | None
    executed_on: date | None
    recorded_on: date | None
    document_id: uuid.UUID | None


class TitleOut(ResponseModel):
    """Ownership by one party from a day until a day; `live` while no end of it is known.

    `recorded_at`: the moment it became known.
    """

    party_id: uuid.UUID | None
    name: str | None
    unrecorded: bool
    share_ppm: int | None
    ordinal: int
    acquired_on: date | None
    ceased_on: date | None
    live: bool
    recorded_at: datetime
    recordal: RecordalOut | None


class TitlesOut(ResponseModel):
    """The chain of title of a right, in the order of acquisition."""

    asset_id: uuid.UUID
    items: list[TitleOut]
