"""Listings on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.listing import Direction, ListingMode
from app.schemas.common import Day, Id, MoneyIn, MoneyOut, Name, RequestModel, ResponseModel, Text

MAX_ASSETS = 200

Assets = Annotated[list[Id], Field(max_length=MAX_ASSETS)]


class ListingIn(RequestModel):
    """A listing to be drafted. Without `price` the price is negotiable.

    `owner_id` is the party for whom an agency lists; an enterprise lists its own rights.
    """

    direction: Annotated[Direction, Field(strict=False)]
    mode: Annotated[ListingMode, Field(strict=False)]
    name: Name
    description: Text
    price: MoneyIn | None = None
    expires_on: Day
    asset_ids: Assets = Field(default_factory=list)
    owner_id: Id | None = None


class ListingPatch(RequestModel):
    """Changes to a draft: what is left out stays; `price` null makes the price negotiable."""

    mode: Annotated[ListingMode, Field(strict=False)] | None = None
    name: Name | None = None
    description: Text | None = None
    price: MoneyIn | None = None
    expires_on: Day | None = None


class ListedAssetOut(ResponseModel):
    """A right on offer. `holds` discloses what ties it up, by kind only."""

    asset_id: uuid.UUID
    kind: str
    patent_type: str | None
    number: str
    name: str
    holds: list[str]


class TitleNoteOut(ResponseModel):
    """In what condition the title passes, and by which law."""

    zh: str
    en: str
    basis: str


class PublicListingOut(ResponseModel):
    """A listing as anybody may see it: without its lister and owner (LST-16).

    `disposal`: pledged rights are sold by enforcement; `title_note` says that their lien does not stay.
    """

    id: uuid.UUID
    number: str
    direction: str
    mode: str
    name: str
    description: str
    price: MoneyOut | None
    negotiable: bool
    status: str
    district_code: str
    disposal: bool
    title_note: TitleNoteOut | None
    published_on: date | None
    expires_on: date
    assets: list[ListedAssetOut]


class ListingOut(PublicListingOut):
    """A listing as authenticated callers see it."""

    organisation_id: uuid.UUID
    owner_id: uuid.UUID | None
    closed_on: date | None
    version: int
