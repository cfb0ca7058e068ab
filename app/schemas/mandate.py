"""Mandates on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.mandate import MandatePower
from app.schemas.common import Day, Id, RequestModel, ResponseModel

MAX_ASSETS = 200


class MandateIn(RequestModel):
    """A mandate to be entered. `organisation_id` is the agent, by default the caller's organisation.

    Without `asset_ids` it covers all the owner's rights. `fee_bp` is in hundredths of a percent of the
    price, `document_id` the power of attorney.
    """

    owner_id: Id
    organisation_id: Id | None = None
    powers: Annotated[
        list[Annotated[MandatePower, Field(strict=False)]], Field(min_length=1, max_length=len(MandatePower))
    ]
    term_from: Day
    term_to: Day
    fee_bp: Annotated[int, Field(ge=0, le=10_000)] | None = None
    asset_ids: Annotated[list[Id], Field(max_length=MAX_ASSETS)] = Field(default_factory=list)
    document_id: Id | None = None


class MandateConfirmationIn(RequestModel):
    """The power of attorney, where the proposal did not name it."""

    document_id: Id | None = None


class MandateOut(ResponseModel):
    """A mandate. `asset_ids` empty: all the owner's rights."""

    id: uuid.UUID
    number: str
    district_code: str
    owner_id: uuid.UUID
    organisation_id: uuid.UUID
    proposed_by: uuid.UUID
    powers: list[str]
    term_from: date
    term_to: date
    fee_bp: int | None
    asset_ids: list[uuid.UUID]
    document_id: uuid.UUID | None
    status: str
    decided_on: date | None
    ended_on: date | None
    version: int
