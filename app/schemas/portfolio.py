"""Portfolios on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.portfolio import MAX_BATCH
from app.schemas.common import Day, Id, Name, RequestModel, ResponseModel, Text

Batch = Annotated[list[Id], Field(min_length=1, max_length=MAX_BATCH)]


class PortfolioIn(RequestModel):
    """A portfolio with its first members, who joined on `joined_on` (today if left out).

    `owner_id` is the owner of all its rights, by default the caller's party.
    """

    name: Name
    industry: Name | None = None
    owner_id: Id | None = None
    asset_ids: Annotated[list[Id], Field(max_length=MAX_BATCH)] = Field(default_factory=list)
    joined_on: Day | None = None


class MembersIn(RequestModel):
    """Rights that join a portfolio."""

    asset_ids: Batch
    joined_on: Day


class RemovalIn(RequestModel):
    """Rights that leave a portfolio: `left_on` is the first day on which they are no members."""

    asset_ids: Batch
    left_on: Day


class PortfolioClosureIn(RequestModel):
    """Why a portfolio is closed, for those who wish to say."""

    reason: Text | None = None


class PortfolioOut(ResponseModel):
    """A portfolio as it stood on the day `on`: how many members, what counts, and whether it qualified.

    `qualified_on` is the day since when it qualifies now.
    """

    id: uuid.UUID
    number: str
    name: str
    industry: str | None
    district_code: str
    organisation_id: uuid.UUID
    owner_id: uuid.UUID
    status: str
    qualified_on: date | None
    on: date
    members: int
    inventions: int
    pct_applications: int
    qualifies: bool
    version: int


class MemberEncumbranceOut(ResponseModel):
    """That a right is tied up: how, in which rank, since when. Never by whom."""

    kind: str
    rank: int
    since: date | None


class MemberOut(ResponseModel):
    """A right in a portfolio. `counting`: what it counts as while it is the owner's and in force.

    A PCT application counts until it has ended. `encumbrances`: liens, licences and stays that ran on the
    day; a right brings them into every portfolio and takes them along (UNI-29).
    """

    asset_id: uuid.UUID
    number: str
    name: str
    counting: str | None
    joined_on: date
    left_on: date | None
    encumbered: bool
    encumbrances: list[MemberEncumbranceOut]
