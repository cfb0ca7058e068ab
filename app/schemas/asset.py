"""Assets on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.asset import CN, AssetKind, AssetStatus, LinkKind, MarkKind
from app.domain.patent_number import PatentType
from app.schemas.asset_goods import GoodsItemIn
from app.schemas.common import MAX_ROWS, Day, Id, Legible, Name, RequestModel, ResponseModel

Office = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="WIPO ST.3 code.")]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), Legible]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), Legible]


class NumbersIn(RequestModel):
    """A right's numbers as its office writes them; those of CN are checked strictly."""

    application: Number | None = None
    publication: Number | None = None
    registration: Number | None = None


class ClassIn(RequestModel):
    """A Nice class with the goods or services named in it, as one text or item by item."""

    nice_class: int
    goods: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)] | None = None
    items: Annotated[list[GoodsItemIn], Field(max_length=MAX_ROWS, default_factory=list)]


class OwnerIn(RequestModel):
    """An owner; `share_ppm` in millionths of the right, null for undivided ownership."""

    party_id: Id
    share_ppm: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    acquired_on: Day | None = None


class AssetIn(RequestModel):
    """A right to be entered. No owners: the owner is unrecorded. The first owner is the first patentee."""

    kind: Annotated[AssetKind, Field(strict=False)]
    office: Office = CN
    numbers: NumbersIn
    name: Annotated[Title, Field(description="Title of the invention, or the mark.")]
    patent_type: Annotated[PatentType, Field(strict=False)] | None = None
    ipc: Annotated[Number, Field(description="Main class: IPC, of a design Locarno.")] | None = None
    mark_kind: Annotated[
        MarkKind | None, Field(strict=False, description="Of a trademark; null: an ordinary one.")
    ] = None
    classes: Annotated[list[ClassIn], Field(max_length=45, default_factory=list)]
    filed_on: Day | None = None
    granted_on: Day | None = None
    registered_on: Day | None = None
    renewals: Annotated[int, Field(ge=0, le=20, description="Decades a mark was renewed for.")] = 0
    status: Annotated[AssetStatus, Field(strict=False)]
    status_as_of: Day | None = None
    status_source: Name
    owners: Annotated[list[OwnerIn], Field(max_length=200, default_factory=list)]


class StatusIn(RequestModel):
    """A legal status, the day it took effect, and the source that showed it on `as_of`."""

    status: Annotated[AssetStatus, Field(strict=False)]
    effective_on: Day
    source: Name
    as_of: Day


class FlagsIn(RequestModel):
    """Whether invalidation is pending."""

    invalidation_pending: bool


class LinkIn(RequestModel):
    """Another right that belongs to this one."""

    other_asset_id: Id
    kind: Annotated[LinkKind, Field(strict=False)]


class NumberOut(ResponseModel):
    """One of a right's numbers."""

    scheme: str
    value: str


class ClassOut(ResponseModel):
    """A Nice class with the goods or services named in it."""

    nice_class: int
    goods: str | None


class OwnerOut(ResponseModel):
    """A live owner; `unrecorded` when nobody is known."""

    party_id: uuid.UUID | None
    name: str | None
    share_ppm: int | None
    acquired_on: date | None
    unrecorded: bool


class HoldOut(ResponseModel):
    """That a right is tied up: how, in which rank, since when, by which kind of record. Never by whom."""

    kind: str
    rank: int
    since: date | None
    source: str


class LinkOut(ResponseModel):
    """A right that belongs to this one; `id` is the link's."""

    id: uuid.UUID
    asset_id: uuid.UUID
    kind: str


class WarningOut(ResponseModel):
    """Something that was accepted but wants another look."""

    code: str
    pointer: str | None
    zh: str
    en: str


class AssetOut(ResponseModel):
    """A right of the register. `suspended`: a suspension by the office (中止) runs today (LS-10)."""

    id: uuid.UUID
    kind: str
    office: str
    regime: str
    number: str
    numbers: list[NumberOut]
    name: str
    patent_type: str | None
    ipc: str | None
    mark_kind: str | None
    classes: list[ClassOut]
    filed_on: date | None
    granted_on: date | None
    registered_on: date | None
    last_day_in_force: date | None
    status: str
    status_as_of: date | None
    status_source: str
    suspended: bool
    invalidation_pending: bool
    imported: bool
    owners: list[OwnerOut]
    holds: list[HoldOut]
    links: list[LinkOut]
    version: int


class AssetRegisteredOut(AssetOut):
    """The right just entered, with warnings."""

    warnings: list[WarningOut]


class StatusChangeOut(ResponseModel):
    """A legal status, the day it took effect (null: no start known) and the moment it became known."""

    status: str
    effective_on: date | None
    source: str
    recorded_at: datetime


class StatusesOut(ResponseModel):
    """The status history known at `known_at`, and of it the status in force on `effective_on`."""

    asset_id: uuid.UUID
    effective_on: date
    known_at: datetime
    in_force: StatusChangeOut | None
    items: list[StatusChangeOut]
